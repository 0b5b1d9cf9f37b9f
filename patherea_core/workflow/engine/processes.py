"""Processes that train one network together, each on a device of its own; the first reports and writes."""

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, Protocol

import torch

from patherea_core.errors import PathereaError, TrainingError
from patherea_core.progress import Progress
from patherea_core.workflow.engine.back_off import is_out_of_memory
from patherea_core.workflow.engine.ranks import Place

#: What a follower says: that it has read all it needs, or why it had to give up.
_READY, _MEMORY, _FAILED = "ready", "memory", "failed"
#: Seconds between two looks at followers that are waited for.
_LOOK = 0.2
#: Seconds that followers have to end by themselves, or to say what went wrong.
_PATIENCE = 10.0


class Member(Protocol):
    """What one of the other processes does; it is sent to that process, so it can be pickled."""

    def __call__(self, place: Place, ready: Callable[[], None]) -> None:
        """Read what is needed, say once that all is ready, and train until the end.

        Args:
            place: where this process stands among those that train together.
            ready: says that the others need not wait any more.
        """


@contextmanager
def together(member: Member, kind: str, devices: int, progress: Progress) -> Iterator[Place]:
    """Start the processes for all devices but the first, and yield the place of this one among them.

    They wait for each other at every step, so if one fails none can go on.

    Args:
        member: what each of them does.
        kind: of the devices: cpu or cuda.
        devices: how many train together.
        progress: asked whether to stop while the others get ready.

    Raises:
        TrainingError: another process failed; the message is its own.
        OutOfMemoryError: the memory of another device does not suffice.
        Cancelled: the progress asked to stop.
    """
    if devices == 1:
        yield Place(kind)
        return
    port = _free_port()
    followers = [_Follower(member, Place(kind, devices, rank, port)) for rank in range(1, devices)]
    try:
        _wait_until_ready(followers, progress)
        yield Place(kind, devices, 0, port)
        _wait_for_the_end(followers)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            # The first process learns only that another one does not answer.
            _wait_for_the_end(followers)
        raise
    finally:
        for follower in followers:
            follower.stop()
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


class _Follower:
    """One other process of a training."""

    def __init__(self, member: Member, place: Place) -> None:
        # A forked process could not use a GPU that its parent has looked at.
        context = multiprocessing.get_context("spawn")
        self._mouth, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=follow, args=(member, place, theirs), daemon=False)
        self.process.start()
        theirs.close()

    def hear(self) -> str:
        """Return what it says, or nothing.

        Raises:
            TrainingError: it failed.
            OutOfMemoryError: the memory of its device does not suffice.
        """
        word, reason = self._said()
        if word == _MEMORY:
            raise torch.OutOfMemoryError(reason)
        if word == _FAILED:
            raise TrainingError(reason)
        if not word and self.process.exitcode:
            raise TrainingError(
                f"a process of the training ended unexpectedly (exit code {self.process.exitcode}); the"
                " epochs before are kept"
            )
        return word

    def _said(self) -> tuple[str, str]:
        try:
            said = self._mouth.recv_bytes() if self._mouth.poll() else b""
        except EOFError:
            said = b""
        word, _, reason = said.decode().partition(" ")
        return word, reason

    def stop(self) -> None:
        """End it, if it has not ended by itself."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self._mouth.close()


def follow(member: Member, place: Place, mouth: Connection) -> None:
    """Take part as one of several processes, which is what a started one does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_parent()
    try:
        member(place, lambda: mouth.send_bytes(_READY.encode()))
    except PathereaError as error:
        mouth.send_bytes(f"{_FAILED} {error}".encode())
    except (RuntimeError, MemoryError) as error:
        word = _MEMORY if is_out_of_memory(error) else _FAILED
        mouth.send_bytes(f"{word} a process of the training failed: {error}".encode())


def _end_with_parent() -> None:
    """Leave at once when the first process is gone, however it went."""

    def watch(parent: Any) -> None:  # noqa: ANN401
        parent.join()
        os._exit(1)

    parent = multiprocessing.parent_process()
    threading.Thread(target=watch, args=(parent,), daemon=True).start()


def _wait_until_ready(followers: list[_Follower], progress: Progress) -> None:
    waiting = list(followers)
    while waiting:
        progress.advance(0.0, "starting the processes of the other devices")
        waiting = [follower for follower in waiting if follower.hear() != _READY]
        time.sleep(_LOOK)


def _wait_for_the_end(followers: list[_Follower]) -> None:
    """Wait a while for followers to end, and raise what one of them had to say."""
    until = time.monotonic() + _PATIENCE
    while any(follower.process.is_alive() for follower in followers) and time.monotonic() < until:
        for follower in followers:
            follower.hear()
        time.sleep(_LOOK)
    for follower in followers:
        follower.hear()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
