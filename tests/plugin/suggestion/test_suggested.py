"""Suggested regions as an annotation."""

import shapely

from patherea_core.geometry import Scale
from plugin.dsa.annotation_codec import decode, is_detections, is_ours
from plugin.suggestion.merit import Weights
from plugin.suggestion.suggested import (
    Suggestion,
    free_fields,
    suggestions,
    suggestions_annotation,
)
from tests.builders import square
from tests.plugin.suggestion.fields import seen

SCALE = Scale(base_mpp=0.25, working_mpp=0.5)
FIELDS = [
    seen(0, (10, 10, 0), doubt=0.1),
    seen(1, (10, 10, 0), doubt=0.9),
    seen(2, (10, 10, 0), doubt=0.5),
]


def found(count: int = 2) -> tuple[Suggestion, ...]:
    return suggestions(FIELDS, 2, 4.0, Weights(), count)


def test_the_best_come_first_and_no_more_than_asked_for() -> None:
    assert [one.box.left for one in found()] == [100, 200]
    assert len(found(99)) == 3


def test_regions_lie_where_the_fields_are_on_the_slide() -> None:
    document = suggestions_annotation(found(), SCALE, "Suggested", "run", {"slide": "s"})
    shapes = decode({"annotation": document})
    assert [region.outline.bounds for region in shapes.regions] == [
        (200, 0, 400, 200),
        (400, 0, 600, 200),
    ]
    assert len(shapes.xy) == 0


def test_every_region_says_its_place_and_why() -> None:
    document = suggestions_annotation(found(), SCALE, "Suggested", "run", {})
    first, second = document["elements"]
    assert first["label"]["value"] == "1: merit 1.00"
    assert [one["user"]["order"] for one in (first, second)] == [1, 2]
    ours = document["attributes"]["patherea"]
    assert set(first["user"]) - {"order"} <= set(ours["explanation"])
    assert is_ours({"annotation": document})
    assert not is_detections({"annotation": document})


def test_the_same_run_gives_the_same_document() -> None:
    once, twice = (suggestions_annotation(found(), SCALE, "S", "run", {}) for _ in range(2))
    assert once == twice


def test_fields_that_share_area_with_labels_are_left_out() -> None:
    edge_only = square(400, 0, 10)
    assert free_fields(FIELDS, [], SCALE) == FIELDS
    left = free_fields(FIELDS, [square(150, 50, 20), edge_only], SCALE)
    assert [field.box.left for field in left] == [100]
    assert free_fields(FIELDS, [shapely.box(0, 0, 999, 999)], SCALE) == []
