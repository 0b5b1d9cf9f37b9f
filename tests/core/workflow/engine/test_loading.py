"""How many processes cut tiles, and how their batches travel."""

import logging

import pytest
import torch
from torch.utils.data import Dataset

from patherea_core.batch import Batch, Targets
from patherea_core.data.dataset import collate
from patherea_core.data.order import EpochOrder
from patherea_core.data.transport import bytes_of_batch, collate_copied, collate_shared
from patherea_core.errors import InputError
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.loading import (
    Machine,
    chosen_collate,
    chosen_workers,
    tile_loader,
)

MB = 1 << 20
DOCKER = 64 * MB


def machine(
    cores: int = 2, *, gpu: bool = False, devices: int = 1, shared_memory: int | None = DOCKER
) -> Machine:
    return Machine(cores, gpu, devices, shared_memory)


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_a_small_machine_without_gpu_cuts_tiles_itself(cores: int) -> None:
    assert chosen_workers(None, machine(cores)) == 0


@pytest.mark.parametrize(
    ("cores", "gpu", "devices", "workers"),
    [
        (8, False, 1, 6),
        (64, False, 1, 8),
        (1, True, 1, 1),
        (2, True, 1, 1),
        (6, True, 1, 4),
        (64, True, 1, 8),
        (16, True, 4, 2),
        (4, True, 8, 1),
    ],
)
def test_a_larger_machine_keeps_two_cores_for_each_training(
    cores: int, gpu: bool, devices: int, workers: int
) -> None:
    assert chosen_workers(None, machine(cores, gpu=gpu, devices=devices)) == workers


@pytest.mark.parametrize("wanted", [0, 1, 30])
def test_the_wish_of_a_person_counts(wanted: int) -> None:
    assert chosen_workers(wanted, machine(64, gpu=True)) == wanted


def test_fewer_workers_than_none_are_refused() -> None:
    with pytest.raises(InputError, match="0 or more, not -1"):
        chosen_workers(-1, machine())


def test_without_workers_batches_do_not_travel() -> None:
    assert chosen_collate(0, 100 * MB, machine()) is collate


def test_batches_travel_through_shared_memory_if_there_is_twice_what_they_may_take(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Two batches in advance for each of two workers, and three in other hands: 7 MB.
    assert chosen_collate(2, MB, machine(shared_memory=14 * MB)) is collate_shared
    assert chosen_collate(2, MB, machine(shared_memory=None)) is collate_shared
    assert not caplog.records
    assert chosen_collate(2, MB, machine(shared_memory=14 * MB - 1)) is collate_copied
    assert chosen_collate(2, MB, machine(shared_memory=0)) is collate_copied
    assert chosen_collate(2, MB, machine(shared_memory=20 * MB, devices=2)) is collate_copied


def test_too_little_shared_memory_is_said_once_with_the_way_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        chosen_collate(8, bytes_of_batch(16, 224), machine(shared_memory=DOCKER))
    (record,) = caplog.records
    assert record.getMessage().startswith("only 64 MB of shared memory (/dev/shm) are free")
    assert "--shm-size=1g" in record.getMessage()


def test_a_batch_of_the_paper_takes_three_megabytes() -> None:
    assert bytes_of_batch(16, 224) == 16 * 224 * 224 * 4


def test_this_machine_is_known() -> None:
    here = Machine.this(gpu=True, devices=3)
    assert here.cores >= 1
    assert (here.gpu, here.devices) == (True, 3)
    assert here.shared_memory is None or here.shared_memory >= 0


class ThreadCounts(Dataset[Batch]):
    """Shows the number of threads in place of each tile."""

    def __getitem__(self, _key: object) -> Batch:
        images = torch.full((1, 3, 2, 2), torch.get_num_threads(), dtype=torch.uint8)
        nothing = Targets(torch.empty(0, 2), torch.empty(0, dtype=torch.int64))
        return Batch(images, (nothing,), torch.ones(1, 2, 2, dtype=torch.bool))


# Newer Pythons warn of forking beside threads.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("workers", [0, 1])
def test_a_worker_uses_one_thread(workers: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        order = EpochOrder(3, Seed(0))
        loader = tile_loader(ThreadCounts(), order, (2, 2), workers, machine())
        counts = {int(count) for batch in loader for count in batch.images.unique()}
    finally:
        torch.set_num_threads(before)
    assert counts == ({1} if workers else {2})
