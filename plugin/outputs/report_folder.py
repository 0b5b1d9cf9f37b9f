"""The folder of an evaluation's report: a page for people, and the same figures for programs."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from patherea_core.evaluation.lines import count_figures
from patherea_core.evaluation.report import Evaluation
from patherea_core.files import partial_folder, writing
from patherea_core.progress import Part, Progress
from plugin.outputs.evaluation_report import EvaluationReport, report_figures
from plugin.outputs.report_page import report_page

_SCORES = (
    "row",
    "class",
    "points",
    "detections",
    "tp",
    "fp",
    "fn",
    "precision",
    "recall",
    "f1",
    "f1_low",
    "f1_high",
    "chance_f1",
    "counting_error",
    "mean_absolute_counting_error",
)
_CELLS = ("image", "x", "y", "class", "made_by", "outcome", "score", "partner_x", "partner_y")


def write_report(out: Path, report: EvaluationReport, progress: Progress) -> None:
    """Write a new folder with report.html, evaluation.json, scores.csv and cells.csv, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    with partial_folder(out) as partial, writing(out):
        progress.advance(0.0, "drawing the report")
        (partial / "report.html").write_text(report_page(report), encoding="utf-8")
        figures = json.dumps(report_figures(report), allow_nan=False, indent=1)
        (partial / "evaluation.json").write_text(figures, encoding="ascii")
        progress.advance(0.5, "writing every cell")
        _write_rows(partial / "scores.csv", _SCORES, _scores(report.evaluation))
        _write_rows(partial / "cells.csv", _CELLS, _cells(report, Part(progress, 0.5, 1.0)))
        partial.replace(out)
    progress.advance(1.0, "the report is written")


def _write_rows(path: Path, header: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _scores(evaluation: Evaluation) -> Iterator[tuple[object, ...]]:
    """Yield a row for each class, one for the mean over classes, for any class and for all together."""
    rows = [("class", line) for line in evaluation.lines]
    rows += [("any class", evaluation.any_class), ("micro", evaluation.all_classes)]
    for kind, line in rows:
        interval = line.intervals.f1
        yield (
            kind,
            line.name if kind == "class" else "",
            *count_figures(line.counts).values(),
            None if interval is None else interval.low,
            None if interval is None else interval.high,
            line.chance,
            line.counting_error.signed,
            line.counting_error.mean_absolute,
        )
    interval, empty = evaluation.intervals.mean_f1, ("",) * 7
    low, high = ("", "") if interval is None else interval.bounds
    yield ("mean", "", *empty, evaluation.mean_f1, low, high, evaluation.chance.mean, "", "")


def _cells(report: EvaluationReport, progress: Progress) -> Iterator[tuple[object, ...]]:
    """Yield every point and every detection with what became of it, positions in base pixels."""
    names = report.evaluation.taxonomy.names
    for number, (field, found) in enumerate(zip(report.fields, report.outcomes, strict=True)):
        progress.advance(number / len(report.fields), f"writing the cells of {field.name}")
        points, detections = field.points, field.detections
        hit, confused = found.found, found.confused
        owner = np.full(len(detections), -1, dtype=np.int64)
        owner[found.partner[hit]] = np.flatnonzero(hit)
        for row, (x, y) in enumerate(points.xy.tolist()):
            partner = int(max(found.partner[row], found.taken_for[row]))
            outcome = "hit" if hit[row] else "missed"
            if confused[row]:
                outcome = f"taken for {names[detections.class_index[partner]]}"
            near = detections.xy[partner].tolist() if partner >= 0 else ("", "")
            name = names[points.class_index[row]]
            yield (field.name, x, y, name, "person", outcome, "", *near)
        for row, (x, y) in enumerate(detections.xy.tolist()):
            near = points.xy[owner[row]].tolist() if owner[row] >= 0 else ("", "")
            outcome = "hit" if found.hit[row] else "false alarm"
            name, score = names[detections.class_index[row]], float(detections.score[row])
            yield (field.name, x, y, name, "model", outcome, score, *near)
