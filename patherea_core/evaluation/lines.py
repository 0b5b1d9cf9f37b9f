"""The lines of an evaluation report, one for each class and one for any class, and how they are set."""

from collections.abc import Sequence
from dataclasses import dataclass

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.intervals import Interval, ScoreIntervals

#: Titles of the columns of a printed report.
HEADER = (
    "class",
    "points",
    "detections",
    "TP",
    "FP",
    "FN",
    "precision",
    "recall",
    "F1",
    "95 % interval",
    "chance F1",
    "counting error",
)


@dataclass(frozen=True, slots=True)
class CountingError:
    """How far the number of detections is from the number of points.

    Attributes:
        signed: detections less points; regions may cancel each other.
        absolute: the differences of the single regions, summed without their signs.
        regions: how many there are.
    """

    signed: int
    absolute: int
    regions: int

    @classmethod
    def over(cls, regions: Sequence[Counts]) -> "CountingError":
        """Return the counting error of one class over several regions."""
        differences = [counts.detections - counts.points for counts in regions]
        return cls(
            sum(differences), sum(abs(difference) for difference in differences), len(regions)
        )

    @property
    def mean_absolute(self) -> float:
        """Mean absolute error of a region (MAE)."""
        return self.absolute / self.regions


@dataclass(frozen=True, slots=True)
class Line:
    """All figures of one class, or of any class.

    Attributes:
        name: the class.
        counts: hits and misses, summed over regions.
        intervals: of its scores.
        chance: F1 of random detections; None if undefined.
        counting_error: detections against points.
    """

    name: str
    counts: Counts
    intervals: ScoreIntervals
    chance: float | None
    counting_error: CountingError

    def figures(self) -> dict[str, object]:
        """Return the figures ready for JSON; an undefined one is None."""
        return {
            **count_figures(self.counts),
            "precision_interval": bounds(self.intervals.precision),
            "recall_interval": bounds(self.intervals.recall),
            "f1_interval": bounds(self.intervals.f1),
            "chance_f1": self.chance,
            "counting_error": self.counting_error.signed,
            "absolute_counting_error": self.counting_error.absolute,
            "mean_absolute_counting_error": self.counting_error.mean_absolute,
        }

    def cells(self) -> tuple[str, ...]:
        """Return the figures as text, under the titles of ``HEADER``."""
        return (
            self.name,
            *(as_text(figure) for figure in count_figures(self.counts).values()),
            interval_text(self.intervals.f1),
            as_text(self.chance),
            f"{self.counting_error.signed:+d} ({self.counting_error.absolute})",
        )


def count_figures(counts: Counts) -> dict[str, int | float | None]:
    """Return counts and their scores ready for JSON, in the order of tables; an undefined score is None."""
    return {
        "points": counts.points,
        "detections": counts.detections,
        "tp": counts.true_positives,
        "fp": counts.false_positives,
        "fn": counts.false_negatives,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
    }


def bounds(interval: Interval | None) -> list[float] | None:
    """Return an interval ready for JSON."""
    return None if interval is None else list(interval.bounds)


def interval_text(interval: Interval | None) -> str:
    """Return an interval as text; one that is not known is a dash."""
    return "–" if interval is None else f"{interval.low:.3f} … {interval.high:.3f}"


def as_text(figure: float | None) -> str:
    """Return a count as it is, a score with three decimals, and an undefined score as a dash."""
    if figure is None:
        return "–"
    return str(figure) if isinstance(figure, int) else f"{figure:.3f}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of text set in columns: names to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in rows
    ]
