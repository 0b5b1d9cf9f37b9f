"""A picture of how a training went: loss terms by step, and F1 on the validation fold by epoch."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from patherea_core.taxonomy import PALETTE
from patherea_core.workflow.engine.losses import LossRow
from patherea_core.workflow.engine.validation import Row

_INK = "#1d2433"
#: What is of no class is drawn in ink.
_STYLES: Mapping[str, Any] = {
    "mean": {"color": _INK, "lw": 2},
    "any class": {"color": _INK, "ls": ":", "lw": 1.5},
}
#: Most points of a curve: more than the picture has columns only blur it.
_MOST_POINTS = 200


def curves(history: Sequence[Row], losses: Sequence[LossRow]) -> bytes:
    """Return a PNG of the loss terms over the steps, and of validation F1 over the epochs.

    Args:
        history: one row per validation, at least one.
        losses: one row per stretch of steps; there may be none.
    """
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    loss_axes, score_axes = figure.subplots(1, 2)
    _draw_losses(loss_axes, losses)
    _draw_scores(score_axes, history)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()


def _draw_losses(axes: Axes, losses: Sequence[LossRow]) -> None:
    names = [name for name in losses[0] if name != "learning_rate"] if losses else ["step"]
    steps, *means = _smoothed(losses, names)
    for name, values, color in zip(names[1:], means, (_INK, *PALETTE), strict=False):
        if any(values):
            width = 2 if name == "loss" else 1.2
            axes.plot(steps, values, label=name.replace("_", " "), color=color, lw=width)
    axes.set(xlabel="step", ylabel="training loss and its terms", title="Loss")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    if axes.lines:
        _explain(axes)


def _smoothed(losses: Sequence[LossRow], names: Sequence[str]) -> list[list[float]]:
    """Return columns of some names, each the mean of a stretch of rows."""
    length = max(1, -(-len(losses) // _MOST_POINTS))
    stretches = [losses[start : start + length] for start in range(0, len(losses), length)]
    return [[sum(row[name] for row in rows) / len(rows) for rows in stretches] for name in names]


def _draw_scores(axes: Axes, history: Sequence[Row]) -> None:
    epochs = _column(history, "epoch")
    colors: Iterator[str] = iter(PALETTE * (1 + len(history[0]) // len(PALETTE)))
    for name in (name for name in history[0] if name.endswith("f1")):
        label = name.removeprefix("validation_").removesuffix("_f1").replace("_", " ")
        # Classes in the colours that they have everywhere else.
        style = _STYLES.get(label) or {"color": next(colors), "lw": 1.2}
        axes.plot(epochs, _column(history, name), marker=".", label=label, **style)
    axes.set(xlabel="epoch", ylabel="F1 on the validation fold", title="Validation", ylim=(0, 1))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    _explain(axes)


def _explain(axes: Axes) -> None:
    """Put the legend below the axes, where it hides no curve."""
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize="small", frameon=False
    )


def _column(history: Sequence[Row], name: str) -> list[float]:
    values = (row[name] for row in history)
    return [float("nan") if value is None else value for value in values]
