"""Stand-ins for what lies outside of the core."""

from dataclasses import dataclass, field

from patherea_core.errors import Cancelled, SlideError
from patherea_core.geometry import Box, Pixels
from patherea_core.slides import SlideReader


@dataclass(slots=True)
class RecordingProgress:
    """A progress that remembers what it was told, and asks to stop from a given fraction on.

    Attributes:
        stop_at: the fraction from which on ``Cancelled`` is raised; None for never.
        reports: the fractions and messages in order.
    """

    stop_at: float | None = None
    reports: list[tuple[float, str]] = field(default_factory=list)

    def advance(self, fraction: float, message: str = "") -> None:
        """Remember the report; raise Cancelled if it is time to."""
        self.reports.append((fraction, message))
        if self.stop_at is not None and fraction >= self.stop_at:
            raise Cancelled("stopped on request")

    @property
    def fractions(self) -> list[float]:
        """The fractions in order."""
        return [fraction for fraction, _ in self.reports]


@dataclass(slots=True)
class WatchedSlide:
    """A slide that remembers which boxes were read, and fails after a given number of reads.

    Attributes:
        inner: the slide that is watched.
        reads_until_failure: how many reads succeed; None for all.
        boxes: what was read, in base pixels, in order.
    """

    inner: SlideReader
    reads_until_failure: int | None = None
    boxes: list[Box] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The watched slide's name."""
        return self.inner.name

    @property
    def base_mpp(self) -> float:
        """The watched slide's pixel size."""
        return self.inner.base_mpp

    @property
    def width(self) -> int:
        """The watched slide's columns."""
        return self.inner.width

    @property
    def height(self) -> int:
        """The watched slide's rows."""
        return self.inner.height

    def read(self, box: Box) -> Pixels:
        """Return the watched slide's pixels; raise SlideError when it is time to."""
        if self.reads_until_failure is not None and len(self.boxes) >= self.reads_until_failure:
            raise SlideError(f"{self.name} cannot be read any more")
        self.boxes.append(box)
        return self.inner.read(box)
