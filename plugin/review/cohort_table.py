"""The reviews of many slides in figures for programs, and in tables for people."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.intervals import ScoreIntervals
from patherea_core.evaluation.lines import aligned, as_text, bounds, count_figures, interval_text
from plugin.review.changes import KINDS
from plugin.review.cohort import Cohort, Pooled, ReviewerShare, SlideReview, by_reviewer, pooled

#: The columns of what people did, for each slide and each class.
KIND_HEADER = ("pushed", *KINDS)
SCORE_HEADER = ("precision", "recall", "F1", "interval")


def cohort_table(cohort: Cohort) -> str:
    """Return the reviews as plain text: each slide, all together, each person, and what took no part."""
    parts: list[list[str]] = []
    if cohort.reviews:
        total = pooled(cohort)
        parts = [
            aligned([("slide", *slide_header()), *map(slide_row, cohort.reviews)]),
            aligned([("class", *KIND_HEADER, *SCORE_HEADER), *class_rows(total)]),
            [f"{before} -> {after}: {count}" for before, after, count in relabelled(total)],
            aligned([reviewer_header(), *map(reviewer_row, by_reviewer(cohort.reviews))]),
        ]
    parts.append(cohort_notes(cohort))
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def cohort_figures(cohort: Cohort) -> dict[str, Any]:
    """Return everything that is known of the reviews ready for JSON; an undefined figure is None."""
    return {
        "title": cohort.title,
        "slides": [dict(one.figures) for one in cohort.reviews],
        "pooled": _pooled_figures(pooled(cohort)) if cohort.reviews else None,
        "reviewers": [
            {
                "login": share.reviewer or None,
                **dict(zip(KINDS[1:], share.changed[1:], strict=True)),
                "minutes_at_least": share.seconds / 60 or None,
                "begun": share.begun,
                "ended": share.ended,
            }
            for share in by_reviewer(cohort.reviews)
        ],
        "unreviewed": dict(cohort.unreviewed),
        "failed": dict(cohort.failed),
        "seed": cohort.seed.value,
    }


def slide_header() -> tuple[str, ...]:
    """Return the columns of one review, after its slide's name."""
    return ("reviewed by", *KIND_HEADER, "mm²", *SCORE_HEADER, "mean F1", "min/100 cells")


def slide_row(one: SlideReview) -> tuple[str, ...]:
    """Return one review as a row: its cells of any class, and how good the model was."""
    kinds = one.kinds.sum(axis=0)
    people = ", ".join(share.reviewer or "somebody" for share in one.shares)
    return (
        one.slide,
        people or "–",
        *_kinds(kinds),
        f"{one.square_millimetres:.3f}",
        *_scores(one.scores.counts.any_class, one.scores.any_class),
        as_text(one.scores.mean_f1),
        minutes_text(one.minutes_per_100),
    )


def class_rows(total: Pooled) -> Iterator[tuple[str, ...]]:
    """Yield each class of all slides together as a row, and last all of them as one."""
    scores = total.scores
    for row, name in enumerate(total.classes.names):
        found = _scores(scores.counts.per_class[row], scores.per_class[row])
        yield (name, *_kinds(total.kinds[row]), *found)
    any_class = _scores(scores.counts.any_class, scores.any_class)
    yield ("any class", *_kinds(total.kinds.sum(axis=0)), *any_class)


def reviewer_header() -> tuple[str, ...]:
    """Return the columns of one person."""
    return ("reviewer", *KINDS[1:], "minutes", "first save", "last save")


def reviewer_row(share: ReviewerShare) -> tuple[str, ...]:
    """Return what one person did as a row."""
    minutes = minutes_text(share.seconds / 60 or None)
    when = (_moment(share.begun), _moment(share.ended))
    return (share.reviewer or "not known", *map(str, share.changed[1:]), minutes, *when)


def relabelled(total: Pooled) -> list[tuple[str, str, int]]:
    """Return which class became which how often, the most frequent first."""
    names, given = total.classes.names, total.given.copy()
    np.fill_diagonal(given, 0)
    found = [
        (names[row], names[column], int(given[row, column]))
        for row, column in np.argwhere(given > 0).tolist()
    ]
    return sorted(found, key=lambda entry: -entry[2])


def cohort_notes(cohort: Cohort) -> list[str]:
    """Return what a person must know of the figures, a sentence each."""
    notes = [f"{one.slide}: {note}" for one in cohort.reviews for note in one.notes]
    models = sorted({one.model for one in cohort.reviews if one.model})
    if len(models) > 1:
        notes.append(
            f"The slides were pushed by {len(models)} models ({', '.join(models)}), whose figures are pooled;"
            " name one run with --run to keep them apart."
        )
    if cohort.reviews:
        notes.append(_of_intervals(cohort))
    if any(one.seconds for one in cohort.reviews):
        notes.append(
            "Minutes are the times between saves, pauses of more than 5 minutes and all before the first"
            " save left out: a review took longer than that."
        )
    notes += [f"Not reviewed: {name}: {why}" for name, why in cohort.unreviewed.items()]
    notes += [f"Failed: {name}: {why}" for name, why in cohort.failed.items()]
    return notes


def _of_intervals(cohort: Cohort) -> str:
    slides = len({one.item for one in cohort.reviews})
    if slides > 1:
        return (
            f"Intervals of all slides together: 95 %, bootstrap over {slides} slides; those of one"
            " slide are over its reviewed areas, or Wilson's if it has one only."
        )
    return (
        "There is one slide, so no interval tells how far the figures would move with another one."
    )


def _pooled_figures(total: Pooled) -> dict[str, Any]:
    names, scores = total.classes.names, total.scores
    return {
        "cells": {
            name: dict(zip(KINDS, row, strict=True))
            for name, row in zip(names, total.kinds.tolist(), strict=True)
        },
        "given": {"rows": list(names), "columns": list(names), "cells": total.given.tolist()},
        "classes": {
            name: _figures(counts, intervals)
            for name, counts, intervals in zip(
                names, scores.counts.per_class, scores.per_class, strict=True
            )
        },
        "detection": _figures(scores.counts.any_class, scores.any_class),
        "mean_f1": scores.mean_f1,
        "mean_f1_interval": bounds(scores.mean_interval),
        "minutes_at_least": None if total.seconds is None else total.seconds / 60,
        "minutes_per_100_cells_at_least": total.minutes_per_100,
    }


def _figures(counts: Counts, intervals: ScoreIntervals) -> dict[str, Any]:
    return {
        **count_figures(counts),
        "precision_interval": bounds(intervals.precision),
        "recall_interval": bounds(intervals.recall),
        "f1_interval": bounds(intervals.f1),
    }


def _kinds(numbers: Sequence[int]) -> tuple[str, ...]:
    found = [int(number) for number in numbers]
    return (str(sum(found) - found[KINDS.index("added")]), *map(str, found))


def _scores(counts: Counts, intervals: ScoreIntervals) -> tuple[str, ...]:
    return (
        as_text(counts.precision),
        as_text(counts.recall),
        as_text(counts.f1),
        interval_text(intervals.f1),
    )


def minutes_text(figure: float | None) -> str:
    """Return minutes as text; a dash if they are not known."""
    if figure is None:
        return "–"
    return f"{figure:.1f}" if figure >= 0.05 else "< 0.1"


def _moment(text: str) -> str:
    """Return a time to the minute."""
    return text[:16].replace("T", " ") or "–"
