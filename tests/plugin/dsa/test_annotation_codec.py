"""The form of annotations as they are read: nothing wrong gets in."""

import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import AnnotationError, TaxonomyError
from patherea_core.regions import inside
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import decode, decode_detections
from plugin.dsa.annotation_elements import ClassRule, as_hex
from tests.plugin.archive import point, polygon, square

TAXONOMY = Taxonomy.of(["positive", "negative", "other"])


def document(*elements: dict[str, Any], name: str = "labels") -> dict[str, Any]:
    numbered = [{"id": f"{row:024x}", **element} for row, element in enumerate(elements)]
    return {
        "_id": "a" * 24,
        "_version": 7,
        "updated": "2026-01-02",
        "annotation": {"name": name, "elements": numbered},
    }


def test_a_closed_outline_is_a_region_and_its_holes_are_holes() -> None:
    hole = [[2, 2, 0], [4, 2, 0], [4, 4, 0], [2, 4, 0]]
    (region,) = decode(document({**square(0, 0, 10), "holes": [hole]})).regions
    assert region.outline.area == pytest.approx(96)
    assert not region.outline.contains(shapely.Point(3, 3))


@given(st.lists(st.tuples(st.integers(-2, 12), st.integers(-2, 12)), max_size=30))
def test_a_region_holds_what_its_outline_holds(xy: list[tuple[int, int]]) -> None:
    hole = [[4, 4, 0], [6, 4, 0], [5, 6, 0]]
    ring = polygon((0, 0), (10, 3), (6, 10), holes=[hole])
    (region,) = decode(document(ring)).regions
    asked = np.array(xy, dtype=float).reshape(-1, 2)
    assert region.holds(asked).tolist() == inside(region.outline, asked).tolist()


def test_a_rectangle_turns_clockwise_to_the_eye() -> None:
    rectangle = {
        "type": "rectangle",
        "center": [10, 10, 0],
        "width": 8,
        "height": 2,
        "rotation": math.pi / 4,
    }
    (region,) = decode(document(rectangle)).regions
    assert region.outline.area == pytest.approx(16)
    # y grows downwards: the right end of the long side goes down.
    assert region.outline.contains(shapely.Point(12.5, 12.5))
    assert not region.outline.contains(shapely.Point(12.5, 7.5))


def test_the_class_of_a_point_is_its_group_and_else_its_label() -> None:
    stale = {**point(1, 2, "negative"), "label": {"value": "positive"}}
    bare = {"type": "point", "center": [3, 4, 0], "label": {"value": " other "}}
    shapes = decode(document(stale, bare))
    assert shapes.class_names == ("negative", "other")
    assert shapes.by_label == 1
    assert decode(document({**bare, "group": " "}, stale)).class_names == ("other", "negative")
    assert shapes.xy.tolist() == [[1, 2], [3, 4]]
    assert shapes.element_ids == (f"{0:024x}", f"{1:024x}")


ROUND = [
    {"type": "circle", "center": [3.5, 4, 0], "radius": 9},
    {"type": "ellipse", "center": [3.5, 4, 0], "width": 12, "height": 5, "rotation": 1},
]


@pytest.mark.parametrize("mark", ROUND, ids=["circle", "ellipse"])
def test_the_centre_of_a_small_round_mark_is_a_point(mark: dict[str, Any]) -> None:
    marked = document({**mark, "group": "positive"})
    shapes = decode(marked)
    assert shapes.xy.tolist() == [[3.5, 4]]
    assert (shapes.class_names, shapes.ignored) == (("positive",), ())
    assert decode_detections(marked, TAXONOMY).xy.tolist() == [[3.5, 4]]


@pytest.mark.parametrize("mark", ROUND, ids=["circle", "ellipse"])
def test_a_round_mark_far_larger_than_a_cell_is_passed_over(mark: dict[str, Any]) -> None:
    shapes = decode(document(square(0, 0, 9), {**mark, "radius": 201, "height": 401}))
    assert len(shapes.xy) == 0
    assert shapes.ignored == (mark["type"],)


