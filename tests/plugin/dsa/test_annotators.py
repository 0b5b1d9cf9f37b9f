"""Annotators of one slide are kept apart: no point is lost, doubled, or given to somebody else."""

from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import AnnotationError
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import Shapes, decode
from plugin.dsa.annotators import OwnLabels, by_annotator, twice_labelled
from plugin.dsa.labels import labelled_regions
from tests.plugin.archive import point, square

TAXONOMY = Taxonomy.of(["positive"])
PLACES = st.lists(st.tuples(st.floats(1, 39), st.floats(1, 9)), max_size=6)


def shapes(author: str | None, *elements: dict[str, object], number: int = 0) -> Shapes:
    numbered = [
        {"id": f"{number}-{author}-{row}", **element} for row, element in enumerate(elements)
    ]
    document = {"_id": f"{number}-{author}", "annotation": {"name": "l", "elements": numbered}}
    return decode(document, author=author)


def strips(count: int = 4) -> list[dict[str, object]]:
    return [square(10 * row, 0, 10) for row in range(count)]


def counted(found: tuple[OwnLabels, ...]) -> dict[str, list[int]]:
    return {
        own.annotator: [len(region.points) for region in labelled_regions(own.shapes, TAXONOMY)]
        for own in found
    }


def test_regions_that_both_drew_belong_to_each() -> None:
    anna = shapes("anna", square(0, 0, 10), point(5, 5))
    ben = shapes("ben", square(1, 0, 10), point(5, 5), point(6, 6))
    found = by_annotator([ben, anna])
    assert counted(found) == {"anna": [1], "ben": [2]}
    assert [own.lent for own in found] == [(), ()]


def test_regions_are_lent_to_those_who_labelled_in_them_and_only_those() -> None:
    anna = shapes("anna", *strips(3), point(5, 5), point(15, 5), point(25, 5))
    ben = shapes("ben", point(5, 5), point(6, 6), point(25, 5))
    found = by_annotator([anna, ben])
    assert counted(found) == {"anna": [1, 1, 1], "ben": [2, 1]}
    assert [region.element_id for region in found[1].lent] == ["0-anna-0", "0-anna-2"]


def test_whoever_only_outlines_has_those_regions_that_nobody_labelled() -> None:
    chief = shapes("chief", *strips(3))
    found = by_annotator([chief, shapes("anna", point(5, 5)), shapes("ben", point(15, 5))])
    assert counted(found) == {"anna": [1], "ben": [1], "chief": [0]}
    assert found[2].shapes[0].regions[0].element_id == "0-chief-2"


def test_of_regions_that_overlap_one_is_lent() -> None:
    anna, ben = shapes("anna", square(0, 0, 10)), shapes("ben", square(1, 0, 10), point(5, 5))
    found = by_annotator([anna, ben, shapes("eve", point(6, 6))])
    assert counted(found) == {"ben": [1], "eve": [1]}
    assert found[1].lent == anna.regions


def test_a_point_in_no_region_at_all_is_still_refused() -> None:
    found = by_annotator([shapes("anna", *strips(1)), shapes("ben", point(50, 50))])
    (ben,) = (own for own in found if own.annotator == "ben")
    with pytest.raises(AnnotationError, match="outside of every region"):
        labelled_regions(ben.shapes, TAXONOMY)


def test_who_is_not_known_is_one_annotator() -> None:
    own = [shapes(None, square(0, 0, 10), number=1), shapes(None, point(5, 5), number=2)]
    assert counted(by_annotator(own)) == {"unknown": [1]}


@given(PLACES, PLACES, st.permutations(range(3)))
def test_every_annotator_keeps_all_points_and_order_does_not_matter(
    one: list[tuple[float, float]], other: list[tuple[float, float]], order: list[int]
) -> None:
    labels = [
        shapes("chief", *strips()),
        shapes("anna", *(point(*xy) for xy in one)) if one else shapes("anna", square(90, 0, 9)),
        shapes("ben", *(point(*xy) for xy in other)) if other else shapes("ben", square(90, 0, 9)),
    ]
    found = by_annotator([labels[row] for row in order])
    assert counted(found) == counted(by_annotator(labels))
    for own, xy in (("anna", one), ("ben", other)):
        (mine,) = (labels for labels in found if labels.annotator == own)
        regions = labelled_regions(mine.shapes, TAXONOMY)
        assert sum(len(region.points) for region in regions) == len(xy)
        named = Counter(element for region in regions for element in region.element_ids)
        assert set(named.values()) <= {1}
        assert all(f"-{own}-" in element for element in named)


def test_a_region_with_points_of_two_annotators_is_told_with_their_numbers() -> None:
    anna = shapes("anna", *strips(2), point(5, 5), point(15, 5))
    ben = shapes("ben", point(5, 6), point(6, 5))
    ((region, counts),) = twice_labelled([anna, ben]).items()
    assert region.outline.equals(shapely.box(0, 0, 10, 10))
    assert counts == {"anna": 1, "ben": 2}
    assert np.sum([len(own.xy) for own in (anna, ben)]) == 4
