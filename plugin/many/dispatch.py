"""Giving slides to workers, one at a time to each, and taking what comes of them."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker

from patherea_core.errors import InputError
from plugin.commands.detect_request import DetectRequest
from plugin.many.board import Board, Outcome, State, plain_address
from plugin.many.seal import Stamp, seal, stamp_of
from plugin.many.slide_task import Task, do_slide, program_here

log = logging.getLogger(__name__)

#: Seconds that there may be no worker at all.
PATIENCE = 60.0

#: Seconds between two looks at who has left a slide.
_GLANCE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """A slide that a worker has."""

    row: int
    request: DetectRequest
    stamp: Stamp | None
    future: Future[Outcome]


class Dispatch:
    """Hands the slides of a board out to the workers of a cluster.

    A slide is given to one worker by name, so that it is known who is at it, and that each is at one slide
    only, however many threads it has.
    """

    def __init__(
        self,
        client: Client,
        board: Board,
        request_of: Callable[[int], DetectRequest],
        settings: str,
    ) -> None:
        """Begin; see ``step``.

        Args:
            client: of the cluster.
            board: the slides.
            request_of: gives the request of one slide.
            settings: digest of them, for seals.
        """
        self._client = client
        self._board = board
        self._request_of = request_of
        self._settings = settings
        self._topic = f"patherea-{client.id}"
        self._admitted: set[str] = set()
        self._refused: set[str] = set()
        self._running: dict[str, _Running] = {}
        self._seen = time.monotonic()
        self._woken = threading.Event()
        self._left: set[int] = set()
        # The client hears reports in a thread of its own; they are noted here when it is time to.
        self._reports: deque[Any] = deque()
        client.subscribe_topic(self._topic, self._reports.append)

    def step(self, seconds: float) -> None:
        """Hand out what can be handed out, and wait so long for a slide that ends.

        Raises:
            InputError: the scheduler or all workers are gone, or no worker runs this very program.
        """
        workers = self._workers()
        for worker in self._running.keys() - workers:
            self._lost(worker)
        for worker in sorted(workers - self._running.keys()):
            self._hand_to(worker, workers)
        self._collect(seconds)
        self._note_reports()

    def stop(self, seconds: float = 0.0) -> None:
        """Take all slides back, and wait so long for workers to finish the tiles that they are at."""
        awaited = {each.row for each in self._running.values()}
        for running in self._running.values():
            with suppress(OSError, RuntimeError):  # the scheduler may be gone
                running.future.cancel()
        self._running.clear()
        self._board.stopped()
        until = time.monotonic() + seconds
        while not awaited <= self._left and time.monotonic() < until:
            time.sleep(_GLANCE)
            self._note_reports()

    @property
    def fraction(self) -> float:
        """Slides that are being worked on, each as the fraction of it that is done, summed up."""
        return sum(self._board.slides[each.row].fraction for each in self._running.values())

    def _workers(self) -> set[str]:
        """Return the workers that there are and that run this very program."""
        try:
            there = set(self._client.nthreads())
            if new := sorted(there - self._admitted - self._refused):
                self._admit(new)
        except (OSError, RuntimeError) as error:
            raise InputError(
                "the dask scheduler does not answer any more; see to it and run the same command again, which"
                f" goes on ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
            ) from error
        found = there & self._admitted
        now = time.monotonic()
        if found:
            self._seen = now
        elif now - self._seen > PATIENCE:
            raise InputError(
                f"there has been no worker for {PATIENCE:.0f} s; start some with `dask worker` and run"
                " the same command again, which goes on"
            )
        return found

    def _admit(self, workers: list[str]) -> None:
        """Ask new workers which program they run, and refuse another one than this.

        Raises:
            InputError: all workers so far run another one.
        """
        here = program_here()
        answers = self._client.run(program_here, workers=workers, on_error="return")
        for worker, answer in answers.items():
            if answer == here:
                self._admitted.add(worker)
                continue
            if isinstance(answer, OSError):
                continue  # it has just gone
            self._refused.add(worker)
            theirs = _other(answer)
            said = (
                f"worker {plain_address(worker)} runs {theirs}, but this is {' '.join(here).strip()}; install"
                " the same on all"
            )
            if not self._admitted:
                raise InputError(said)
            log.warning("%s; it gets no slide", said)

    def _hand_to(self, worker: str, workers: set[str]) -> None:
        row = self._board.next_for(worker, workers)
        if row is None:
            return
        request = self._request_of(row)
        self._board.begun(row, worker)
        attempt = self._board.slides[row].attempts
        stamp = stamp_of(request.inputs[0])
        future = self._client.submit(
            do_slide,
            Task(row, attempt, request, self._topic),
            key=f"{self._topic}-{row}-{attempt}",
            workers=[worker],
            allow_other_workers=False,
            pure=False,
        )
        future.add_done_callback(lambda _: self._woken.set())
        self._running[worker] = _Running(row, request, stamp, future)

    def _collect(self, seconds: float) -> None:
        """Take what has ended, as soon as anything has."""
        self._woken.wait(seconds)
        self._woken.clear()
        for worker, running in list(self._running.items()):
            if running.future.done():
                self._take(worker, running)

    def _take(self, worker: str, running: _Running) -> None:
        """Note what came of a slide."""
        if running.future.status == "cancelled":
            self._lost(worker)
            return
        error = running.future.exception()
        if isinstance(error, KilledWorker):
            self._lost(worker)
            return
        del self._running[worker]
        if error is not None:
            name = Path(running.request.inputs[0]).name
            log.error("slide %s: something went wrong that should not", name, exc_info=error)
            said = (
                f"something went wrong that should not ({type(error).__name__}); please report it"
            )
            self._board.ended(running.row, Outcome(State.FAILED, said))
            return
        outcome: Outcome = running.future.result()
        running.future.release()
        sealed = seal(running.request, self._settings, running.stamp) if outcome.state.good else ""
        self._board.ended(running.row, outcome, sealed)

    def _lost(self, worker: str) -> None:
        """Note that a worker is gone, and with it the slide that it had, but for what its journal keeps."""
        running = self._running.pop(worker)
        running.future.cancel()
        self._admitted.discard(worker)
        said = f"worker {plain_address(worker)} was lost or killed; memory may not suffice there"
        log.warning("%s (slide %s)", said, running.request.inputs[0].name)
        self._board.ended(running.row, Outcome(State.FAILED, said, may_pass=True))

    def _note_reports(self) -> None:
        while self._reports:
            _, (row, attempt, fraction) = self._reports.popleft()
            if fraction is None:
                self._left.add(row)
            else:
                self._board.told(row, attempt, fraction)


def _other(answer: object) -> str:
    """Return what a worker runs, for people."""
    if isinstance(answer, Exception):
        return f"something else ({type(answer).__name__})"
    return " ".join(map(str, answer)).strip() if isinstance(answer, tuple) else str(answer)
