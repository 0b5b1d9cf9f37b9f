"""A word in between, while a network is at work on a tile for many seconds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook


@contextmanager
def between_layers(listen: Callable[[], None]) -> Iterator[None]:
    """Call a function before each layer of the networks that this thread lets PyTorch run meanwhile.

    What it raises ends the run. Programs that a compiler made of a network have no layers any more.
    """
    here = threading.get_ident()

    def hear(_layer: nn.Module, _inputs: tuple[Tensor, ...]) -> None:
        if threading.get_ident() == here:
            listen()

    hook = register_module_forward_pre_hook(hear)
    try:
        yield
    finally:
        hook.remove()
