"""Processes that read tiles: deaf to requests to stop, which are for the process that trains."""

import atexit
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from torch.utils.data import DataLoader

_Loaded = TypeVar("_Loaded", covariant=True)


class UndisturbedLoader(DataLoader[_Loaded]):
    """A loader whose workers leave SIGINT and SIGTERM to the process that trains, from their first moment.

    Ctrl-C and a time limit reach every process of a program. Workers that died of it would be missed
    before the training has asked whether to stop, and look like a failure. They end with the loader, or
    once the process that trains is gone.
    """

    def __iter__(self) -> Any:  # noqa: ANN401  a class of PyTorch without a public name
        """Return the batches of an epoch; workers that do not run yet are started."""
        if not self.num_workers:
            return super().__iter__()
        with _requests_held():
            return super().__iter__()


@contextmanager
def _requests_held() -> Iterator[None]:
    """Hold requests to stop back meanwhile, and for ever in what is started meanwhile.

    A handler would have to be set by the worker itself, which comes too late where it first has to load
    PyTorch.
    """
    hold = getattr(signal, "pthread_sigmask", None)
    if hold is None:  # not on Windows, where a worker gets no such request
        yield
        return
    resource_tracker.ensure_running()  # whoever starts it lets the requests through again
    before = hold(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        hold(signal.SIG_SETMASK, before)


def end_as_told(_worker: int) -> None:
    """Let the process that trains, and nobody else, end this worker by SIGTERM, and let it end at once.

    The process that trains waits for its workers, and a container that is to stop has ten seconds in all.
    """
    # What is taken apart otherwise takes the interpreter seconds, and it listens to nobody meanwhile.
    atexit.register(os._exit, 0)
    wait: Any = getattr(signal, "sigwaitinfo", None)  # Linux tells who sent a signal

    def obey(parent: int) -> None:
        while wait({signal.SIGTERM}).si_pid != parent:
            pass
        os._exit(0)

    if wait is not None:
        threading.Thread(target=obey, args=(os.getppid(),), daemon=True).start()
