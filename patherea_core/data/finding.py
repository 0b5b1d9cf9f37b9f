"""What an inspection of a dataset finds: where it is, how grave it is, and how to mend it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from patherea_core.geometry import Floats

#: An error makes scores or training wrong; a warning probably does; a note is worth knowing.
Grade = Literal["error", "warning", "note"]
GRADES: tuple[Grade, ...] = ("error", "warning", "note")

#: Places told for one finding; more would hide the others.
_MOST_PLACES = 10


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the image of a sample, in tile pixels."""

    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or strange in a dataset.

    Attributes:
        check: what was looked for, in one word.
        grade: how grave it is.
        message: what was found.
        remedy: how to mend it.
        sample: id of the sample it is in; None if it concerns the dataset.
        places: where in the sample; the first few.
        count: how many things the finding stands for.
    """

    check: str
    grade: Grade
    message: str
    remedy: str
    sample: str | None = None
    places: tuple[Place, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """All that was found in a dataset, the gravest first.

    Attributes:
        samples: how many samples the dataset names.
        patients: how many patients they come from.
        folds: names or numbers of its folds.
        mpp: micrometres per pixel, as stated.
        points: how many points could be read, of each class by name.
        nucleus_um: apparent diameter of a labelled nucleus, in micrometres; None if too few are labelled.
        neighbour_um: distance from a point to the nearest other one, in micrometres; None likewise.
        findings: all findings.
    """

    samples: int
    patients: int
    folds: tuple[str, ...]
    mpp: float
    points: dict[str, int]
    nucleus_um: float | None
    neighbour_um: float | None
    findings: tuple[Finding, ...]

    def count(self, grade: Grade) -> int:
        """Return how many findings are of a grade."""
        return sum(finding.grade == grade for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return all as plain values for JSON."""
        return {**asdict(self), "counts": {grade: self.count(grade) for grade in GRADES}}


def by_gravity(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings by grade, then by check, then the most numerous first."""
    return tuple(
        sorted(
            findings,
            key=lambda found: (
                GRADES.index(found.grade),
                found.check,
                -found.count,
                found.sample or "",
            ),
        )
    )


def counted(count: int, one: str, many: str) -> str:
    """Return a number with the word that goes with it, say "1 pair" or "2 pairs"."""
    return f"{count} {one if count == 1 else many}"


def places(xy: Floats) -> tuple[Place, ...]:
    """Return the first few of (N, 2) positions in tile pixels."""
    rounded = np.round(xy[:_MOST_PLACES], 2).tolist()
    return tuple(Place(x, y) for x, y in rounded)
