"""Regions from GeoJSON and from annotations of the archive."""

import json
from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import InputError
from plugin.readers.regions import read_regions

GOLDEN = Path(__file__).parents[2] / "golden" / "readers" / "regions.geojson"


def corners(left: float, size: float = 10) -> list[list[float]]:
    right = left + size
    return [[left, 0], [right, 0], [right, size], [left, size], [left, 0]]


def feature(*rings: list[list[float]], image: str | None = None, kind: str = "Polygon") -> Any:  # noqa: ANN401
    properties = {} if image is None else {"image": image}
    geometry = {"type": kind, "coordinates": list(rings)}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def read(folder: Path, content: object) -> dict[str, Any]:
    (folder / "r.json").write_text(json.dumps(content))
    return dict(read_regions(folder / "r.json"))


def test_the_golden_regions_have_holes_and_parts() -> None:
    regions = read_regions(GOLDEN)
    assert {image: outline.area for image, outline in regions.items()} == {
        "slide": 64 * 64 - 100,
        "empty": 100,
    }


def test_several_polygons_of_an_image_are_joined(tmp_path: Path) -> None:
    regions = read(tmp_path, [feature(corners(0)), feature(corners(5)), feature(corners(50))])
    assert {image: outline.area for image, outline in regions.items()} == {"": 250}


def test_cells_in_the_same_file_are_no_regions(tmp_path: Path) -> None:
    cell = feature(corners(50))
    cell["properties"]["objectType"] = "detection"
    outline = feature(corners(0))
    outline["properties"]["objectType"] = "annotation"
    assert read(tmp_path, [cell, outline])[""].area == 100


def test_regions_of_an_annotation_are_its_closed_shapes(tmp_path: Path) -> None:
    elements = [
        {"type": "rectangle", "center": [5, 5, 0], "width": 10, "height": 10, "rotation": 0},
        {"type": "polyline", "closed": True, "points": [[*place, 0] for place in corners(50)[:4]]},
        {"type": "point", "center": [1, 1, 0], "group": "p"},
    ]
    assert read(tmp_path, {"name": "A", "elements": elements})[""].area == 200
    ours = {"attributes": {"patherea": {"slide": "s.tif"}}, "elements": elements}
    assert list(read(tmp_path, {"annotation": ours})) == ["s.tif"]


def test_shapes_without_area_are_passed_over_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    point = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Point", "coordinates": [1, 2]},
    }
    assert list(read(tmp_path, [point, feature(corners(0))])) == [""]
    assert "region 1 of" in caplog.text
    assert "is a Point" in caplog.text


BOW = [[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([feature(corners(0)), feature(BOW)], r"region 2 of .*r\.json crosses itself"),
        ([feature([[0, 0], [1, 1]])], r"region 1 of .*r\.json is no shape"),
        ([feature([[0, 0], [1, 1], [2, 2], [0, 0]])], "has no area"),
        ([feature(corners(0)), feature(corners(20), image="a")], "names no image, but others do"),
        ([], "neither GeoJSON nor"),
        ({"type": "FeatureCollection", "features": []}, "has no region"),
        ({"nuc": {}}, "neither GeoJSON nor"),
        (
            {"elements": [{"type": "polyline", "closed": True, "points": [[*p, 0] for p in BOW]}]},
            "crosses itself",
        ),
    ],
)
def test_regions_that_cannot_serve_are_refused(
    tmp_path: Path, content: object, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        read(tmp_path, content)


def test_regions_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*none\.geojson"):
        read_regions(tmp_path / "none.geojson")
