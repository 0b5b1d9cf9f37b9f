"""How many tiles a device takes at once."""

import torch

from patherea_core.workflow.engine.back_off import is_out_of_memory, release
from patherea_core.workflow.runtimes.runtime import Runtime

#: Numbers of tiles that are tried on a GPU. More tiles of this size do not make it faster.
_TRIED = (8, 4, 2)


def batch_that_fits(runtime: Runtime, device: torch.device, side: int) -> int:
    """Return how many square tiles are given to a network at once.

    A processor is busy with one. A GPU takes as many as its memory allows, which is tried, so that the same
    device gives the same answer.

    Args:
        runtime: what runs the network.
        device: where it runs.
        side: of a tile with its halo, in pixels.
    """
    if device.type == "cpu":
        return 1
    for count in _TRIED:
        try:
            runtime.run(torch.zeros((count, 3, side, side), dtype=torch.uint8))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            release()
        else:
            return count
    return 1
