"""What to do where memory does not suffice: fewer tiles at once, at the same result."""

import gc
import logging
from collections.abc import Callable

import torch

from patherea_core.errors import TrainingError

log = logging.getLogger(__name__)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that the memory of the device, or of the machine, does not suffice."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    # Libraries below PyTorch, and its own allocator of the machine's memory, say so in words only.
    said = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in said or "can't allocate memory" in said or "cudnn_status_alloc" in said
    )


def next_smaller(tiles: int) -> int:
    """Return the largest part of so many tiles, at most half of them, that divides them evenly."""
    return max(part for part in range(1, tiles // 2 + 1) if tiles % part == 0)


def with_less_memory(batch_size: int, attempt: Callable[[int], None]) -> None:
    """Attempt a training with all tiles of a batch at once, and with fewer where memory does not suffice.

    Each attempt goes on from the last state that the one before kept. A step stays the same, since the
    gradients of the parts of its batch are accumulated.

    Args:
        batch_size: tiles of a batch.
        attempt: trains with some tiles at once, a number that divides the batch.

    Raises:
        TrainingError: memory does not even suffice for one tile at a time.
    """
    at_once = batch_size
    while not _fits(attempt, at_once):
        release()
        if at_once == 1:
            raise TrainingError(
                "memory does not suffice to train on a single tile; take a recipe with a smaller tile_size"
                " or network, or with precision bf16-mixed, or a device with more memory"
            )
        smaller = next_smaller(at_once)
        log.warning(
            "memory does not suffice for %d tiles at once: the training goes on after its last complete"
            " epoch with %d at once, and %d of these make a batch (batch normalisation, if the network has"
            " any, sees fewer tiles now)",
            at_once,
            smaller,
            batch_size // smaller,
        )
        at_once = smaller


def release() -> None:
    """Give a GPU back what nobody uses any more, which may hang in cycles."""
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()


def _fits(attempt: Callable[[int], None], at_once: int) -> bool:
    """Attempt, and tell whether memory sufficed; the error and all that it holds are gone by then."""
    try:
        attempt(at_once)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        log.info("out of memory: %s", str(error).partition("\n")[0])
        return False
    return True
