"""What became of every cell, as an annotation of the archive: hits, misses and false alarms, each a group.

A reviewer who opens the slide sees where the model is wrong, and can hide each group by itself.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.outcomes import Outcomes
from plugin import provenance
from plugin.dsa.annotation_encoding import element_id
from plugin.outputs.evaluation_report import EvaluationReport

#: The colour of each group; none of them is that of a cell class.
COLORS = {
    "hit": "#4caf50",
    "missed": "#fff200",
    "other class": "#e040fb",
    "false alarm": "#ff1744",
}

_Verdict = tuple[str, float, float, str]


def verdicts_of(report: EvaluationReport, slide: str) -> dict[str, Any]:
    """Return the annotation of a slide with what became of every point and every false alarm.

    A cell of another class is one element, though it counts as a miss and as a false alarm.

    Args:
        report: the regions and what became of their cells, in base pixels of the slide.
        slide: its name.
    """
    run_id, names = provenance.new_run_id(), report.evaluation.taxonomy.names
    verdicts = [
        verdict
        for field, found in zip(report.fields, report.outcomes, strict=True)
        for verdict in _verdicts(field, found, names)
    ]
    # The archive checks a list of like elements many times faster.
    verdicts.sort(key=lambda verdict: list(COLORS).index(verdict[0]))
    facts = {"kind": "verdicts", "run": run_id, "slide": slide, "sources": dict(report.sources)}
    return {
        "name": f"verdicts {run_id}",
        "description": "What became of every cell: hit, missed, other class, false alarm",
        "display": {"visible": True},
        "attributes": {"patherea": {**facts, "program": provenance.program()}},
        "elements": [
            _element(element_id(run_id, row), verdict) for row, verdict in enumerate(verdicts)
        ],
    }


def _verdicts(field: Field, found: Outcomes, names: tuple[str, ...]) -> Iterator[_Verdict]:
    points, detections = field.points, field.detections
    hit, confused = found.found, found.confused
    for row, (x, y) in enumerate(points.xy.tolist()):
        name = names[points.class_index[row]]
        if hit[row]:
            yield "hit", x, y, name
        elif confused[row]:
            taken_for = names[detections.class_index[found.taken_for[row]]]
            yield "other class", x, y, f"{name}, taken for {taken_for}"
        else:
            yield "missed", x, y, name
    for row in np.flatnonzero(found.in_vain).tolist():
        x, y = detections.xy[row].tolist()
        yield "false alarm", x, y, names[detections.class_index[row]]


def _element(identifier: str, verdict: _Verdict) -> dict[str, Any]:
    group, x, y, label = verdict
    color = COLORS[group]
    return {
        "type": "point",
        "id": identifier,
        "center": [round(x, 2), round(y, 2), 0],
        "group": group,
        "label": {"value": label},
        "lineColor": color,
        "lineWidth": 2,
        "fillColor": f"{color}1a",
    }
