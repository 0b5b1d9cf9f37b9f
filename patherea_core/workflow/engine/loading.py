"""How many processes cut tiles, and how their batches travel; chosen so that nothing breaks later."""

import logging
import os
import shutil
import sys
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset, Sampler

from patherea_core.batch import Batch
from patherea_core.data.dataset import collate
from patherea_core.data.transport import Collate, bytes_of_batch, collate_copied, collate_shared
from patherea_core.errors import InputError
from patherea_core.workflow.engine.workers import UndisturbedLoader, end_as_told

log = logging.getLogger(__name__)

#: Batches that each worker makes in advance.
_AHEAD = 2

#: More workers than this have never been needed: one cuts some hundred tiles a second.
_MOST_WORKERS = 8

#: Cores up to which a training on the CPU cuts its tiles itself: workers would take from its own time.
_FEW_CORES = 4


@dataclass(frozen=True, slots=True)
class Machine:
    """What matters here of the machine that trains.

    Attributes:
        cores: that this program may use.
        gpu: whether the network runs on GPUs.
        devices: trainings that share the cores: one for each GPU.
        shared_memory: free bytes of shared memory; None where the system sets no limit to it.
    """

    cores: int
    gpu: bool
    devices: int
    shared_memory: int | None

    @classmethod
    def this(cls, *, gpu: bool, devices: int = 1) -> "Machine":
        """Return the machine that this program runs on."""
        return cls(_cores(), gpu, devices, _free_shared_memory())


def _cores() -> int:
    # Only some systems can tell which cores are meant for this program.
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def _free_shared_memory() -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return shutil.disk_usage("/dev/shm").free  # noqa: S108  the place of Linux's shared memory
    except OSError:
        return 0


def chosen_workers(wanted: int | None, machine: Machine) -> int:
    """Return how many processes cut tiles beside each training.

    Args:
        wanted: as many; None leaves the choice to the program.
        machine: what there is.

    Raises:
        InputError: fewer than none are wanted.
    """
    if wanted is not None:
        if wanted < 0:
            raise InputError(f"the number of workers must be 0 or more, not {wanted}")
        return wanted
    if not machine.gpu and machine.cores <= _FEW_CORES:
        return 0
    return max(1, min(_MOST_WORKERS, machine.cores // machine.devices - 2))


def chosen_collate(workers: int, bytes_a_batch: int, machine: Machine) -> Collate:
    """Return how batches of the workers travel: through shared memory, if there is enough of it."""
    if not workers:
        return collate
    suffices = shared_memory_suffices(workers, bytes_a_batch, machine)
    return collate_shared if suffices else collate_copied


def shared_memory_suffices(workers: int, bytes_a_batch: int, machine: Machine) -> bool:
    """Tell whether the batches of the workers can travel through shared memory, and warn if they cannot.

    A program that runs out of shared memory dies of a bus error, maybe after hours; so all batches that
    may be under way at a time have to take no more than half of it.
    """
    # One batch is being copied to the GPU, one is trained on, and one waits to be sent.
    under_way = (workers * _AHEAD + 3) * bytes_a_batch * machine.devices
    if machine.shared_memory is None or 2 * under_way <= machine.shared_memory:
        return True
    log.warning(
        "only %d MB of shared memory (/dev/shm) are free, but batches may take %d MB; they are copied "
        "between processes instead, which is slower: give the container more, say --shm-size=%dg",
        machine.shared_memory >> 20,
        under_way >> 20,
        max(1, -(-2 * under_way >> 30)),
    )
    return False


def loader_settings(workers: int, machine: Machine) -> dict[str, Any]:
    """Return the arguments of a loader whose workers, if any, live until the last epoch."""
    return {
        "num_workers": workers,
        "prefetch_factor": _AHEAD if workers else None,
        "persistent_workers": workers > 0,
        "pin_memory": machine.gpu and torch.cuda.is_available(),
        "worker_init_fn": end_as_told if workers else None,
    }


def tile_loader(
    tiles: Dataset[Batch],
    order: Sampler[tuple[int, int]],
    shape: tuple[int, int],
    workers: int | None,
    machine: Machine,
) -> UndisturbedLoader[Batch]:
    """Return the batches of an epoch; its workers, if any, live until the last epoch.

    Args:
        tiles: asked for by epoch and row.
        order: in which they are shown.
        shape: tiles of a batch, and the side of a tile in pixels.
        workers: processes that cut tiles; None leaves the choice to the program.
        machine: what there is.
    """
    count = chosen_workers(workers, machine)
    return UndisturbedLoader(
        tiles,
        batch_size=shape[0],
        sampler=order,
        collate_fn=chosen_collate(count, bytes_of_batch(*shape), machine),
        **loader_settings(count, machine),
    )
