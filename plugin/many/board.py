"""How far each of many slides is, and which one is next: what is decided, without anything being done."""

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

#: How often a slide is tried again whose failure may pass.
DEFAULT_RETRIES = 2


class State(StrEnum):
    """What has become of a slide."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DONE_BEFORE = "done before"
    INCOMPLETE = "incomplete"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the slide in this run."""
        return self not in (State.WAITING, State.RUNNING)

    @property
    def good(self) -> bool:
        """Whether all results of the slide are there."""
        return self in (State.DONE, State.DONE_BEFORE)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a slide came to.

    Attributes:
        tiles: that were to be looked at.
        square_millimetres: of them.
        counts: cells of each class.
        seconds: that the detection took.
    """

    tiles: int
    square_millimetres: float
    counts: Mapping[str, int]
    seconds: float

    @property
    def cells(self) -> int:
        """Cells of all classes."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt at a slide came to.

    Attributes:
        state: of the slide after it.
        message: why it is not done, in one sentence.
        figures: what was found, if anything was looked at.
        may_pass: whether another attempt may do better.
        elsewhere: whether only another worker can do better.
    """

    state: State
    message: str = ""
    figures: Figures | None = None
    may_pass: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideEntry:
    """One slide among many.

    Attributes:
        name: what it is called in the names of its results.
        path: of its file.
        state: what has become of it.
        attempts: in this run.
        worker: who is at it, or was last.
        fraction: that is done, in [0, 1].
        message: why it is not done.
        figures: what was found.
        seal: by which slide, settings and results are known again.
    """

    name: str
    path: Path
    state: State = State.WAITING
    attempts: int = 0
    worker: str = ""
    fraction: float = 0.0
    message: str = ""
    figures: Figures | None = None
    seal: str = ""


class Board:
    """The slides by number, and those that wait in a queue."""

    def __init__(self, slides: Sequence[SlideEntry], retries: int) -> None:
        """Begin with slides as they are; ``retries`` is how often a slide is tried again."""
        self.slides = list(slides)
        self._retries = retries
        self._waiting = deque(row for row, slide in enumerate(slides) if not slide.state.ended)
        self._counts = Counter(slide.state for slide in slides)
        self._area, self._cells = 0.0, 0
        for slide in slides:
            self._add(slide.figures, 1)
        self._shunned: dict[int, set[str]] = {}

    @property
    def open(self) -> bool:
        """Whether a slide waits or is being worked on."""
        return self.count(State.WAITING, State.RUNNING) > 0

    def next_for(self, worker: str, workers: Collection[str]) -> int | None:
        """Take the first slide out of the queue that a worker should try; None if there is none.

        Args:
            worker: that is free.
            workers: all that there are.
        """
        for row in self._waiting:
            shunned = self._shunned.get(row, set())
            if worker not in shunned or shunned.issuperset(workers):
                self._waiting.remove(row)
                return row
        return None

    def begun(self, row: int, worker: str) -> None:
        """Note that a worker has a slide."""
        slide = self.slides[row]
        self._set(
            row, state=State.RUNNING, worker=worker, fraction=0.0, attempts=slide.attempts + 1
        )

    def told(self, row: int, attempt: int, fraction: float) -> None:
        """Note how far a slide is; what comes late, of an attempt that is over, says nothing."""
        slide = self.slides[row]
        if slide.state is State.RUNNING and slide.attempts == attempt:
            self._set(row, fraction=fraction)

    def ended(self, row: int, outcome: Outcome, seal: str = "") -> None:
        """Note what an attempt came to; the slide waits again if another one may do better."""
        slide = self.slides[row]
        figures = outcome.figures or slide.figures
        if not outcome.state.good and outcome.may_pass and slide.attempts <= self._retries:
            if outcome.elsewhere:
                self._shunned.setdefault(row, set()).add(slide.worker)
            self._set(row, state=State.WAITING, message=outcome.message, figures=figures)
            self._waiting.append(row)
            return
        self._set(
            row,
            state=outcome.state,
            message=outcome.message,
            figures=figures,
            seal=seal,
            fraction=1.0,
        )

    def stopped(self) -> None:
        """Note that nobody is at work any more: what was not ended waits for the next run."""
        for row, slide in enumerate(self.slides):
            if slide.state is State.RUNNING:
                self._set(row, state=State.WAITING, message="stopped; it is gone on with")

    def count(self, *states: State) -> int:
        """Return how many slides are in one of these states."""
        return sum(self._counts[state] for state in states)

    @property
    def totals(self) -> tuple[float, int]:
        """Area in mm², and number of cells, of what was looked at."""
        return self._area, self._cells

    def _add(self, figures: Figures | None, times: int) -> None:
        if figures is not None:
            self._area += times * figures.square_millimetres
            self._cells += times * figures.cells

    def _set(self, row: int, **changes: Any) -> None:  # noqa: ANN401  fields of an entry
        before = self.slides[row]
        self.slides[row] = after = replace(before, **changes)
        self._counts[before.state] -= 1
        self._counts[after.state] += 1
        self._add(before.figures, -1)
        self._add(after.figures, 1)


def plain_address(worker: str) -> str:
    """Return where a worker is, for people."""
    return worker.partition("://")[2] or worker
