"""A review in figures for programs, and in tables for people."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.intervals import ScoreIntervals
from patherea_core.evaluation.lines import aligned, as_text, bounds, count_figures, interval_text
from plugin.review.changes import KINDS, Changes
from plugin.review.outcome import ReviewOutcome
from plugin.review.tally import kind_counts, relabellings

_BASIS = {
    "drawn": "drawn by people",
    "looked": "assumed: all that the model looked at",
    "changed": "assumed: the surroundings of changes",
}


def review_table(outcome: ReviewOutcome) -> str:
    """Return the review as plain text: who, what became of the cells of each class, and the scores."""
    parts = [
        _kinds(outcome),
        _relabelled(outcome),
        _scores(outcome),
        [*_sentences(outcome), *outcome.notes],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def review_figures(outcome: ReviewOutcome) -> dict[str, Any]:
    """Return everything that is known of the review ready for JSON; an undefined figure is None."""
    names, counted = outcome.names.names, outcome.counted
    kinds = kind_counts(counted, len(names))
    given = relabellings(counted, len(names))
    scores = outcome.scores
    return {
        "run": outcome.run.run_id,
        "model": outcome.run.about.get("model"),
        "annotations": [
            {"id": one.id, "name": one.name, "version": one.version, "updated": one.updated}
            for one in outcome.run.annotations
        ],
        "reviewers": [
            {"login": one.reviewer, "begun": one.begun, "ended": one.ended, "saves": one.saves}
            for one in outcome.run.sittings
        ],
        "radius_px": outcome.radius,
        "mpp": outcome.mpp,
        "reviewed": {
            "basis": outcome.areas.basis,
            "areas": len(outcome.areas.outlines),
            "mm2": outcome.square_millimetres,
        },
        "unreviewed_cells": len(outcome.changes) - len(counted),
        "by_place": int(np.count_nonzero(counted.by_place)),
        "cells": {
            name: dict(zip(KINDS, row, strict=True))
            for name, row in zip(names, kinds.tolist(), strict=True)
        },
        "given": {"rows": list(names), "columns": list(names), "cells": given.tolist()},
        "moved_um": _move_figures(outcome),
        "classes": {
            name: _figures(counts, intervals)
            for name, counts, intervals in zip(
                names, scores.counts.per_class, scores.per_class, strict=True
            )
        },
        "mean_f1": scores.mean_f1,
        "detection": _figures(scores.counts.any_class, scores.any_class),
        "intervals": "bootstrap over areas" if scores.bootstrapped else "Wilson over cells",
        "notes": list(outcome.notes),
        "changes": [*_single_changes(outcome)],
    }


def _kinds(outcome: ReviewOutcome) -> list[str]:
    names, counted = outcome.names.names, outcome.counted
    table = kind_counts(counted, len(names))
    rows: list[tuple[str, ...]] = [("class", "pushed", *KINDS)]
    for name, row in (*zip(names, table, strict=True), ("all", table.sum(axis=0))):
        found = row.tolist()
        rows.append((name, str(sum(found) - found[KINDS.index("added")]), *map(str, found)))
    return aligned(rows)


def _relabelled(outcome: ReviewOutcome) -> list[str]:
    names = outcome.names.names
    given = relabellings(outcome.counted, len(names))
    np.fill_diagonal(given, 0)
    pairs = [(row, column) for row, column in np.argwhere(given > 0).tolist()]
    pairs.sort(key=lambda pair: -given[pair])
    return [f"{names[row]} -> {names[column]}: {int(given[row, column])}" for row, column in pairs]


def _scores(outcome: ReviewOutcome) -> list[str]:
    scores = outcome.scores
    header = (*("class", "TP", "FP", "FN", "precision", "interval"), *("recall", "interval"))
    rows: list[tuple[str, ...]] = [(*header, "F1", "interval")]
    lines = (
        *zip(outcome.names.names, scores.counts.per_class, scores.per_class, strict=True),
        ("any class", scores.counts.any_class, scores.any_class),
    )
    for name, counts, intervals in lines:
        rows.append(
            (
                name,
                *(
                    str(count)
                    for count in (
                        counts.true_positives,
                        counts.false_positives,
                        counts.false_negatives,
                    )
                ),
                *(as_text(counts.precision), interval_text(intervals.precision)),
                *(as_text(counts.recall), interval_text(intervals.recall)),
                *(as_text(counts.f1), interval_text(intervals.f1)),
            )
        )
    return [*aligned(rows), f"mean F1 over classes: {as_text(scores.mean_f1)}"]


def _sentences(outcome: ReviewOutcome) -> Iterator[str]:
    areas, scores = outcome.areas, outcome.scores
    for one in outcome.run.sittings:
        yield f"Reviewed by {one.reviewer or 'somebody'}: {one.saves} saves, {one.begun} to {one.ended}."
    if not outcome.run.sittings:
        yield "Nobody has saved the annotation since it was pushed."
    yield (
        f"Reviewed areas: {len(areas.outlines)}, {outcome.square_millimetres:.3f} mm² "
        f"({_BASIS[areas.basis]}). Cells outside of them, which take no part: "
        f"{len(outcome.changes) - len(outcome.counted)}."
    )
    moves = _move_figures(outcome)
    if moves["cells"]:
        yield (
            f"Moved, relabelled ones included: {moves['cells']} cells, median {moves['median']:.2f} µm, "
            f"at most {moves['most']:.2f} µm."
        )
    by_place = int(np.count_nonzero(outcome.counted.by_place))
    if by_place:
        yield (
            f"Known again by their place and not by an id: {by_place} cells, within "
            f"{outcome.radius * outcome.mpp:.3g} µm."
        )
    yield (
        f"Intervals: 95 %, bootstrap over {scores.areas} areas."
        if scores.bootstrapped
        else "Intervals: 95 % after Wilson; the cells of one area are taken for independent, so they are"
        " too narrow."
    )


def _move_figures(outcome: ReviewOutcome) -> dict[str, Any]:
    counted = outcome.counted
    far = counted.distance[counted.was_moved] * outcome.mpp
    known = len(far) > 0
    return {
        "cells": len(far),
        "median": float(np.median(far)) if known else None,
        "most": float(far.max()) if known else None,
    }


def _single_changes(outcome: ReviewOutcome) -> Iterator[dict[str, Any]]:
    """Yield every cell that the reviewer did not leave as it was."""
    changed = outcome.counted
    changed = changed.take(changed.kind > 0)
    names = (*outcome.names.names, None)
    columns = (
        changed.element_ids,
        changed.kind.tolist(),
        changed.class_before.tolist(),
        changed.class_after.tolist(),
        changed.xy.tolist(),
        changed.distance.tolist(),
        _scores_of(changed),
    )
    for element, kind, before, after, (x, y), far, score in zip(*columns, strict=True):
        sitting = outcome.sitting_of(element)
        yield {
            "element": element,
            "kind": KINDS[kind],
            "from": names[before],
            "to": names[after],
            "x": x,
            "y": y,
            "moved_px": None if math.isnan(far) else far,
            "moved_um": None if math.isnan(far) else far * outcome.mpp,
            "score": score,
            "reviewer": sitting.reviewer if sitting else None,
            "time": sitting.ended if sitting else None,
        }


def _scores_of(changes: Changes) -> list[float | None]:
    score = changes.pushed.cells.score
    return [float(score[row]) if row >= 0 else None for row in changes.before.tolist()]


def _figures(counts: Counts, intervals: ScoreIntervals) -> dict[str, Any]:
    return {
        **count_figures(counts),
        "precision_interval": bounds(intervals.precision),
        "recall_interval": bounds(intervals.recall),
        "f1_interval": bounds(intervals.f1),
    }
