"""The benchmark of depthwise convolutions computes the same by all arithmetics."""

import pytest
import torch

from patherea_core.config import NetworkConfig
from patherea_core.model.backbones import build_backbone
from training.benchmarks import depthwise
from training.benchmarks.depthwise import ARITHMETICS, once

SMALL = ["--backbones", "test_efficientnet", "--batch=1", "--side=64", "--rounds=1"]


def test_gradients_are_those_of_32_bits_nearly() -> None:
    torch.manual_seed(0)
    network = build_backbone(NetworkConfig(backbone="test_efficientnet")).eval()
    images = torch.randint(256, (1, 3, 64, 64), dtype=torch.uint8)
    found = []
    for arithmetic in ARITHMETICS:
        network.zero_grad()
        once(network, images, arithmetic)
        kept = [one.grad.flatten() for one in network.parameters() if one.grad is not None]
        found.append(torch.cat(kept))
    for other in found[1:]:
        assert 0 < (other - found[0]).norm() < 0.1 * found[0].norm()
    assert not torch.equal(found[1], found[2])


def test_the_table_has_a_row_for_each_backbone(capsys: pytest.CaptureFixture[str]) -> None:
    depthwise.main(SMALL)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines] == [
        "| backbone",
        "| ---",
        "| test_efficientnet",
    ]
