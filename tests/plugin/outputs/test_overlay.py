"""The picture of a slide shows every cell in its colour at its place, and says how many there are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from patherea_core.cells import CellsInMemory
from patherea_core.geometry import Pixels
from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.outputs import overlay
from plugin.outputs.overlay import LARGEST, draw_overlay, write_overlay
from plugin.outputs.results import Results, SlideCells, SlideFrame
from tests.builders import detections
from tests.plugin.cell_parts import some_cells

TAXONOMY = Taxonomy.of(["positive", "größer"])
ORANGE, BLUE = (213, 94, 0), (0, 114, 178)
FRAME = SlideFrame(10_000, 8_000, 0.25)


def drawn(found: Detections, frame: SlideFrame = FRAME, overview: Pixels | None = None) -> Pixels:
    cells = SlideCells("slide", CellsInMemory(found), frame, overview)
    return np.asarray(draw_overlay(cells, TAXONOMY))


def test_few_cells_are_dots_of_their_class() -> None:
    picture = drawn(detections((5_000, 4_000, 0), (1_000, 7_000, 1)))
    zoom = picture.shape[1] / FRAME.width
    assert tuple(picture[round(4_000 * zoom), round(5_000 * zoom)]) == ORANGE
    assert tuple(picture[round(7_000 * zoom), round(1_000 * zoom)]) == BLUE
    assert tuple(picture[round(1_000 * zoom), round(1_000 * zoom)]) == (255, 255, 255)


def test_many_cells_are_shaded_where_they_are_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "MOST_DOTS", 100)
    left, right = some_cells(900, 1, side=1_000), some_cells(800, 1, side=1_000)
    moved = Detections(right.xy + np.array([6_000, 4_000]), right.class_index + 1, right.score)
    found = Detections.concatenate([left, moved])
    picture = drawn(found).astype(int)
    zoom = picture.shape[1] / FRAME.width
    area = round(1_000 * zoom)
    lefts = picture[:area, :area].mean(axis=(0, 1))
    y, x = round(4_000 * zoom), round(6_000 * zoom)
    rights = picture[y : y + area, x : x + area].mean(axis=(0, 1))
    assert lefts[0] > lefts[2] + 20  # orange has more red than blue
    assert rights[2] > rights[0] + 20
    assert (picture[y : y + area, : x - 20] == 255).all()  # there are no cells


@pytest.mark.parametrize(("width", "height"), [(100_000, 30_000), (30_000, 100_000), (90, 70)])
def test_no_side_is_longer_than_allowed(width: int, height: int) -> None:
    picture = drawn(some_cells(3, side=70), SlideFrame(width, height, 0.25))
    assert max(picture.shape) <= LARGEST


def test_the_overview_lies_below_whatever_its_scale() -> None:
    overview = np.full((40, 50, 3), 255, dtype=np.uint8)
    overview[:, 25:] = (10, 200, 10)
    picture = drawn(Detections.none(), overview=overview)
    width = picture.shape[1]
    assert tuple(picture[100, width // 4]) == (255, 255, 255)
    assert tuple(picture[100, 3 * width // 4]) == (10, 200, 10)


def test_the_legend_has_every_class_in_its_colour() -> None:
    picture = drawn(Detections.none())
    colours = {tuple(pixel) for pixel in picture[-72:, 20].tolist()}
    assert {ORANGE, BLUE} <= colours


def test_it_is_written_as_png(tmp_path: Path) -> None:
    cells = SlideCells("slide", CellsInMemory(some_cells(3)), FRAME)
    write_overlay(tmp_path / "a.overlay.png", Results([cells], TAXONOMY, "Cells", "run"))
    with Image.open(tmp_path / "a.overlay.png") as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
