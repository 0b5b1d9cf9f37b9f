"""The words of a page of a Ki-67 count, and how figures are said in them. Pure."""

from dataclasses import dataclass

from patherea_core.evaluation.intervals import Interval

#: What every page says of its use.
USE = (
    "Research use only. Not a medical device; not validated for diagnosis. A pathologist answers for every"
    " figure that is signed."
)
#: What stands for a figure that there is not.
NONE = "–"


@dataclass(frozen=True, slots=True)
class Headline:
    """One large figure.

    Attributes:
        name: what it is.
        value: of it, in words.
        interval: where it lies, in words, or why it is undefined.
    """

    name: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one region or hotspot, as a table says them."""

    name: str
    positive: str
    negative: str
    index: str
    interval: str
    corrected: str
    more: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a guideline asks for."""

    met: bool
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """All words of a page.

    Attributes:
        title: of the slide.
        made: program and time.
        method: how was counted.
        source: of the method.
        headlines: the index as counted, and corrected.
        counts: how many cells, by what they are.
        grade: the grade in words; empty if there is none.
        grade_source: whether grade and chances are of the corrected index.
        chances: name and share of every grade.
        raw_grade: the grade of the index as counted, where that of the corrected one is told; else empty.
        raw_chances: name and share of every grade of that.
        rows: of regions and hotspots.
        left_out: rows that found no place.
        checks: what the guideline asks for.
        warnings: what may be amiss, or weaken the figures.
        facts: what helps to read them.
        origin: where the cells came from, name and text.
        signer: who is to sign; empty if that is open.
    """

    title: str
    made: str
    method: str
    source: str
    headlines: tuple[Headline, ...]
    counts: tuple[tuple[str, str], ...]
    grade: str
    grade_source: str
    chances: tuple[tuple[str, float], ...]
    raw_grade: str
    raw_chances: tuple[tuple[str, float], ...]
    rows: tuple[Row, ...]
    left_out: int
    checks: tuple[Check, ...]
    warnings: tuple[str, ...]
    facts: tuple[str, ...]
    origin: tuple[tuple[str, str], ...]
    signer: str

    @property
    def graded(self) -> tuple[str, ...]:
        """The chances in words, a line for each index that has a grade."""
        lines = [f"{chances_words(self.chances)} ({self.grade_source})"] if self.chances else []
        if self.raw_grade:
            lines.append(f"{chances_words(self.raw_chances)} (as counted, {self.raw_grade})")
        return tuple(lines)


def percent(share: float | None) -> str:
    """Return a share as people say it; what is undefined is a dash, never 0."""
    return NONE if share is None else f"{100 * share:.1f} %"


def interval_words(interval: Interval | None) -> str:
    """Return an interval as people say it."""
    if interval is None:
        return NONE
    return f"{100 * interval.low:.1f} – {100 * interval.high:.1f} %"


def chances_words(chances: tuple[tuple[str, float], ...]) -> str:
    """Return the chances of grades as people say them."""
    return "; ".join(f"{name}: {percent(share)}" for name, share in chances)
