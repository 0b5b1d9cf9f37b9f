"""Whoever gets a model is told how good it is, and of a poor one with a warning."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from patherea_core.workflow.run.outcome import say_how_good


def said_of(score: float | None, caplog: pytest.LogCaptureFixture) -> list[str]:
    card: Any = SimpleNamespace(metrics={"validation_mean_f1": score})
    with caplog.at_level(logging.INFO):
        say_how_good(card)
    return caplog.messages


@pytest.mark.parametrize(
    ("score", "word"), [(None, "hardly finds a cell"), (0.09, "hardly finds"), (0.2, "is poor")]
)
def test_a_model_that_is_of_no_use_yet_is_called_so(
    score: float | None, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    (said,) = said_of(score, caplog)
    assert f"the model {word}" in said
    assert "train for more epochs" in said


def test_a_model_that_finds_cells_is_scored_without_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (said,) = said_of(0.3, caplog)
    assert said == "the model has F1 0.300 on the validation fold, which chose its best state"
    assert caplog.records[0].levelno == logging.INFO
