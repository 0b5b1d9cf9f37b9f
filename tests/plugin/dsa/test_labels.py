"""Which point belongs to which region, and what is refused."""

from typing import Any

import pytest

from patherea_core.errors import AnnotationError, TaxonomyError
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import Shapes, decode
from plugin.dsa.labels import found_classes, labelled_regions
from tests.plugin.archive import point, square

TAXONOMY = Taxonomy.of(["positive", "negative"])


def shapes(*elements: dict[str, Any], name: str = "labels", number: int = 1) -> Shapes:
    numbered = [
        {"id": f"{number * 100 + row:024x}", **element} for row, element in enumerate(elements)
    ]
    document = {"_id": f"{number:024x}", "annotation": {"name": name, "elements": numbered}}
    return decode(document)


def test_points_find_their_region_across_annotations() -> None:
    outlines = shapes(square(0, 0, 10), square(20, 0, 10), name="areas", number=1)
    cells = shapes(point(25, 5), point(5, 5, "negative"), point(21, 1), name="cells", number=2)
    first, second = labelled_regions([outlines, cells], TAXONOMY)
    assert first.points.xy.tolist() == [[5, 5]]
    assert first.points.class_index.tolist() == [1]
    assert second.points.xy.tolist() == [[25, 5], [21, 1]]
    assert second.element_ids == (f"{200:024x}", f"{202:024x}")
    assert second.annotation_ids == (f"{1:024x}", f"{2:024x}")


def test_a_region_without_a_point_is_valid() -> None:
    (region,) = labelled_regions([shapes(square(0, 0, 10))], TAXONOMY)
    assert len(region.points) == 0


def test_a_point_on_a_shared_edge_belongs_to_one_region() -> None:
    own = shapes(square(0, 0, 10), square(10, 0, 10), point(10, 5))
    counts = [len(region.points) for region in labelled_regions([own], TAXONOMY)]
    assert counts == [1, 0]


def test_a_point_outside_is_named_with_its_place_and_how_to_mend_it() -> None:
    own = shapes(square(0, 0, 10), point(5, 5), point(50.25, 60), point(70, 70))
    with pytest.raises(AnnotationError) as caught:
        labelled_regions([own], TAXONOMY)
    for word in (f"{102:024x}", "'labels'", "(50.2, 60.0)", "1 others", "--points-outside drop"):
        assert word in str(caught.value)


def test_points_outside_can_be_dropped() -> None:
    own = shapes(square(0, 0, 10), point(5, 5), point(50, 60))
    (region,) = labelled_regions([own], TAXONOMY, "drop")
    assert region.points.xy.tolist() == [[5, 5]]


def test_an_unknown_class_is_named_with_its_element_and_the_known_ones() -> None:
    with pytest.raises(TaxonomyError) as caught:
        labelled_regions([shapes(square(0, 0, 10), point(5, 5, "Positive"))], TAXONOMY)
    for word in (f"{101:024x}", "'labels'", "'Positive'", "positive, negative"):
        assert word in str(caught.value)


def test_overlapping_regions_are_refused_by_both_names() -> None:
    one = shapes(square(0, 0, 10), name="Anna", number=1)
    other = shapes(square(9, 0, 10), name="Ben", number=2)
    with pytest.raises(AnnotationError, match=r"'Anna'.*'Ben'.*overlap by 10 square pixels"):
        labelled_regions([one, other], TAXONOMY)


def test_regions_drawn_along_each_other_do_not_overlap() -> None:
    own = shapes(square(0, 0, 10), square(9.95, 0, 10))
    assert len(labelled_regions([own], TAXONOMY)) == 2


def test_the_classes_found_are_in_order_of_the_alphabet() -> None:
    own = [shapes(point(1, 1, "b"), point(2, 2, "a")), shapes(point(1, 1, "c"), point(1, 2, "a"))]
    assert found_classes(own) == ("a", "b", "c")
