"""Fields become slides that an archive recognises, without a pixel or a point changed."""

from pathlib import Path

import large_image
import numpy as np
import pytest
import shapely
import tifffile

from patherea_core.errors import InputError, OutputError, ScaleError
from patherea_core.points import Points
from patherea_core.seeding import Seed
from plugin.sandbox.fields import Field, compose, irregular_outline


def make_field(name: str, width: int = 120, height: int = 90, *, seed: int = 0) -> Field:
    random = Seed(seed).stream(name)
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    xy = random.uniform((0, 0), (width, height), (30, 2))
    return Field(name, pixels, Points(xy, random.integers(0, 2, 30)), patient=name)


def test_the_full_resolution_holds_the_pixels_of_every_field_unchanged(tmp_path: Path) -> None:
    fields = [make_field("a"), make_field("b", 333, 41), make_field("c", 50, 270)]

    slide = compose(fields, 0.25, tmp_path / "slide.tif")

    pixels = tifffile.imread(slide.path, key=0)
    for field, placed in zip(fields, slide.fields, strict=True):
        box = placed.box
        np.testing.assert_array_equal(
            pixels[box.top : box.bottom, box.left : box.right], field.pixels
        )


def test_fields_lie_apart_from_each_other_and_from_the_edge(tmp_path: Path) -> None:
    slide = compose([make_field(str(row)) for row in range(7)], 0.5, tmp_path / "slide.tif")

    boxes = [placed.box for placed in slide.fields]
    for row, box in enumerate(boxes):
        assert min(box.left, box.top) > 0
        assert all(box.grown(20).intersection(other) is None for other in boxes[row + 1 :])


def test_points_move_with_their_field(tmp_path: Path) -> None:
    fields = [make_field("a"), make_field("b")]

    slide = compose(fields, 0.5, tmp_path / "slide.tif")

    for field, placed in zip(fields, slide.fields, strict=True):
        offset = (placed.box.left, placed.box.top)
        np.testing.assert_allclose(placed.points.xy - offset, field.points.xy)
        np.testing.assert_array_equal(placed.points.class_index, field.points.class_index)


def test_cells_outside_of_a_fields_outline_are_left_out(tmp_path: Path) -> None:
    whole = make_field("a")
    field = Field("a", whole.pixels, whole.points, "a", shapely.box(0, 0, 60, 90))

    placed = compose([field], 0.5, tmp_path / "slide.tif").fields[0]

    assert len(placed.points) == np.count_nonzero(whole.points.xy[:, 0] <= 60)
    assert placed.outline.area == pytest.approx(60 * 90)


def test_an_archive_sees_a_pyramid_and_the_size_of_a_pixel(tmp_path: Path) -> None:
    slide = compose([make_field("a", 900, 700)], 0.5, tmp_path / "slide.tif")

    metadata = large_image.open(slide.path).getMetadata()

    assert metadata["levels"] > 2
    assert metadata["mm_x"] == pytest.approx(0.0005)
    assert metadata["mm_y"] == pytest.approx(0.0005)
    assert (metadata["tileWidth"], metadata["tileHeight"]) == (256, 256)


def test_a_slide_without_fields_or_scale_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one image"):
        compose([], 0.5, tmp_path / "slide.tif")
    with pytest.raises(ScaleError, match="positive"):
        compose([make_field("a")], 0.0, tmp_path / "slide.tif")

    assert not list(tmp_path.iterdir())


def test_a_slide_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        compose([make_field("a")], 0.5, tmp_path / "absent" / "slide.tif")

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", range(5))
def test_a_drawn_outline_is_a_valid_polygon_within_the_image_that_holds_most_of_it(
    seed: int,
) -> None:
    outline = irregular_outline(Seed(seed).stream("outline"), 400, 300)

    assert outline.is_valid
    assert shapely.box(0, 0, 400, 300).contains(outline)
    assert outline.area > 0.6 * 400 * 300
