"""The report of an evaluation as one page that needs nothing else: tables, curves and pictures of cells."""

import base64
from collections.abc import Sequence
from typing import TypeAlias

from patherea_core.evaluation.details import ClassDetails
from patherea_core.evaluation.lines import HEADER, Line, as_text, interval_text
from patherea_core.evaluation.report import Evaluation
from patherea_core.evaluation.scores import ClassCounts, mean_f1
from patherea_core.evaluation.table import (
    comparison_notes,
    difference_cells,
    evaluation_notes,
    mean_cells,
)
from plugin import provenance
from plugin.outputs.evaluation_report import EvaluationReport
from plugin.outputs.gallery import KINDS
from plugin.outputs.report_charts import charts
from plugin.outputs.templates import rendered

_Values: TypeAlias = dict[str, object]

_TITLES = {
    "missed": "Missed",
    "false alarm": "Found in vain",
    "other class": "Taken for another class",
    "hit": "Hit",
}


def report_page(report: EvaluationReport) -> str:
    """Return the page, HTML with everything in it."""
    evaluation = report.evaluation
    return rendered(
        "report_page.html",
        title=report.title,
        program=provenance.program(),
        created=provenance.now(),
        headline=_headline(evaluation),
        header=HEADER,
        rows=_rows(evaluation),
        notes=evaluation_notes(evaluation),
        protocols=_protocols(evaluation),
        confusion=_confusion(evaluation),
        accuracy=_percent(evaluation.confusion.accuracy),
        comparison=_comparison(report),
        charts=charts(report),
        scores=_scores(report),
        gallery=_gallery(report),
        sources=report.sources,
    )


def _headline(evaluation: Evaluation) -> list[_Values]:
    mean, any_class = evaluation.mean_f1, evaluation.any_class
    return [
        {
            "name": "mean F1",
            "value": as_text(mean),
            "more": interval_text(evaluation.intervals.mean_f1),
        },
        {
            "name": "F1 of any class",
            "value": as_text(any_class.counts.f1),
            "more": interval_text(any_class.intervals.f1),
        },
        {"name": "chance, mean F1", "value": as_text(evaluation.chance.mean), "more": "to beat"},
        {
            "name": "cells",
            "value": f"{any_class.counts.points:,}",
            "more": f"{any_class.counts.detections:,} detections",
        },
    ]


def _rows(evaluation: Evaluation) -> list[_Values]:
    def row(line: Line, color: str | None = None) -> _Values:
        return {"cells": line.cells(), "color": color, "total": color is None}

    colors = [item.color for item in evaluation.taxonomy.classes]
    return [
        *(row(line, color) for line, color in zip(evaluation.lines, colors, strict=True)),
        {"cells": mean_cells(evaluation), "color": None, "total": True},
        row(evaluation.any_class),
        row(evaluation.all_classes),
    ]


def _protocols(evaluation: Evaluation) -> _Values:
    flawed = evaluation.flawed
    named: Sequence[tuple[str, ClassCounts | None, bool]] = (
        ("as many pairs as possible (this report)", evaluation.counts, False),
        ("Hungarian on distances (flawed)", flawed.distance_hungarian, True),
        ("one to many (flawed)", flawed.one_to_many, True),
    )
    return {
        "header": ["mean F1", "any class", *evaluation.taxonomy.names],
        "rows": [
            {"name": name, "cells": _f1s(counts, evaluation), "wrong": wrong}
            for name, counts, wrong in named
        ],
    }


def _f1s(counts: ClassCounts | None, evaluation: Evaluation) -> list[str]:
    if counts is None:
        return ["too many cells"] * (2 + len(evaluation.taxonomy))
    scores = [mean_f1(counts.per_class), counts.any_class.f1]
    return [as_text(score) for score in (*scores, *(row.f1 for row in counts.per_class))]


def _confusion(evaluation: Evaluation) -> _Values:
    names = evaluation.taxonomy.names
    confusion = evaluation.confusion
    return {
        "columns": [*names, "missed"],
        "rows": [
            {
                "name": name,
                "cells": [
                    {"text": f"{count:,}", "share": f"{0.55 * share:.2f}"}
                    for count, share in zip(row, shares or [0.0] * len(row), strict=True)
                ],
            }
            for name, row, shares in zip(
                [*names, "no cell"], confusion.matrix.tolist(), confusion.shares(), strict=True
            )
        ],
    }


def _comparison(report: EvaluationReport) -> _Values | None:
    if report.comparison is None:
        return None
    rows = difference_cells(report.comparison, report.evaluation.taxonomy.names)
    return {
        "rival": report.sources.get("compared with", "the other model"),
        "rows": [{"name": name, "cells": cells} for name, *cells in rows],
        "notes": comparison_notes(report.comparison),
    }


def _scores(report: EvaluationReport) -> list[_Values]:
    """Return what follows from the detections' own scores; nothing if they have none."""
    if report.details is None or not report.details.has_scores:
        return []
    named: list[tuple[str, ClassDetails]] = [
        *zip(report.evaluation.taxonomy.names, report.details.per_class, strict=True),
        ("any class", report.details.any_class),
    ]
    return [
        {
            "name": name,
            "cells": [
                as_text(found.average_precision),
                as_text(found.best_threshold),
                as_text(found.best_f1),
            ],
        }
        for name, found in named
    ]


def _gallery(report: EvaluationReport) -> list[_Values]:
    groups: list[_Values] = []
    for kind in KINDS:
        of_kind = [picture for picture in report.pictures if picture.example.kind == kind]
        if of_kind:
            shown = [
                {
                    "png": base64.b64encode(picture.png).decode("ascii"),
                    "caption": picture.example.caption,
                    "place": f"{picture.example.image} ({picture.example.x:.0f}, {picture.example.y:.0f})",
                }
                for picture in of_kind
            ]
            groups.append({"name": _TITLES[kind], "pictures": shown})
    return groups


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
