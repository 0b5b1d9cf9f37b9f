"""Hits and misses counted anew: slow, by augmenting paths, and with none of the project's code."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Cell = tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class Recount:
    """Pairs, detections and points of one class, or of any."""

    pairs: int
    detections: int
    points: int

    @property
    def f1(self) -> float | None:
        """Twice the pairs over all cells; None without any."""
        total = self.detections + self.points
        return 2 * self.pairs / total if total else None


def recount(detections: Sequence[Cell], points: Sequence[Cell], radius: float) -> Recount:
    """Return the largest number of pairs within the radius, whatever the class."""
    near = [
        [row for row, point in enumerate(points) if math.dist(cell[:2], point[:2]) <= radius]
        for cell in detections
    ]
    partner: dict[int, int] = {}
    pairs = sum(_finds_partner(row, near, partner, set()) for row in range(len(detections)))
    return Recount(pairs, len(detections), len(points))


def of_class(cells: Sequence[Cell], name: str) -> list[Cell]:
    """Return the cells of one class."""
    return [cell for cell in cells if cell[2] == name]


def cells_of(annotation: dict[str, object]) -> list[Cell]:
    """Return the points of an annotation document as the archive gives it."""
    body = annotation["annotation"]
    assert isinstance(body, dict)
    return [
        (element["center"][0], element["center"][1], element["group"])
        for element in body["elements"]
        if element["type"] == "point"
    ]


def _finds_partner(
    row: int, near: Sequence[Sequence[int]], partner: dict[int, int], seen: set[int]
) -> bool:
    for point in near[row]:
        if point not in seen:
            seen.add(point)
            if point not in partner or _finds_partner(partner[point], near, partner, seen):
                partner[point] = row
                return True
    return False
