"""A picture of how far observers' figures lie apart: Bland and Altman's plot of every two observers."""

import io
import logging

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.evaluation.agreement.quantities import PairOfFigures, QuantityAgreement
from patherea_core.evaluation.agreement.report import Agreement
from patherea_core.geometry import Floats

log = logging.getLogger(__name__)

_DPI = 100
_PEOPLE, _MODEL = "#0072b2", "#d55e00"

#: Pairs of observers in one picture, those with the model first.
_MOST_DRAWN = 8


def limits_picture(agreement: Agreement) -> bytes:
    """Return a PNG with a row of plots for each figure and a plot for each pair of observers.

    Every region is a point: the mean of both observers' figures, and the first less the second. Lines
    are the bias and the limits of agreement, shaded by their intervals. The plots of one row share
    their axes. Drawn are the numbers of all cells and, where there is one, the Ki-67 index.
    """
    drawn = [
        quantity
        for quantity in agreement.quantities
        if quantity.name == "cells" or not quantity.unit
    ]
    pairs = sorted(range(len(agreement.pairs)), key=lambda row: not agreement.pairs[row].with_model)
    if len(pairs) > _MOST_DRAWN:
        log.warning("the picture shows %s of %s pairs of observers", _MOST_DRAWN, len(pairs))
    pairs = pairs[:_MOST_DRAWN]
    figure = Figure(
        figsize=(3.4 * len(pairs) + 0.6, 3.2 * len(drawn) + 0.6), dpi=_DPI, layout="constrained"
    )
    plots = figure.subplots(len(drawn), len(pairs), squeeze=False, sharex="row", sharey="row")
    for row, quantity in enumerate(drawn):
        for axes, pair in zip(plots[row], pairs, strict=True):
            _draw(axes, quantity.pairs[pair])
        _label(plots[row], quantity)
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def _draw(axes: Axes, pair: PairOfFigures) -> None:
    color = _MODEL if pair.with_model else _PEOPLE
    means, differences = _mean_and_difference(pair.figures)
    axes.axhline(0, color="#bdbdbd", linewidth=0.8)
    limits = pair.limits
    for estimate, style in ((limits.bias, "-"), (limits.lower, "--"), (limits.upper, "--")):
        _draw_line(axes, estimate, style, color)
    axes.scatter(means, differences, s=16, color=color, alpha=0.7, linewidths=0)
    axes.set_title(f"{pair.first} – {pair.second}", fontsize=10)


def _draw_line(axes: Axes, estimate: Estimate, style: str, color: str) -> None:
    if estimate.value is not None:
        axes.axhline(estimate.value, color=color, linestyle=style, linewidth=1.2)
    if estimate.interval is not None:
        shade = 0.25 if style == "-" else 0.10
        axes.axhspan(*estimate.interval.bounds, color=color, alpha=shade, linewidth=0)


def _mean_and_difference(figures: Floats) -> tuple[Floats, Floats]:
    return np.asarray(figures.mean(axis=1)), figures[:, 0] - figures[:, 1]


def _label(plots: list[Axes], quantity: QuantityAgreement) -> None:
    what = f"{quantity.name} of a region" if quantity.unit else quantity.name
    plots[0].set_ylabel(f"{what}:\nfirst less second")
    for axes in plots:
        axes.set_xlabel("mean of both")
