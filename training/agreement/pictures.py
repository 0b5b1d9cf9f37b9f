"""Pictures of one comparison for a paper: line, differences and grades, side by side."""

import io
from typing import Literal, TypeAlias

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patherea_core.evaluation.agreement.limits import Estimate
from training.agreement.grades import Grades
from training.agreement.passing_bablok import Line
from training.agreement.study import Comparison

#: Forms of a picture.
Form: TypeAlias = Literal["pdf", "svg", "png"]
FORMS: tuple[Form, ...] = ("pdf", "svg", "png")

_DPI = 300
_COLOUR, _QUIET = "#0072b2", "#8a8a8a"
_UNDATED = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}


def comparison_picture(one: Comparison, grades: Grades, form: Form) -> bytes:
    """Return the picture: scatter with Passing and Bablok's line, Bland and Altman's plot, and grades.

    Args:
        one: the comparison.
        grades: what the index means.
        form: pdf and svg for print, png for a screen.
    """
    content = io.BytesIO()
    # Letters stay letters in vector pictures, and a picture of the same figures is the same file.
    with rc_context(
        {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "agreement", "font.size": 8}
    ):
        figure = Figure(figsize=(9.6, 3.2), dpi=_DPI, layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        _draw_line(left, one, grades)
        _draw_differences(middle, one)
        _draw_grades(right, one, grades)
        figure.savefig(content, format=form, metadata=_UNDATED[form])
    return content.getvalue()


def _draw_line(axes: Axes, one: Comparison, grades: Grades) -> None:
    x, y = one.figures.T
    end = max(1.0, 1.05 * float(one.figures.max()))
    for cut_off in grades.cut_offs:
        if cut_off < end:
            axes.axvline(cut_off, color=_QUIET, linewidth=0.5, linestyle=":")
            axes.axhline(cut_off, color=_QUIET, linewidth=0.5, linestyle=":")
    axes.plot((0, end), (0, end), color=_QUIET, linewidth=0.8, label="equal")
    _draw_fit(axes, one.line, end)
    axes.scatter(x, y, s=12, color=_COLOUR, alpha=0.7, linewidths=0)
    axes.set(
        xlim=(0, end),
        ylim=(0, end),
        aspect="equal",
        xlabel=f"{' + '.join(one.reference)}, %",
        ylabel=f"{one.name}, %",
    )
    axes.legend(frameon=False, fontsize=7, loc="upper left")


def _draw_fit(axes: Axes, line: Line, end: float) -> None:
    slope, intercept = line.slope.value, line.intercept.value
    if slope is None or intercept is None:
        return
    along = np.linspace(0, end, 50)
    label = f"y = {intercept:z.2f} + {slope:.2f} x"
    axes.plot(along, intercept + slope * along, color=_COLOUR, linewidth=1.2, label=label)
    slopes, starts = line.slope.interval, line.intercept.interval
    if slopes is not None and starts is not None:
        # The steepest line is that of the lowest start: the paper's bounds belong together so.
        edges = (starts.high + slopes.low * along, starts.low + slopes.high * along)
        axes.fill_between(along, *edges, color=_COLOUR, alpha=0.15, linewidth=0)


def _draw_differences(axes: Axes, one: Comparison) -> None:
    x, y = one.figures.T
    axes.axhline(0, color=_QUIET, linewidth=0.8)
    limits = one.limits
    for estimate, style in ((limits.bias, "-"), (limits.lower, "--"), (limits.upper, "--")):
        _draw_level(axes, estimate, style)
    axes.scatter((x + y) / 2, y - x, s=12, color=_COLOUR, alpha=0.7, linewidths=0)
    axes.set(
        xlabel="mean of both, %", ylabel=f"{one.name} less {' + '.join(one.reference)}, points"
    )


def _draw_level(axes: Axes, estimate: Estimate, style: str) -> None:
    if estimate.value is not None:
        axes.axhline(estimate.value, color=_COLOUR, linestyle=style, linewidth=1)
    if estimate.interval is not None:
        axes.axhspan(*estimate.interval.bounds, color=_COLOUR, alpha=0.12, linewidth=0)


def _draw_grades(axes: Axes, one: Comparison, grades: Grades) -> None:
    counts = one.counted.grades
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=max(1, int(counts.max())))
    for row, of_row in enumerate(counts.tolist()):
        for column, count in enumerate(of_row):
            dark = count > counts.max() / 2
            axes.text(column, row, str(count), ha="center", va="center", color="w" if dark else "k")
    places = range(len(grades.names))
    axes.set_xticks(places, grades.names)
    axes.set_yticks(places, grades.names, rotation=90, va="center")
    axes.set(xlabel=one.name, ylabel=" + ".join(one.reference))
