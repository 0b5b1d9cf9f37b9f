"""The lines of an evaluation report, one for each class and one for any class, and how they are set."""

from collections.abc import Sequence
from dataclasses import dataclass

from patherea_core.evaluation.counts import Counts

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
    "chance F1",
    "counting error",
)


@dataclass(frozen=True, slots=True)
class CountingError:
    """How far the number of detections is from the number of points.

    Attributes:
        signed: detections less points; regions may cancel each other.
        absolute: the differences of the single regions, summed without their signs.
    """

    signed: int
    absolute: int

    @classmethod
    def over(cls, regions: Sequence[Counts]) -> "CountingError":
        """Return the counting error of one class over several regions."""
        differences = [counts.detections - counts.points for counts in regions]
        return cls(sum(differences), sum(abs(difference) for difference in differences))


@dataclass(frozen=True, slots=True)
class Line:
    """All figures of one class, or of any class.

    Attributes:
        name: the class.
        counts: hits and misses, summed over regions.
        chance: F1 of random detections; None if undefined.
        counting_error: detections against points.
    """

    name: str
    counts: Counts
    chance: float | None
    counting_error: CountingError

    def figures(self) -> dict[str, int | float | None]:
        """Return the figures ready for JSON; an undefined score is None."""
        counts = self.counts
        return {
            "points": counts.points,
            "detections": counts.detections,
            "true_positives": counts.true_positives,
            "false_positives": counts.false_positives,
            "false_negatives": counts.false_negatives,
            "precision": counts.precision,
            "recall": counts.recall,
            "f1": counts.f1,
            "chance_f1": self.chance,
            "counting_error": self.counting_error.signed,
            "absolute_counting_error": self.counting_error.absolute,
        }

    def cells(self) -> tuple[str, ...]:
        """Return the figures as text, under the titles of ``HEADER``."""
        *figures, signed, absolute = self.figures().values()
        return (self.name, *(as_text(figure) for figure in figures), f"{signed:+d} ({absolute})")


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
