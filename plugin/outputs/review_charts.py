"""What reviewers changed, drawn as SVG: F1 of every slide, and what became of its cells."""

import io
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plugin.outputs.report_charts import Chart
from plugin.review.changes import KINDS
from plugin.review.cohort import Cohort, Pooled, SlideReview

_INK, _SOFT = "#1d2433", "#9aa3b2"

#: What became of a cell, from fine to wrong; none of them is the colour of a class.
_COLOURS = ("#b8d8c8", "#7fb5d6", "#e9b44c", "#c8553d", "#7b5ea7")

#: Slides in one chart; the worst come first.
_MOST = 40


def review_charts(cohort: Cohort, total: Pooled) -> tuple[Chart, ...]:
    """Return the charts: F1 by slide, and the shares of what was done on it."""
    worst = sorted(cohort.reviews, key=lambda one: one.scores.counts.any_class.f1 or 0.0)
    shown = worst[:_MOST][::-1]
    which = "" if len(shown) == len(worst) else f" The worst {_MOST} of {len(worst)} are shown."
    return (
        Chart(
            _svg(lambda axes: _f1(axes, shown, total), len(shown)),
            "F1 of any class of each slide with its 95 % interval, where it has one; the line is that of"
            f" all slides.{which}",
        ),
        Chart(
            _svg(lambda axes: _kinds(axes, shown), len(shown)),
            f"What became of the cells of each slide, in the same order.{which}",
        ),
    )


def _svg(draw: Callable[[Axes], None], rows: int) -> str:
    figure = Figure(figsize=(5.4, 1.3 + 0.27 * max(3, rows)), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes)
    text = io.StringIO()
    with rc_context({"svg.hashsalt": "patherea", "svg.fonttype": "none", "font.size": 9}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    whole = text.getvalue()
    return whole[whole.index("<svg") :]


def _f1(axes: Axes, shown: Sequence[SlideReview], total: Pooled) -> None:
    axes.grid(axis="x", color="#e6e9ef", linewidth=0.7)
    for row, one in enumerate(shown):
        found, interval = one.scores.counts.any_class.f1, one.scores.any_class.f1
        if interval is not None:
            axes.plot(interval.bounds, (row, row), color=_SOFT, linewidth=2.2)
        if found is not None:
            axes.plot(found, row, "o", color=_INK, markersize=5)
    every = total.scores.counts.any_class.f1
    if every is not None:
        axes.axvline(every, color=_INK, linewidth=1, linestyle="--")
    axes.set(xlim=(0, 1.01), xlabel="F1 of any class")
    _name_rows(axes, shown)


def _kinds(axes: Axes, shown: Sequence[SlideReview]) -> None:
    counts = np.array([one.kinds.sum(axis=0) for one in shown]).reshape(-1, len(KINDS))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    start = np.zeros(len(shown))
    for kind, colour, share in zip(KINDS, _COLOURS, shares.T, strict=True):
        axes.barh(range(len(shown)), share, left=start, height=0.7, color=colour, label=kind)
        start = start + share
    axes.set(xlim=(0, 1), xlabel="share of cells")
    axes.figure.legend(loc="outside upper center", ncols=len(KINDS), frameon=False, fontsize=8)
    _name_rows(axes, shown)


def _name_rows(axes: Axes, shown: Sequence[SlideReview]) -> None:
    names = [_short(one.slide) for one in shown]
    axes.set_yticks(range(len(shown)), names)
    axes.set_ylim(-0.6, max(len(shown), 1) - 0.4)


def _short(name: str, most: int = 28) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
