"""What is said before the first step: which network, and whether its maps are as large as usual."""

import logging
from pathlib import Path

import pytest
from torch import nn

from patherea_core.recipes import SMALL, as_model
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run.announcement import say_what_is_trained


@pytest.mark.parametrize(
    ("kind", "mpp", "said"),
    [
        ("p2p", 0.25, ["Patherea-P2P on resnet10t"]),
        ("fcrn", 0.5, ["Patherea-FCRN (maps of 4 µm around a cell) on resnet10t"]),
        (
            "fcrn",
            0.25,
            ["maps of 2 µm", "set network.proximity.radius to 16 for pixels of 0.25 µm"],
        ),
        ("fcrn", 0.4, ["maps of 3.2 µm"]),
    ],
)
def test_the_kind_of_network_is_told_and_unusual_maps_are_warned_of(
    kind: str, mpp: float, said: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = as_model(SMALL, kind)  # type: ignore[arg-type]  # one of two
    request = FitRequest(dataset=tmp_path, run=tmp_path, recipe=recipe)
    with caplog.at_level(logging.INFO):
        say_what_is_trained(request, nn.Linear(2, 1), mpp)
    assert len(caplog.messages) == len(said)
    for message, words in zip(caplog.messages, said, strict=True):
        assert words in message
