"""A picture of how a pretraining went: the loss by step, and that of held-out tiles after every epoch."""

import io
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from patherea_core.taxonomy import PALETTE
from patherea_core.workflow.engine.losses import LossRow
from patherea_core.workflow.engine.validation import Row

_INK = "#1d2433"


def curves(history: Sequence[Row], losses: Sequence[LossRow]) -> bytes:
    """Return a PNG of the training loss and of the held-out loss over the epochs.

    Args:
        history: one row per epoch, at least one.
        losses: one row per stretch of steps; there may be none.
    """
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    epochs, steps = history[-1]["epoch"] or 1, history[-1]["step"] or 1
    axes.plot(
        [row["step"] * epochs / steps for row in losses],
        [row["loss"] for row in losses],
        label="training",
        color=PALETTE[0],
        lw=1.2,
        marker=".",
        markersize=4,
    )
    axes.plot(
        [row["epoch"] or 0.0 for row in history],
        [row["held_out_loss"] or 0.0 for row in history],
        label="held out",
        color=_INK,
        lw=2,
        marker=".",
    )
    axes.set(
        xlabel="epoch",
        ylabel="mean squared error over hidden patches",
        title="Loss",
        xlim=(0, epochs * 1.03),
    )
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    # Plain numbers at equal distances: a loss falls by less than tenfold.
    axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
    axes.legend(frameon=False, fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()
