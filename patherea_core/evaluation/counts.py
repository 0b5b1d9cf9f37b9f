"""Counts, which add up over regions, and the scores that follow from them at the very end."""

from dataclasses import dataclass
from typing import Self

from patherea_core.errors import InputError


@dataclass(frozen=True, slots=True)
class Counts:
    """Hits and misses of one class, or of all cells whatever their class.

    Attributes:
        true_positives: detections paired with a point.
        false_positives: detections without a point.
        false_negatives: points without a detection.
    """

    true_positives: int
    false_positives: int
    false_negatives: int

    def __post_init__(self) -> None:
        if min(self.true_positives, self.false_positives, self.false_negatives) < 0:
            raise InputError(f"counts cannot be negative: {self}")

    @classmethod
    def none(cls) -> Self:
        """Return zero of each, the start of a sum."""
        return cls(0, 0, 0)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
        )

    @property
    def detections(self) -> int:
        """How many detections there are."""
        return self.true_positives + self.false_positives

    @property
    def points(self) -> int:
        """How many points there are."""
        return self.true_positives + self.false_negatives

    @property
    def occurs(self) -> bool:
        """Whether there is any point or any detection."""
        return self.points + self.detections > 0

    @property
    def precision(self) -> float | None:
        """Share of the detections that hit a point; None without detections."""
        return self.true_positives / self.detections if self.detections else None

    @property
    def recall(self) -> float | None:
        """Share of the points that were hit; None without points."""
        return self.true_positives / self.points if self.points else None

    @property
    def f1(self) -> float | None:
        """TP / (TP + (FP + FN) / 2) (paper, equation 6); None without points and detections."""
        return 2 * self.true_positives / (self.points + self.detections) if self.occurs else None
