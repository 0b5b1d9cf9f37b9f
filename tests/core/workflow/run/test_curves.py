"""The picture of a training shows every loss term and class, and is made of whatever there is."""

import io

import numpy as np
import pytest
from PIL import Image

from patherea_core.workflow.engine.losses import TERMS, LossRow
from patherea_core.workflow.engine.validation import Row
from patherea_core.workflow.run.curves import curves


def history(*scores: float | None) -> list[Row]:
    return [
        {"epoch": epoch, "validation_mean_f1": score, "validation_blue_f1": score}
        for epoch, score in enumerate(scores, start=1)
    ]


def losses(count: int) -> list[LossRow]:
    return [{"step": step, **dict.fromkeys(TERMS, 1 / step)} for step in range(1, count + 1)]


@pytest.mark.parametrize("count", [0, 1, 700])
def test_any_number_of_rows_makes_a_picture(count: int) -> None:
    image = Image.open(io.BytesIO(curves(history(0.1, None, 0.4), losses(count))))
    assert image.size == (1200, 504)
    assert np.asarray(image.convert("L")).std() > 5


def test_terms_that_a_network_does_not_have_are_left_out() -> None:
    plain = [{**row, "one_to_many_regression": 0.0} for row in losses(5)]
    assert curves(history(0.2), plain) != curves(history(0.2), losses(5))
