"""What chance alone would score: the same number of detections, thrown at random into the same area.

A radius around every cell covers much of a dense field, so random detections hit often: a score says
something only beside the score of chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.scores import ClassCounts, count_classes, mean_f1
from patherea_core.geometry import Floats
from patherea_core.regions import Outline, inside
from patherea_core.seeding import Seed

#: Positions tried at once while an outline is filled.
_MOST_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class ChanceLevel:
    """The mean scores of random detections.

    Attributes:
        per_class: F1 of each class; None for a class that does not occur.
        any_class: F1 whatever the class; None if nothing occurs.
        mean: mean F1 over the classes that occur; None if none does.
        draws: how often chance was tried.
    """

    per_class: tuple[float | None, ...]
    any_class: float | None
    mean: float | None
    draws: int


def chance_f1(
    fields: Sequence[Field], class_count: int, radius: float, seed: Seed, draws: int = 20
) -> ChanceLevel:
    """Return what the fields would score if the detections lay anywhere.

    In every draw each detection keeps its class and gets a position from a uniform distribution over
    the field's area, holes left out; where the area is not known, over the box around all points and
    detections, the widest radius wider on every side. Counts are summed over fields before scores are
    taken.

    Args:
        fields: regions with their detections and points.
        class_count: number of classes (T).
        radius: accepted distance, inclusive (r), of points that have no radius of their own.
        seed: root of the stream "chance", one for each draw and field.
        draws: how many times chance is tried; the result is the mean.
    """
    totals = [_one_draw(fields, class_count, radius, seed, draw) for draw in range(draws)]
    return ChanceLevel(
        per_class=tuple(
            _mean([total.per_class[row].f1 for total in totals]) for row in range(class_count)
        ),
        any_class=_mean([total.any_class.f1 for total in totals]),
        mean=_mean([mean_f1(total.per_class) for total in totals]),
        draws=draws,
    )


def _one_draw(
    fields: Sequence[Field], class_count: int, radius: float, seed: Seed, draw: int
) -> ClassCounts:
    total = ClassCounts.none(class_count)
    for row, field in enumerate(fields):
        detections = field.detections
        if len(detections):
            random = seed.stream("chance", draw, row)
            detections = detections.moved_to(
                uniform_xy(_area(field, radius), len(detections), random)
            )
        total += count_classes(detections, field.points, class_count, field.accepted(radius))
    return total


def _mean(scores: Sequence[float | None]) -> float | None:
    defined = [score for score in scores if score is not None]
    return float(np.mean(defined)) if defined else None


def _area(field: Field, radius: float) -> Outline:
    if field.area is not None:
        return field.area
    xy = np.concatenate([field.detections.xy, field.points.xy])
    margin = np.max(field.accepted(radius)) if len(field.points) else radius
    (left, top), (right, bottom) = xy.min(axis=0) - margin, xy.max(axis=0) + margin
    return shapely.box(left, top, right, bottom)


def uniform_xy(area: Outline, count: int, random: np.random.Generator) -> Floats:
    """Return (count, 2) independent positions, uniform over an outline with its holes left out."""
    parts = shapely.get_parts(area)
    sizes = shapely.area(parts)
    chosen = random.multinomial(count, sizes / sizes.sum())
    filled = [_fill(part, number, random) for part, number in zip(parts, chosen, strict=True)]
    # The parts' positions come one part after the other; the detections' classes should not.
    return random.permutation(np.concatenate(filled))


def _fill(part: Outline, count: int, random: np.random.Generator) -> Floats:
    left, top, right, bottom = part.bounds
    share = part.area / ((right - left) * (bottom - top))
    found = np.empty((0, 2))
    while len(found) < count:
        tries = min(_MOST_AT_ONCE, math.ceil(1.2 * (count - len(found)) / share) + 8)
        xy = random.uniform((left, top), (right, bottom), size=(tries, 2))
        found = np.concatenate([found, xy[inside(part, xy)]])
    return found[:count]
