"""The figure of a cross-over: mean F1 against the share of the labels, a line with a band for each arm."""

import io

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.crossover.plan import percent
from training.crossover.summary import Summary

_DPI = 150
#: Told apart without red and green (Okabe and Ito); one for each arm, in order.
_COLOURS = ("#8a8a8a", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MARKERS = "osD^vP*"
_LEGEND_COLUMNS = 2


def crossover_figure(one: Summary) -> bytes:
    """Return the picture as PNG; the same rows give the same bytes."""
    content = io.BytesIO()
    with rc_context({"font.size": 9}):
        figure = Figure(figsize=(6.4, 4.8), dpi=_DPI, layout="constrained")
        axes = figure.subplots()
        for place, arm in enumerate(one.arms):
            _draw_arm(axes, one, arm, place % len(_COLOURS))
        _dress(axes, one)
        figure.legend(loc="outside lower center", ncols=_LEGEND_COLUMNS, frameon=False)
        figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def _draw_arm(axes: Axes, one: Summary, arm: str, place: int) -> None:
    """Draw an arm; with fewer seeds than the others somewhere, dashed and without intervals."""
    found = [(share, one.scores(arm, share)) for share in one.shares]
    drawn = [
        (100 * share, scores[-1])
        for share, scores in found
        if scores is not None and scores[-1].value is not None
    ]
    if not drawn:
        return
    colour = _COLOURS[place]
    seeds = [score.seeds for _, score in drawn]
    whole = len(seeds) == len(one.shares) and min(seeds) == len(one.seeds)
    axes.plot(
        [share for share, _ in drawn],
        [score.value or 0.0 for _, score in drawn],
        color=colour,
        marker=_MARKERS[place],
        markersize=5,
        linewidth=1.5,
        linestyle="-" if whole else "--",
        label=arm if whole else f"{arm} ({_seeds(min(seeds), max(seeds))})",
    )
    bands = [
        (share, *score.interval.bounds) for share, score in drawn if score.interval is not None
    ]
    if bands and whole:
        edges, low, high = np.array(bands).T
        axes.fill_between(edges, low, high, color=colour, alpha=0.12, linewidth=0)
    runs = [
        (100 * share, row.run.mean_f1)
        for share in one.shares
        for row in one.of(arm, share).values()
        if row.run.mean_f1 is not None
    ]
    along, f1 = np.array(runs).T
    axes.scatter(along, f1, s=8, color=colour, alpha=0.5, linewidths=0)


def _seeds(least: int, most: int) -> str:
    many = f"{least} to {most}" if least < most else f"{most}"
    return f"{many} seed{'s' * (most != 1)}"


def _dress(axes: Axes, one: Summary) -> None:
    axes.set_xscale("log")
    axes.set_xticks([100 * share for share in one.shares], [percent(share) for share in one.shares])
    axes.minorticks_off()
    axes.set(
        xlabel="labels trained on, % (log scale)",
        ylabel="mean F1 on the test part",
        title=f"{one.first.run.dataset}, plan {one.first.plan}",
    )
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
