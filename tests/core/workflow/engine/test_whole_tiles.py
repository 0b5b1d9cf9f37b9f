"""A validation tile is seen as a whole, or in pieces that report every anchor point once."""

import logging

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from patherea_core.batch import Branch, Proposals
from patherea_core.errors import TrainingError
from patherea_core.geometry import Pixels
from patherea_core.points import Detections
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.whole_tiles import WholeTiles

STRIDE = 32
SITE = 4


class Echo(nn.Module):
    """A network that proposes a cell at every site, with the site's red as its score."""

    largest_stride = STRIDE

    def __init__(self, most_pixels: int = 1 << 30) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.most_pixels = most_pixels
        self.seen: list[tuple[int, int]] = []

    def forward(self, images: Tensor) -> Proposals:
        height, width = images.shape[-2:]
        assert height % STRIDE == 0
        assert width % STRIDE == 0
        if height * width > self.most_pixels:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.seen.append((height, width))
        y, x = torch.meshgrid(
            torch.arange(SITE / 2, height, SITE), torch.arange(SITE / 2, width, SITE), indexing="ij"
        )
        anchors = torch.stack([x.flatten(), y.flatten()], dim=1)
        red = images[0, 0, 2::SITE, 2::SITE].float().flatten() / 256
        logits = torch.stack([torch.logit(red, eps=1e-6), torch.zeros_like(red)], dim=1)
        return Proposals(anchors, Branch(anchors[None], logits[None]), None)


@pytest.fixture
def pixels() -> Pixels:
    return Seed(0).stream("pixels").integers(0, 256, (200, 333, 3), dtype=np.uint8)


def as_set(found: Detections) -> set[tuple[float, float, float]]:
    rows = np.column_stack([found.xy, np.round(found.score, 5)])
    assert len({tuple(row) for row in rows[:, :2]}) == len(rows)
    return {tuple(row) for row in rows.tolist()}


def test_a_tile_is_seen_at_once_and_filled_with_white(pixels: Pixels) -> None:
    network = Echo()
    found = WholeTiles().detect(network, pixels, 0.0)  # type: ignore[arg-type]  # it is like one
    assert network.seen == [(224, 352)]
    assert len(found) == 224 * 352 // SITE**2
    outside = (found.xy[:, 0] > 333 + SITE) | (found.xy[:, 1] > 200 + SITE)
    assert np.allclose(found.score[outside], 255 / 256)


def test_pieces_find_what_the_whole_finds_and_are_remembered(
    pixels: Pixels, caplog: pytest.LogCaptureFixture
) -> None:
    whole = WholeTiles().detect(Echo(), pixels, 0.3)  # type: ignore[arg-type]
    cut, network = WholeTiles(), Echo(most_pixels=160 * 160)
    with caplog.at_level(logging.WARNING):
        assert as_set(cut.detect(network, pixels, 0.3)) == as_set(whole)  # type: ignore[arg-type]
    assert cut.side == 83
    assert len(caplog.records) == 2
    caplog.clear()
    cut.detect(network, pixels, 0.3)  # type: ignore[arg-type]
    assert not caplog.records


def test_a_small_tile_stays_whole_after_a_large_one_was_cut(pixels: Pixels) -> None:
    cut, network = WholeTiles(), Echo(most_pixels=160 * 160)
    cut.detect(network, pixels, 0.3)  # type: ignore[arg-type]
    network.seen.clear()
    cut.detect(network, pixels[:64, :64], 0.3)  # type: ignore[arg-type]
    assert network.seen == [(64, 64)]


def test_a_device_without_memory_ends_the_training_with_advice(pixels: Pixels) -> None:
    with pytest.raises(TrainingError, match="memory does not suffice to validate"):
        WholeTiles().detect(Echo(most_pixels=0), pixels, 0.3)  # type: ignore[arg-type]


def test_other_errors_pass(pixels: Pixels) -> None:
    class Broken(Echo):
        def forward(self, images: Tensor) -> Proposals:
            raise RuntimeError(f"{images.ndim} shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        WholeTiles().detect(Broken(), pixels, 0.3)  # type: ignore[arg-type]
