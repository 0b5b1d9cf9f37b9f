"""The curves of a pretraining show what there is, from its first epoch on."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from patherea_core.geometry import Pixels
from patherea_core.workflow.engine.losses import LossRow
from patherea_core.workflow.engine.validation import Row
from patherea_core.workflow.pretraining.curves import curves

FIRST: Row = {"epoch": 1, "step": 20, "held_out_loss": 0.9}


def drawn(history: Sequence[Row], losses: Sequence[LossRow]) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(curves(history, losses))).convert("RGB"))


def test_a_single_stretch_of_steps_is_seen() -> None:
    losses: list[LossRow] = [{"step": 10, "loss": 0.9}]
    assert not np.array_equal(drawn([FIRST], losses), drawn([FIRST], []))


def test_the_same_history_makes_the_same_picture() -> None:
    assert curves([FIRST], []) == curves([FIRST], [])
