"""Labels of several annotators of one slide, kept apart: each with regions of their own. Pure.

Two annotators may draw the same regions, or the second labels the regions that the first one drew. So a
region belongs to whoever drew it, and is lent to annotators with points in it that lie in no region of
their own. A region that was lent, of somebody who set no point on the slide, was drawn for others only.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from patherea_core.geometry import Floats
from plugin.dsa.annotation_codec import Region, Shapes

#: Square pixels that two regions may share because their edges were drawn along each other.
NEGLIGIBLE_AREA = 1.0

#: Stands for the author of an annotation that the archive does not name.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class OwnLabels:
    """The labels of one annotator of a slide.

    Attributes:
        annotator: login of who set the points.
        shapes: their regions and points, by annotation; of another's annotation the lent regions alone.
        lent: the regions that others drew.
    """

    annotator: str
    shapes: tuple[Shapes, ...]
    lent: tuple[Region, ...] = ()


def by_annotator(annotations: Sequence[Shapes]) -> tuple[OwnLabels, ...]:
    """Return the labels of each annotator of a slide, in order of their logins."""
    own: dict[str, list[Shapes]] = {}
    for shapes in annotations:
        own.setdefault(shapes.annotation.author or UNKNOWN, []).append(shapes)
    lent = {annotator: _lent(annotator, own) for annotator in own}
    given = [region for regions in lent.values() for region in regions]
    found = []
    for annotator in sorted(own):
        labels = own[annotator]
        if not any(len(shapes.xy) for shapes in labels):
            labels = [_keeping(shapes, lambda region: region not in given) for shapes in labels]
        needed = lent[annotator]
        borrowed = [
            _without_points(_keeping(shapes, needed.__contains__))
            for other, theirs in own.items()
            if other != annotator
            for shapes in theirs
        ]
        whole = tuple(one for one in (*labels, *borrowed) if one.regions or len(one.xy))
        if whole:
            found.append(OwnLabels(annotator, whole, needed))
    return tuple(found)


def twice_labelled(annotations: Sequence[Shapes]) -> dict[Region, dict[str, int]]:
    """Return the regions of a slide that hold points of several annotators, with how many of each."""
    found = {}
    for region in (region for shapes in annotations for region in shapes.regions):
        counts: Counter[str] = Counter()
        for shapes in annotations:
            counts[shapes.annotation.author or UNKNOWN] += int(
                np.count_nonzero(region.holds(shapes.xy))
            )
        having = {annotator: count for annotator, count in counts.items() if count}
        if len(having) > 1:
            found[region] = having
    return found


def overlap(one: Region, other: Region) -> float:
    """Return the square pixels that two regions share; 0 where merely their edges cross."""
    shared = float(one.outline.intersection(other.outline).area)
    return shared if shared >= NEGLIGIBLE_AREA else 0.0


def _lent(annotator: str, own: Mapping[str, Sequence[Shapes]]) -> tuple[Region, ...]:
    """Return the regions of others that an annotator needs for points in no own region, oldest first."""
    taken = [region for shapes in own[annotator] for region in shapes.regions]
    homeless = _outside(np.concatenate([shapes.xy for shapes in own[annotator]]), taken)
    lent: list[Region] = []
    for other, theirs in own.items():
        if other == annotator:
            continue
        for region in (region for shapes in theirs for region in shapes.regions):
            if not len(homeless):
                return tuple(lent)
            left = _outside(homeless, [region])
            if len(left) < len(homeless) and not any(overlap(region, one) for one in taken):
                lent.append(region)
                taken.append(region)
                homeless = left
    return tuple(lent)


def _outside(xy: Floats, regions: Sequence[Region]) -> Floats:
    """Return those of (N, 2) positions that lie in none of the regions."""
    for region in regions:
        xy = xy[~region.holds(xy)]
    return xy


def _keeping(shapes: Shapes, is_kept: Callable[[Region], bool]) -> Shapes:
    return replace(shapes, regions=tuple(region for region in shapes.regions if is_kept(region)))


def _without_points(shapes: Shapes) -> Shapes:
    return replace(shapes, xy=shapes.xy[:0], class_names=(), element_ids=())
