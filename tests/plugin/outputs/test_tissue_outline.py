"""The outline of tissue as a file: what was looked at is what other programs read."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from patherea_core.cells import CellsInMemory
from patherea_core.errors import InputError
from patherea_core.points import Detections
from patherea_core.regions import Outline
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import decode, is_detections, is_ours
from plugin.outputs.cell_files import require_cell_file, write_cells
from plugin.outputs.results import Results, SlideCells, SlideFrame
from plugin.readers.regions import read_regions
from tests.builders import ring

FORMS = ("a.tissue.geojson", "a.tissue.anot")
NAME = "Präparat.svs"
TWO = shapely.MultiPolygon([ring(100, 200, 4000, 1000), shapely.box(6000, 0, 8000, 500)])
FRAME = SlideFrame(10_000, 10_000, 0.5)
NOBODY = Detections(np.empty((0, 2)), np.empty(0, dtype=np.int64), np.empty(0))


def results(tissue: Outline | None, frame: SlideFrame = FRAME) -> Results:
    cells = SlideCells(NAME, CellsInMemory(NOBODY), frame, tissue=tissue)
    return Results([cells], Taxonomy.of(["cell"]), "Cells", "run", {"threshold": 0.5})


def written(folder: Path, tissue: Outline, frame: SlideFrame = FRAME) -> dict[str, Any]:
    write_cells(folder / FORMS[0], results(tissue, frame))
    content: dict[str, Any] = json.loads((folder / FORMS[0]).read_bytes())
    return content


@pytest.mark.parametrize("name", FORMS)
def test_what_is_written_is_read_back_as_a_region_with_its_holes(tmp_path: Path, name: str) -> None:
    write_cells(tmp_path / name, results(TWO))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert read_regions(tmp_path / name)[NAME].equals(TWO)


def test_each_piece_is_an_annotation_with_its_area(tmp_path: Path) -> None:
    first, second = written(tmp_path, TWO)["features"]
    assert first["properties"] == {
        "objectType": "annotation",
        "name": "Tissue",
        "image": NAME,
        "measurements": {"Area mm^2": (4000**2 - 1000**2) * 0.25 / 1e6},
    }
    assert second["properties"]["measurements"] == {"Area mm^2": 0.25}


def test_it_counts_from_the_scanned_area_as_cells_do(tmp_path: Path) -> None:
    shifted = SlideFrame(10_000, 10_000, 0.5, (70, 150))
    content = written(tmp_path, TWO, shifted)
    shapes = shapely.MultiPolygon([shape(each["geometry"]) for each in content["features"]])
    assert shapes.bounds == (100 - 70, -150, 8000 - 70, 4200 - 150)
    assert content["patherea"]["slides"][0]["offset"] == [70, 150]
    assert read_regions(tmp_path / FORMS[0])[NAME].equals(TWO)


@pytest.mark.parametrize(
    "nothing", [shapely.MultiPolygon(), shapely.Polygon()], ids=["many", "one"]
)
def test_a_slide_without_tissue_gives_files_without_shapes(
    tmp_path: Path, nothing: Outline
) -> None:
    content = written(tmp_path, nothing)
    assert (content["type"], content["features"]) == ("FeatureCollection", [])
    write_cells(tmp_path / FORMS[1], results(nothing))
    assert json.loads((tmp_path / FORMS[1]).read_bytes())["elements"] == []


def test_corners_are_left_out_within_the_tolerance_that_is_named(tmp_path: Path) -> None:
    angles = np.linspace(0, 2 * np.pi, 5000)[:-1]
    rough = 3000 + np.random.default_rng(0).uniform(-3, 3, len(angles))
    circle = shapely.Polygon(5000 + rough[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1))
    content = written(tmp_path, circle)
    (feature,) = content["features"]
    found = shape(feature["geometry"])
    assert found.is_valid
    assert shapely.get_num_coordinates(found) < 200
    tolerance = content["patherea"]["tolerance_um"] / FRAME.base_mpp
    assert shapely.hausdorff_distance(found, circle, 0.1) <= tolerance + 0.1


def test_the_annotation_is_ours_and_no_labels(tmp_path: Path) -> None:
    write_cells(tmp_path / FORMS[1], results(TWO))
    content = (tmp_path / FORMS[1]).read_bytes()
    assert content.isascii()
    document = {"annotation": json.loads(content)}
    assert document["annotation"]["name"] == "Tissue run"
    assert is_ours(document)
    assert not is_detections(document)
    assert [region.outline.area for region in decode(document).regions] == [15e6, 1e6]


def test_the_archive_takes_the_annotation_in(tmp_path: Path) -> None:
    write_cells(tmp_path / FORMS[1], results(TWO))
    # In a process of its own, since the archive's models change the interpreter they are loaded into.
    code = (
        "import json, sys, jsonschema\n"
        "from girder_large_image_annotation.models.annotation import AnnotationSchema\n"
        "written = json.load(open(sys.argv[1]))\n"
        "jsonschema.validate(written, AnnotationSchema.annotationSchema)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / FORMS[1])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1000:]


@pytest.mark.parametrize("name", FORMS)
def test_it_needs_one_slide_on_which_somebody_looked(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="holds one slide, but 2 were given"):
        require_cell_file(tmp_path / name, None, 2)
    with pytest.raises(InputError, match="no tissue was looked for"):
        write_cells(tmp_path / name, results(None))
    assert list(tmp_path.iterdir()) == []


def test_lines_that_nearly_touch_do_not_cross_once_their_corners_are_rounded(
    tmp_path: Path,
) -> None:
    corner = (4937.24, 3291.88)
    edge = [(4000, 2357.6), (5500, 3852.88), (3000, 4500)]
    with_bay = shapely.box(0, 0, 9000, 9000).difference(shapely.box(corner[0], 0, 8000, corner[1]))
    near = shapely.Polygon(with_bay.exterior, [edge])
    assert near.is_valid
    assert not shapely.transform(near, lambda xy: np.round(xy, 1)).is_valid
    for feature in written(tmp_path, near)["features"]:
        assert shape(feature["geometry"]).is_valid
    found = read_regions(tmp_path / FORMS[0])[NAME]
    assert found.symmetric_difference(near).area < 1000
