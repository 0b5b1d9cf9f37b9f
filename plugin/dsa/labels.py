"""Which point belongs to which region: from the shapes of a slide's annotations to labelled regions."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np

from patherea_core.errors import AnnotationError, ArchiveError, TaxonomyError
from patherea_core.geometry import Bools, Ints
from patherea_core.points import Points
from patherea_core.regions import AnnotatedRegion
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import Region, Shapes, decode
from plugin.dsa.annotation_elements import GROUP_FIRST, ClassRule
from plugin.dsa.annotations import (
    AnnotationSummary,
    chosen_labels,
    list_annotations,
    read_annotation,
)
from plugin.dsa.annotators import overlap
from plugin.dsa.answers import NotFoundError
from plugin.dsa.label_choice import without_used_up
from plugin.dsa.people import People
from plugin.dsa.session import Session

log = logging.getLogger(__name__)

PointsOutside: TypeAlias = Literal["error", "drop"]


def read_labels(session: Session, item_id: str, pattern: str) -> tuple[Shapes, ...]:
    """Return the shapes of a slide's annotations that are labels; none if it has none.

    What told what was reviewed is left out, unless it is named in full.

    Raises:
        AnnotationError: an annotation is empty, or an element cannot serve.
    """
    listed = list_annotations(session, item_id)
    fitting = chosen_labels(listed, pattern)
    return read_chosen(session, without_used_up(fitting, listed, pattern))


def read_chosen(
    session: Session,
    chosen: Sequence[AnnotationSummary],
    rule: ClassRule = GROUP_FIRST,
    people: People | None = None,
) -> tuple[Shapes, ...]:
    """Return the shapes of some annotations of a slide.

    Args:
        session: of the archive.
        chosen: the annotations.
        rule: how the class of a point is found.
        people: tells their authors' logins; without it nobody asks for them.

    Raises:
        AnnotationError: an annotation is empty, or an element cannot serve.
    """
    found = tuple(_read(session, summary, rule, people) for summary in chosen)
    for shapes in found:
        if shapes.ignored:
            kinds = ", ".join(shapes.ignored)
            log.warning("%s: elements of type %s are passed over", shapes.annotation.name, kinds)
        if shapes.by_label:
            log.warning(
                "%s: %d of %d points have no group, so their label is taken for their class; it is that of"
                " before where they were given the viewer's default group, which is taken off: give those a"
                " group",
                shapes.annotation.name,
                shapes.by_label,
                len(shapes.xy),
            )
    return found


def _read(
    session: Session, summary: AnnotationSummary, rule: ClassRule, people: People | None
) -> Shapes:
    author = people.person(summary.creator_id).login if people and summary.creator_id else None
    try:
        document = read_annotation(session, summary.id)
    except NotFoundError as error:
        raise ArchiveError(
            f"annotation {summary.name!r} was removed while it was read; run again without it"
        ) from error
    return decode(document, rule, author)


@contextmanager
def naming(slide: str) -> Iterator[None]:
    """Say in front of what is wrong with labels on which slide they are."""
    try:
        yield
    except (AnnotationError, TaxonomyError) as error:
        raise type(error)(f"slide {slide!r}: {error}") from error


def found_classes(annotations: Sequence[Shapes]) -> tuple[str, ...]:
    """Return the classes of all points, in order of the alphabet."""
    return tuple(sorted({name for shapes in annotations for name in shapes.class_names}))


def labelled_regions(
    annotations: Sequence[Shapes], taxonomy: Taxonomy, points_outside: PointsOutside = "error"
) -> tuple[AnnotatedRegion, ...]:
    """Return the regions of one slide with their points, from whichever annotations they are in.

    Raises:
        AnnotationError: a point lies outside of every region, or two regions overlap.
        TaxonomyError: a point is of a class that the taxonomy does not know.
    """
    regions = [region for shapes in annotations for region in shapes.regions]
    _require_apart(regions)
    owners = [_owners(shapes, regions) for shapes in annotations]
    for shapes, owner in zip(annotations, owners, strict=True):
        _require_inside(shapes, owner < 0, points_outside)
    indices = [_class_index(shapes, taxonomy) for shapes in annotations]
    return tuple(
        _region_with_points(region, row, list(zip(annotations, indices, owners, strict=True)))
        for row, region in enumerate(regions)
    )


def _require_apart(regions: Sequence[Region]) -> None:
    for one, other in combinations(regions, 2):
        shared = overlap(one, other)
        if shared:
            raise AnnotationError(
                f"regions {_named(one)} and {_named(other)} overlap by {shared:.0f} square pixels, "
                f"whose cells would count twice; {_mend(one, other)}"
            )


def _mend(one: Region, other: Region) -> str:
    names = (one.annotation.name, other.annotation.name)
    if names[0] == names[1]:
        return "make them one, draw them apart, or choose annotations by --author"
    return f"take {names[0]!r} or {names[1]!r} alone with --annotations, or draw the regions apart"


def _named(region: Region) -> str:
    return f"{region.element_id} of annotation {region.annotation.name!r}"


def _owners(shapes: Shapes, regions: Sequence[Region]) -> Ints:
    """Return for each point the first region that holds it: (N,), -1 for none."""
    owner = np.full(len(shapes.xy), -1, dtype=np.int64)
    for row, region in enumerate(regions):
        owner[(owner < 0) & region.holds(shapes.xy)] = row
    return owner


def _require_inside(shapes: Shapes, outside: Bools, points_outside: PointsOutside) -> None:
    count = int(np.count_nonzero(outside))
    if not count:
        return
    if points_outside == "drop":
        log.warning("%s: %s points outside of every region left out", shapes.annotation.name, count)
        return
    first = int(np.flatnonzero(outside)[0])
    x, y = shapes.xy[first]
    raise AnnotationError(
        f"point {shapes.element_ids[first]} of annotation {shapes.annotation.name!r} at "
        f"({x:.1f}, {y:.1f}) lies outside of every region{_others(count)}; move it, outline a region "
        "around it, or leave such points out with --points-outside drop"
    )


def _others(count: int) -> str:
    return f", and so do {count - 1} others" if count > 1 else ""


def _class_index(shapes: Shapes, taxonomy: Taxonomy) -> Ints:
    index = {name: row for row, name in enumerate(taxonomy.names)}
    for element, name in zip(shapes.element_ids, shapes.class_names, strict=True):
        if name not in index:
            raise TaxonomyError(
                f"point {element} of annotation {shapes.annotation.name!r} is of class {name!r}, which "
                f"is unknown; the classes are: {', '.join(taxonomy.names)}"
            )
    return np.array([index[name] for name in shapes.class_names], dtype=np.int64)


def _region_with_points(
    region: Region, row: int, sources: Sequence[tuple[Shapes, Ints, Ints]]
) -> AnnotatedRegion:
    chosen = [(shapes, index, owner == row) for shapes, index, owner in sources]
    annotation_ids = {region.annotation.id: None}
    annotation_ids |= {shapes.annotation.id: None for shapes, _, mask in chosen if mask.any()}
    return AnnotatedRegion(
        name=region.element_id,
        outline=region.outline,
        points=Points(
            np.concatenate([shapes.xy[mask] for shapes, _, mask in chosen]),
            np.concatenate([index[mask] for _, index, mask in chosen]),
        ),
        element_ids=tuple(
            shapes.element_ids[own] for shapes, _, mask in chosen for own in np.flatnonzero(mask)
        ),
        annotation_ids=tuple(annotation_ids),
    )
