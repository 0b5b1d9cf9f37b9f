"""The form of annotations: what is written is read back, and nothing wrong gets in."""

import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import AnnotationError, TaxonomyError
from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import (
    blocks,
    decode,
    decode_detections,
    element_id,
    encode,
    is_detections,
)
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


def encoded(detections: Detections, run_id: str = "run") -> dict[str, Any]:
    return encode(detections, TAXONOMY, name="Cells", run_id=run_id, attributes={"mpp": 0.25})


@st.composite
def some_detections(draw: st.DrawFn) -> Detections:
    """Detections at hundredths of a pixel, with scores of four digits."""
    count = draw(st.integers(0, 30))
    position = st.integers(0, 10_000_000).map(lambda value: value / 100)
    xy = draw(st.lists(st.tuples(position, position), min_size=count, max_size=count))
    classes = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    scores = draw(st.lists(st.integers(0, 10_000), min_size=count, max_size=count))
    return Detections(
        np.array(xy, dtype=float).reshape(-1, 2),
        np.array(classes, dtype=np.int64),
        np.array(scores, dtype=float) / 10_000,
    )


def rows(detections: Detections) -> list[tuple[float, ...]]:
    return sorted(
        zip(
            *detections.xy.T.tolist(),
            detections.class_index.tolist(),
            detections.score.tolist(),
            strict=True,
        )
    )


@given(some_detections())
def test_what_is_written_is_read_back(detections: Detections) -> None:
    written = json.loads(json.dumps(encoded(detections), allow_nan=False))
    assert rows(decode_detections({"annotation": written}, TAXONOMY)) == rows(detections)


@given(some_detections())
def test_points_are_sorted_by_class_with_one_set_of_keys_and_ids_of_their_own(
    detections: Detections,
) -> None:
    elements = encoded(detections)["elements"]
    order = [TAXONOMY.index(element["group"]) for element in elements]
    assert order == sorted(order)
    assert len({tuple(element) for element in elements}) <= 1
    assert len({element["id"] for element in elements}) == len(elements)
    assert all(set(element["id"]) <= set("0123456789abcdef") for element in elements)


def test_the_same_run_gives_the_same_ids_and_another_run_gives_others() -> None:
    assert element_id("run", 5) == element_id("run", 5)
    assert element_id("run", 5) != element_id("run", 6)
    assert element_id("run", 5) != element_id("other", 5)
    assert len(element_id("run", 5)) == 24


def test_an_annotation_is_one_bare_object_with_the_known_keys() -> None:
    written = encoded(Detections.none())
    assert set(written) == {"name", "description", "display", "attributes", "elements"}
    assert is_detections({"annotation": written})
    assert not is_detections(document(point(1, 1)))


def test_no_key_of_the_attributes_has_a_dot_and_no_number_is_undefined() -> None:
    written = encode(
        Detections.none(),
        TAXONOMY,
        name="Cells",
        run_id="run",
        attributes={"model": {"a.b": [float("nan"), 1.5, {"$c": 2}]}},
    )
    ours = written["attributes"]["patherea"]
    assert ours["model"] == {"a_b": [None, 1.5, {"_c": 2}]}


def test_large_image_accepts_what_is_written() -> None:
    pytest.importorskip("girder_large_image_annotation")
    detections = Detections(
        np.array([[1.234, 5.678], [3.0, 4.0], [0.0, 0.0]]),
        np.array([2, 0, 1]),
        np.array([0.5, 1.0, 0.0]),
    )
    # In a process of its own, for the archive's server is imported with the schema.
    code = (
        "import json, sys, jsonschema\n"
        "from girder_large_image_annotation.models.annotation import AnnotationSchema\n"
        "jsonschema.validate(json.load(sys.stdin), AnnotationSchema.annotationSchema)\n"
    )
    checked = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(encoded(detections)),
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr[-2000:]


def test_a_large_result_comes_in_parts_that_lose_nothing() -> None:
    detections = Detections(np.arange(20.0).reshape(10, 2), np.zeros(10, int), np.ones(10))
    parts = blocks(detections, 4)
    assert [len(part) for part in parts] == [4, 4, 2]
    assert rows(Detections.concatenate(parts)) == rows(detections)
    assert len(blocks(Detections.none())) == 1


def test_a_closed_outline_is_a_region_and_its_holes_are_holes() -> None:
    hole = [[2, 2, 0], [4, 2, 0], [4, 4, 0], [2, 4, 0]]
    (region,) = decode(document({**square(0, 0, 10), "holes": [hole]})).regions
    assert region.outline.area == pytest.approx(96)
    assert not region.outline.contains(shapely.Point(3, 3))


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
    assert shapes.xy.tolist() == [[1, 2], [3, 4]]
    assert shapes.element_ids == (f"{0:024x}", f"{1:024x}")


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
