"""The labels of a review are what the export of a dataset reads back."""

from typing import Any

import numpy as np

from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import decode, is_detections, is_ours
from plugin.dsa.labels import labelled_regions
from plugin.review.areas import ReviewedAreas, drawn_areas
from plugin.review.changes import Changes, compare
from plugin.review.labels import LabelsHead, labels_of
from plugin.review.state import State
from tests.builders import detections, ring, square

NAMES = ("positive", "negative")
IDS = tuple(f"{row:024x}" for row in range(4))


def harvest() -> tuple[Changes, ReviewedAreas]:
    before = State(IDS, detections((10, 10, 1), (50, 50, 0), (90, 90, 0), (500, 500, 0)))
    after = State(
        (*IDS[:2], "odd", IDS[3]), detections((10, 12, 1), (50, 50, 1), (80, 20, 0), (500, 500, 0))
    )
    areas = drawn_areas([ring(0, 0, 100, 20), square(200, 0, 50)], square(0, 0, 1000))
    return compare(before, after, 2, 8.0), areas


def document() -> dict[str, Any]:
    changes, areas = harvest()
    head = LabelsHead("Reviewed", "run", {"slide": "s"}, {"positive": "#112233"})
    return labels_of(changes, areas, NAMES, head)


def test_the_export_reads_the_regions_and_the_cells_as_the_reviewer_left_them() -> None:
    shapes = decode({"_id": "1" * 24, "annotation": document()})
    regions = labelled_regions([shapes], Taxonomy.of(NAMES))
    # The cell in the hole and the one beyond the regions were not reviewed.
    assert [len(region.points) for region in regions] == [2, 0]
    first = regions[0]
    assert sorted(map(tuple, first.points.xy.tolist())) == [(10, 12), (80, 20)]
    assert len(first.outline.interiors) == 1


def test_points_keep_their_ids_where_these_can_serve() -> None:
    points = [entry for entry in document()["elements"] if entry["type"] == "point"]
    ids = [entry["id"] for entry in points]
    assert IDS[0] in ids
    assert "odd" not in ids
    assert len(set(ids)) == len(ids) == 2
    assert {entry["user"]["review"] for entry in points} == {"moved", "added"}


def test_points_of_a_class_come_together_with_one_set_of_keys() -> None:
    changes, _ = harvest()
    areas = drawn_areas([square(0, 0, 1000)], square(0, 0, 1000))
    head = LabelsHead("Reviewed", "run", {}, {"positive": "#112233"})
    points = labels_of(changes, areas, NAMES, head)["elements"][1:]
    groups = [entry["group"] for entry in points]
    assert groups == ["positive", "positive", "negative", "negative"]
    assert len({tuple(entry) for entry in points}) == 1
    assert points[0]["lineColor"] == "#112233"


def test_it_is_ours_but_no_detections() -> None:
    wrapped = {"annotation": document()}
    assert is_ours(wrapped)
    assert not is_detections(wrapped)


def test_a_review_that_left_nothing_has_regions_only() -> None:
    before = State(IDS[:1], detections((10, 10, 0)))
    empty = compare(before, State((), detections()), 2, 8.0)
    areas = drawn_areas([square(0, 0, 100)], square(0, 0, 100))
    found = labels_of(empty, areas, NAMES, LabelsHead("Reviewed", "run", {}, {}))
    assert [entry["type"] for entry in found["elements"]] == ["polyline"]
    assert np.count_nonzero(empty.after >= 0) == 0
