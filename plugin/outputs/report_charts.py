"""The curves of an evaluation's report, each as SVG that stands in the page."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patherea_core.evaluation.details import ClassDetails, Details
from patherea_core.geometry import Ints
from plugin.outputs.evaluation_report import EvaluationReport

#: Ink of what belongs to no class.
_INK = "#1d2433"

#: Points of one curve; more cannot be seen.
_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing, and what it shows in words."""

    svg: str
    caption: str


def charts(report: EvaluationReport) -> tuple[Chart, ...]:
    """Return the charts that the figures allow: those over scores need detections that have some."""
    return tuple(_charts(report))


def _charts(report: EvaluationReport) -> Iterator[Chart]:
    details = report.details
    if details is not None and details.has_scores:
        yield Chart(
            _svg(lambda axes: _precision_recall(axes, report, details)),
            "Precision against recall as the score threshold falls, with average precision.",
        )
        yield Chart(
            _svg(lambda axes: _free_response(axes, report, details)),
            "Recall against false alarms in an image (FROC).",
        )
        yield Chart(
            _svg(lambda axes: _reliability(axes, details)),
            f"How often detections of a score are right; calibration error "
            f"{details.reliability.expected_error:.3f}. On the line, a score means what it says.",
        )
    if details is not None:
        yield Chart(
            _svg(lambda axes: _tolerance(axes, report, details)),
            "F1 against the accepted distance; the dashed line is the radius of this report.",
        )
    yield Chart(
        _svg(lambda axes: _counts(axes, report)),
        "Cells that were detected against cells that were labelled, a dot for each region and class.",
    )


def _svg(draw: Callable[[Axes], None]) -> str:
    figure = Figure(figsize=(4.6, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.grid(color="#e6e9ef", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes)
    text = io.StringIO()
    with rc_context({"svg.hashsalt": "patherea", "svg.fonttype": "none", "font.size": 9}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    whole = text.getvalue()
    return whole[whole.index("<svg") :]


def _named(report: EvaluationReport, details: Details) -> Iterator[tuple[str, str, ClassDetails]]:
    """Yield name, colour and curves of each class that occurs, and of any class."""
    for item, found in zip(report.evaluation.taxonomy.classes, details.per_class, strict=True):
        if found.curve.points:
            yield item.name, item.color, found
    yield "any class", _INK, details.any_class


def _precision_recall(axes: Axes, report: EvaluationReport, details: Details) -> None:
    for name, color, found in _named(report, details):
        curve, rows = found.curve, _thinned(len(found.curve.thresholds))
        area = "–" if found.average_precision is None else f"{found.average_precision:.3f}"
        axes.plot(
            curve.recall[rows], curve.precision[rows], color=color, label=f"{name} ({area})", lw=1.6
        )
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
    axes.legend(frameon=False, loc="lower left")


def _free_response(axes: Axes, report: EvaluationReport, details: Details) -> None:
    for name, color, found in _named(report, details):
        curve = found.free_response
        if curve is not None:
            rows = _thinned(len(curve.rates))
            axes.plot(curve.rates[rows], curve.sensitivity[rows], color=color, label=name, lw=1.6)
    axes.set(xlabel="false alarms in an image", ylabel="recall", ylim=(0, 1.01))
    axes.set_xlim(left=0)
    axes.legend(frameon=False, loc="lower right")


def _reliability(axes: Axes, details: Details) -> None:
    found = details.reliability
    filled = found.counts > 0
    axes.plot([0, 1], [0, 1], color="#9aa3b2", lw=1, ls="--")
    axes.plot(
        found.mean_score[filled], found.precision[filled], color=_INK, marker="o", ms=4, lw=1.6
    )
    axes.set(xlabel="score", ylabel="share of hits", xlim=(0, 1.01), ylim=(0, 1.01))


def _tolerance(axes: Axes, report: EvaluationReport, details: Details) -> None:
    curve, evaluation = details.tolerance, report.evaluation
    for row, item in enumerate(evaluation.taxonomy.classes):
        axes.plot(curve.radii, curve.per_class[:, row], color=item.color, label=item.name, lw=1.6)
    axes.plot(curve.radii, curve.any_class, color=_INK, label="any class", lw=1.6)
    axes.axvline(evaluation.radius, color="#9aa3b2", lw=1, ls="--")
    axes.set(xlabel=f"radius ({evaluation.unit})", ylabel="F1", ylim=(0, 1.01))
    axes.set_xlim(left=0)
    axes.legend(frameon=False, loc="lower right")


def _counts(axes: Axes, report: EvaluationReport) -> None:
    evaluation = report.evaluation
    most = 1
    for row, item in enumerate(evaluation.taxonomy.classes):
        counts = [region.per_class[row] for region in evaluation.regions]
        points = [of_region.points for of_region in counts]
        detections = [of_region.detections for of_region in counts]
        most = max(most, *points, *detections)
        axes.scatter(points, detections, s=14, color=item.color, alpha=0.7, label=item.name)
    axes.plot([0, most], [0, most], color="#9aa3b2", lw=1, ls="--")
    axes.set(xlabel="labelled", ylabel="detected")
    axes.legend(frameon=False, loc="upper left")


def _thinned(count: int) -> Ints:
    """Return rows of a curve, evenly spread, the first and last among them."""
    return np.unique(np.linspace(0, max(0, count - 1), min(count, _MOST_POINTS)).astype(np.int64))
