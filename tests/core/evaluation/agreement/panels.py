"""Simulated observers of the same regions, who miss cells and take one class for another."""

import numpy as np

from patherea_core.evaluation.agreement.observers import Observer
from patherea_core.points import Points


def tissue(regions: int, seed: int = 0, *, classes: int = 2) -> list[Points]:
    """Return the true cells of some regions, at random places."""
    random = np.random.default_rng(seed)
    return [
        Points(random.uniform(0, 300, size=(count, 2)), random.integers(classes, size=count))
        for count in random.integers(15, 60, size=regions)
    ]


def seen_by(
    name: str, cells: list[Points], *, seed: int, missed: float = 0.1, mistaken: float = 0.1
) -> Observer:
    """Return an observer who misses a share of the cells and mistakes a share of their two classes."""
    random = np.random.default_rng(seed)
    regions = []
    for points in cells:
        kept = points.take(random.random(len(points)) >= missed)
        wrong = random.random(len(kept)) < mistaken
        index = np.where(wrong, 1 - kept.class_index, kept.class_index)
        regions.append(Points(kept.xy + random.normal(0, 1, size=kept.xy.shape), index))
    return Observer(name, tuple(regions))


def panel(regions: int = 8, people: int = 3) -> list[Observer]:
    """Return observers of the same regions, called a, b, c …."""
    cells = tissue(regions)
    return [seen_by(chr(ord("a") + row), cells, seed=row + 1) for row in range(people)]


def as_model(observer: Observer, name: str = "model") -> Observer:
    """Return a model that marks what the observer marked."""
    return Observer(name, observer.regions, is_model=True)
