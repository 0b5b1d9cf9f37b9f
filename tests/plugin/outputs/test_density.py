"""A density map counts every cell once, where it is, and large_image finds it at the right scale."""

import json
from pathlib import Path

import large_image
import numpy as np
import pytest
import tifffile

from patherea_core.cells import CellsInMemory
from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.outputs.density import SQUARE, densities, write_density
from plugin.outputs.results import Results, SlideCells, SlideFrame
from tests.builders import detections
from tests.plugin.cell_parts import Shredded, some_cells

TAXONOMY = Taxonomy.of(["positive", "größer"])
AREA = (SQUARE / 1000) ** 2
#: 300 squares wide and 40 high, and a bit.
FRAME = SlideFrame(38_410, 5_130, 0.25)


def on_slide(found: Detections, frame: SlideFrame = FRAME) -> SlideCells:
    return SlideCells("slide", CellsInMemory(found), frame)


def test_a_cell_lies_in_the_square_that_holds_it() -> None:
    found = detections((127.9, 128.1, 0), (38_409.5, 5_129.5, 1), (38_409.5, 5_129.5, 1))
    counts = densities(on_slide(found), 2) * AREA
    assert counts.shape == (2, 41, 301)
    assert counts.sum() == pytest.approx(3)
    assert counts[0, 1, 0] == pytest.approx(1)
    assert counts[1, 40, 300] == pytest.approx(2)


def test_cells_beyond_the_edges_count_in_the_nearest_square() -> None:
    counts = densities(on_slide(detections((-300, -1, 0), (50_000, 9_000, 0))), 1) * AREA
    assert counts[0, 0, 0] == pytest.approx(1)
    assert counts[0, 40, 300] == pytest.approx(1)


def test_densities_follow_pixel_size_and_not_pixels() -> None:
    found = some_cells(500)
    fine = densities(on_slide(found, SlideFrame(1000, 1000, 0.5)), 2)
    coarse = densities(on_slide(found.moved_to(found.xy / 2), SlideFrame(500, 500, 1.0)), 2)
    np.testing.assert_array_equal(fine, coarse)


def test_large_image_reads_every_class_at_its_place_and_scale(tmp_path: Path) -> None:
    pytest.importorskip("large_image_source_tiff")
    path = tmp_path / "a.density.tif"
    found = some_cells(2000, side=5000)
    cells = SlideCells("Präparat", Shredded(found, (500, 7)), FRAME)
    write_density(path, Results([cells], TAXONOMY, "Cells", "run"))
    classes = densities(cells, 2)
    pages = [classes.sum(axis=0), *classes]
    source = large_image.open(str(path))
    metadata = source.getMetadata()
    assert (metadata["sizeX"], metadata["sizeY"]) == (301, 41)
    assert metadata["mm_x"] == metadata["mm_y"] == pytest.approx(SQUARE / 1000)
    assert len(metadata["frames"]) == 3
    for frame, page in enumerate(pages):
        pixels, _ = source.getRegion(format="numpy", frame=frame)
        np.testing.assert_array_equal(pixels[..., 0], page)


def test_every_level_of_the_pyramid_keeps_the_number_of_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.density.tif"
    cells = on_slide(some_cells(300, side=5000))
    write_density(path, Results([cells], TAXONOMY, "Cells", "run"))
    with tifffile.TiffFile(path) as file:
        assert file.is_bigtiff
        pages = [page.aspage() for page in file.pages]
        names = [json.loads(page.description)["class"] for page in pages]
        assert names == ["all", "positive", "größer"]
        levels = file.series[0].levels
        assert [level.shape[-2:] for level in levels] == [(41, 301), (21, 151)]
        for number, level in enumerate(levels):
            assert level.asarray()[0].sum() * AREA * 4**number == pytest.approx(300)
        assert all(page.is_tiled for page in pages)


def test_one_class_is_one_page(tmp_path: Path) -> None:
    path = tmp_path / "a.density.tif"
    write_density(
        path, Results([on_slide(some_cells(9, 1))], Taxonomy.of(["cell"]), "Cells", "run")
    )
    with tifffile.TiffFile(path) as file:
        assert len(file.pages) == 1
