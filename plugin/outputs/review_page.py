"""Harvested reviews as one page that needs nothing else: figures, charts, and pictures of changed cells."""

import base64
from collections.abc import Sequence
from typing import TypeAlias

from patherea_core.evaluation.lines import as_text, interval_text
from plugin import provenance
from plugin.outputs.gallery import Picture
from plugin.outputs.review_charts import review_charts
from plugin.outputs.templates import rendered
from plugin.review.changes import KINDS
from plugin.review.cohort import Cohort, Pooled, by_reviewer, pooled
from plugin.review.cohort_table import (
    KIND_HEADER,
    SCORE_HEADER,
    class_rows,
    cohort_notes,
    minutes_text,
    reviewer_header,
    reviewer_row,
    slide_header,
    slide_row,
)

_Values: TypeAlias = dict[str, object]

#: What was done to the cells of a picture, by the kind that the gallery calls it.
_TITLES = {
    "false alarm": "Deleted: no cells in the reviewer's eyes",
    "other class": "Relabelled: given another class",
    "missed": "Added: not found by the model",
}


def review_page(cohort: Cohort, shown: Sequence[Picture]) -> str:
    """Return the page, HTML with everything in it."""
    total = pooled(cohort) if cohort.reviews else None
    return rendered(
        "review_page.html",
        title=cohort.title,
        program=provenance.program(),
        created=provenance.now(),
        headline=_headline(cohort, total),
        classes={"header": (*KIND_HEADER, *SCORE_HEADER), "rows": _class_rows(total)},
        given=_given(total),
        slides={"header": slide_header(), "rows": [slide_row(one) for one in cohort.reviews]},
        people={
            "header": reviewer_header(),
            "rows": [reviewer_row(share) for share in by_reviewer(cohort.reviews)],
        },
        charts=() if total is None else review_charts(cohort, total),
        gallery=_gallery(shown),
        notes=cohort_notes(cohort),
    )


def _headline(cohort: Cohort, total: Pooled | None) -> list[_Values]:
    slides = len({one.item for one in cohort.reviews})
    left_out = len(cohort.unreviewed) + len(cohort.failed)
    first: _Values = {
        "name": "slides reviewed",
        "value": str(slides),
        "more": f"{left_out} without",
    }
    if total is None:
        return [first]
    scores, kinds = total.scores, total.kinds.sum(axis=0)
    cells = int(kinds.sum())
    touched = cells - int(kinds[KINDS.index("accepted")])
    return [
        first,
        {
            "name": "cells",
            "value": f"{cells:,}",
            "more": f"{100 * touched / max(cells, 1):.1f} % corrected",
        },
        {
            "name": "F1 of any class",
            "value": as_text(scores.counts.any_class.f1),
            "more": interval_text(scores.any_class.f1),
        },
        {
            "name": "mean F1",
            "value": as_text(scores.mean_f1),
            "more": interval_text(scores.mean_interval),
        },
        {
            "name": "minutes per 100 cells",
            "value": minutes_text(total.minutes_per_100),
            "more": "at the least",
        },
    ]


def _class_rows(total: Pooled | None) -> list[_Values]:
    if total is None:
        return []
    colours = [*(one.color for one in total.classes.classes), None]
    return [
        {"cells": cells, "color": colour}
        for cells, colour in zip(class_rows(total), colours, strict=True)
    ]


def _given(total: Pooled | None) -> _Values | None:
    """Return which class became which, with what was deleted and added."""
    if total is None:
        return None
    names = total.classes.names
    deleted = total.kinds[:, KINDS.index("deleted")].tolist()
    added = total.kinds[:, KINDS.index("added")].tolist()
    rows = [
        _shaded(name, [*row, gone])
        for name, row, gone in zip(names, total.given.tolist(), deleted, strict=True)
    ]
    return {"columns": [*names, "deleted"], "rows": [*rows, _shaded("added", added)]}


def _shaded(name: str, counts: list[int]) -> _Values:
    most = max(sum(counts), 1)
    cells = [{"text": f"{count:,}", "share": f"{0.55 * count / most:.2f}"} for count in counts]
    return {"name": name, "cells": cells}


def _gallery(shown: Sequence[Picture]) -> list[_Values]:
    groups: list[_Values] = []
    for kind, title in _TITLES.items():
        found = [
            {
                "png": base64.b64encode(picture.png).decode("ascii"),
                "caption": picture.example.caption,
                "place": f"{picture.example.image} ({picture.example.x:.0f}, {picture.example.y:.0f})",
            }
            for picture in shown
            if picture.example.kind == kind
        ]
        if found:
            groups.append({"name": title, "pictures": found})
    return groups
