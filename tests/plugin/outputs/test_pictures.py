"""The picture of matches shows what was found, missed and wrong, and is written whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from PIL import Image

from patherea_core.errors import InputError, OutputError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.outcomes import outcomes
from patherea_core.geometry import Box
from patherea_core.points import Detections, Points
from patherea_core.taxonomy import Taxonomy
from plugin.outputs.pictures import MatchedField, draw_matches

TAXONOMY = Taxonomy.of(["positive", "negative"])
BOX = Box(1000, 500, 160, 120)
PIXELS = np.full((120, 160, 3), 128, dtype=np.uint8)


def make_field(points: Points, detections: Detections) -> MatchedField:
    field = Field("field", detections, points, shapely.box(1005, 505, 1150, 610))
    return MatchedField("field", PIXELS, BOX, field, outcomes(field, 2, 6.0))


def three_points() -> Points:
    return Points(np.array([[1020.0, 520], [1060, 560], [1100, 590]]), np.array([0, 0, 1]))


def seen(path: Path, color: tuple[int, int, int]) -> bool:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))[:-80].astype(int)
    return bool((np.abs(pixels - color).max(axis=2) < 12).any())


def test_points_and_detections_are_paired_within_their_class_only() -> None:
    detections = Detections(
        np.array([[1023.0, 520], [1060, 561], [1101, 590]]), np.array([0, 1, 1]), np.ones(3)
    )

    field = make_field(three_points(), detections)

    assert (field.counts(0).true_positives, field.counts(0).false_negatives) == (1, 1)
    assert (field.counts(1).true_positives, field.counts(1).false_positives) == (1, 1)


def test_a_class_without_points_has_false_detections_only() -> None:
    detections = Detections(np.array([[1020.0, 520]]), np.array([1]), np.ones(1))

    field = make_field(three_points().take(np.array([0, 1])), detections)

    assert field.counts(1).false_positives == 1


@pytest.mark.parametrize(
    ("detections", "marks"),
    [
        (three_points(), set()),
        (Points.none(), {"missed"}),
        (Points(np.array([[1130.0, 530]]), np.array([0])), {"missed", "false"}),
        (Points(three_points().xy, np.array([1, 1, 0])), {"other class"}),
    ],
)
def test_every_fault_has_a_mark_of_its_own(
    tmp_path: Path, detections: Points, marks: set[str]
) -> None:
    scored = Detections(detections.xy, detections.class_index, np.ones(len(detections)))

    draw_matches(tmp_path / "m.png", [make_field(three_points(), scored)], TAXONOMY, 0.5)

    colors = {"missed": (255, 242, 0), "false": (255, 23, 68), "other class": (224, 64, 251)}
    assert {mark for mark, color in colors.items() if seen(tmp_path / "m.png", color)} == marks


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_fields_makes_one_picture_even_without_cells(
    tmp_path: Path, count: int
) -> None:
    field = make_field(Points.none(), Detections.none())

    draw_matches(tmp_path / "m.png", [field] * count, TAXONOMY, 0.5)

    with Image.open(tmp_path / "m.png") as image:
        assert max(image.size) < 4000
    assert [path.name for path in tmp_path.iterdir()] == ["m.png"]


def test_no_field_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to draw"):
        draw_matches(tmp_path / "m.png", [], TAXONOMY, 0.5)


def test_a_picture_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    field = make_field(Points.none(), Detections.none())

    with pytest.raises(OutputError, match="cannot be written"):
        draw_matches(tmp_path / "absent" / "m.png", [field], TAXONOMY, 0.5)
