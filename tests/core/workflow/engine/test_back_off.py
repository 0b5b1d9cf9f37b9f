"""Where memory does not suffice, fewer tiles at once make the same step, down to a single one."""

import logging

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import TrainingError
from patherea_core.workflow.engine.back_off import is_out_of_memory, next_smaller, with_less_memory


class Memory:
    """An attempt that fits so many tiles, and remembers what was tried."""

    def __init__(self, tiles: int, error: Exception | None = None) -> None:
        self.tiles = tiles
        self.error = error or torch.OutOfMemoryError("CUDA out of memory")
        self.tried: list[int] = []

    def attempt(self, at_once: int) -> None:
        self.tried.append(at_once)
        if at_once > self.tiles:
            raise self.error


@given(st.integers(2, 200))
def test_a_smaller_part_is_at_most_half_and_divides_evenly(tiles: int) -> None:
    smaller = next_smaller(tiles)
    assert tiles % smaller == 0
    assert 2 * smaller <= tiles
    assert not any(tiles % part == 0 for part in range(smaller + 1, tiles // 2 + 1))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        MemoryError(),
    ],
)
def test_a_batch_is_cut_until_it_fits(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory(3, error)
    with caplog.at_level(logging.WARNING):
        with_less_memory(12, memory.attempt)
    assert memory.tried == [12, 6, 3]
    assert [record.args for record in caplog.records] == [(12, 6, 2), (6, 3, 4)]


def test_what_fits_is_tried_once(caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory(16)
    with_less_memory(16, memory.attempt)
    assert memory.tried == [16]
    assert not caplog.records


def test_a_single_tile_that_does_not_fit_ends_the_training_with_advice() -> None:
    memory = Memory(0)
    with pytest.raises(TrainingError, match="single tile; take a recipe with a smaller tile_size"):
        with_less_memory(4, memory.attempt)
    assert memory.tried == [4, 2, 1]


def test_other_errors_pass() -> None:
    memory = Memory(0, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        with_less_memory(4, memory.attempt)
    assert memory.tried == [4]
    assert not is_out_of_memory(ValueError("out of memory"))