def test_the_class_can_be_the_label_first_or_one_given_to_points_in_no_group() -> None:
    both = {**point(1, 2, "nuclei"), "label": {"value": "positive"}}
    bare = {"type": "point", "center": [3, 4, 0], "label": {"value": "other"}}
    nothing = {"type": "point", "center": [3, 4, 0]}
    by_label = decode(document(both, bare, point(1, 1, "negative")), ClassRule("label"))
    assert by_label.class_names == ("positive", "other", "negative")
    given = decode(document(both, bare, nothing), ClassRule(ungrouped="negative"))
    assert given.class_names == ("nuclei", "negative", "negative")
    assert (by_label.by_label, given.by_label) == (0, 0)


def test_the_author_is_told_with_the_annotation_and_its_regions() -> None:
    shapes = decode(document(square(0, 0, 9)), author="anna")
    assert shapes.annotation.author == shapes.regions[0].annotation.author == "anna"
    assert decode(document(square(0, 0, 9))).annotation.author is None


def test_what_is_neither_region_nor_point_is_named_and_passed_over() -> None:
    arrow = {"type": "arrow", "points": [[0, 0, 0], [1, 1, 0]]}
    line = {"type": "polyline", "closed": False, "points": [[0, 0, 0], [1, 1, 0]]}
    shapes = decode(document(arrow, line, point(1, 1)))
    assert shapes.ignored == ("arrow", "polyline")
    assert len(shapes.xy) == 1
    assert shapes.regions == ()


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ([], ["'labels'", "is empty"]),
        ([polygon((0, 0), (10, 0), (0, 10), (10, 9))], ["crosses itself", "0" * 24, "'labels'"]),
        ([polygon((0, 0), (10, 10), (10, 0), (0, 10))], ["crosses itself", "0" * 24, "'labels'"]),
        ([polygon((0, 0), (5, 5), (10, 10))], ["no area", "0" * 24]),
        ([polygon((0, 0), (5, 5))], ["no closed shape", "0" * 24, "'labels'"]),
        ([{"type": "point", "center": [1, 2, 0]}], ["(1.0, 2.0)", "has no class", "0" * 24]),
        ([{"type": "point", "group": "a"}], ["has no position", "0" * 24, "'labels'"]),
        ([{"type": "point", "center": [1, None, 0], "group": "a"}], ["has no position"]),
    ],
)
def test_what_cannot_serve_is_named_with_its_annotation(
    elements: list[dict[str, Any]], words: list[str]
) -> None:
    with pytest.raises(AnnotationError) as caught:
        decode(document(*elements))
    for word in words:
        assert word in str(caught.value)


def test_a_detection_that_a_person_added_scores_one_and_a_relabelled_one_has_its_new_class() -> (
    None
):
    relabelled = {**point(1, 1, "other"), "user": {"p": 0.25, "c": "positive"}}
    found = decode_detections(document(relabelled, point(2, 2, "negative")), TAXONOMY)
    assert found.class_index.tolist() == [2, 1]
    assert found.score.tolist() == [0.25, 1.0]


def test_a_detection_of_an_unknown_class_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="'tumor'"):
        decode_detections(document(point(1, 1, "tumor")), TAXONOMY)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("#0AF", "#00aaff"),
        ("#0af8", "#00aaff"),
        ("#00aaff", "#00aaff"),
        ("#00aaff80", "#00aaff"),
        ("rgb(0, 170,255)", "#00aaff"),
        ("rgba(0,170,255,0.5)", "#00aaff"),
        ("blue", ""),
        (None, ""),
    ],
)
def test_the_as_hex_an_element_is_read_in_each_form_that_the_archive_takes(
    said: str | None, meant: str
) -> None:
    assert as_hex(said) == meant
