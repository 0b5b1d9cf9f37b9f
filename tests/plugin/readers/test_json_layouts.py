"""JSON of every layout: its variants, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import InputError
from plugin.readers.cell_table import CellTable
from plugin.readers.registry import read_cells

POINT = {"type": "Point", "coordinates": [1, 2]}
SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]


def read(folder: Path, content: object, name: str = "a.json") -> CellTable:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return read_cells(folder / name)


def feature(geometry: object = POINT, properties: object = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": "Feature", "geometry": geometry, "properties": properties, **more}


def element(kind: str = "point", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": kind, "center": [1, 2, 0], "group": "p", **more}


# GeoJSON


@pytest.mark.parametrize(
    "content",
    [
        feature(),
        [feature()],
        {"type": "FeatureCollection", "features": [feature()]},
    ],
    ids=["feature", "list", "collection"],
)
def test_geojson_comes_in_three_forms(tmp_path: Path, content: object) -> None:
    table = read(tmp_path, content)
    assert (table.xy.tolist(), table.class_names, table.image_names) == (
        [[1, 2]],
        ("cell",),
        ("a",),
    )


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"classification": {"name": "p"}, "class": "q"}, "p"),
        ({"classification": {"names": ["Tumour", "Positive"]}}, "Tumour: Positive"),
        ({"classification": "p"}, "p"),
        ({"classification": None, "class": "p"}, "p"),
        ({"class": 2}, "2"),
        ({"type": 2.0}, "2"),
        ({"name": "p"}, "p"),
        ({}, "cell"),
        (None, "cell"),
    ],
)
def test_a_feature_names_its_class_in_many_ways(
    tmp_path: Path, properties: object, name: str
) -> None:
    assert read(tmp_path, feature(properties=properties)).class_names == (name,)


@pytest.mark.parametrize(
    "properties",
    [
        {"score": 0.5},
        {"probability": 0.5},
        {"measurements": {"Score": 0.5, "Area": 3}},
        {"measurements": [{"name": "Area", "value": 3}, {"name": "Probability", "value": 0.5}]},
    ],
)
def test_a_feature_gives_its_score_in_many_ways(tmp_path: Path, properties: object) -> None:
    score = read(tmp_path, feature(properties=properties)).score
    assert score is not None
    assert score.tolist() == [0.5]


def test_a_cell_without_score_among_scored_ones_scores_1(tmp_path: Path) -> None:
    score = read(tmp_path, [feature(properties={"score": 0.5}), feature()]).score
    assert score is not None
    assert score.tolist() == [0.5, 1]


def test_a_polygon_is_at_the_centroid_of_its_area_less_its_holes(tmp_path: Path) -> None:
    hole = [[2, 0], [4, 0], [4, 4], [2, 4], [2, 0]]
    table = read(tmp_path, feature({"type": "Polygon", "coordinates": [SQUARE, hole]}), "a.geojson")
    assert table.xy.tolist() == [[1, 2]]


def test_an_outline_drawn_as_a_line_is_a_polygon(tmp_path: Path) -> None:
    table = read(tmp_path, feature({"type": "LineString", "coordinates": SQUARE[:4]}))
    assert table.xy.tolist() == [[2, 2]]


@pytest.mark.parametrize(("kind", "count"), [("detection", 1), ("cell", 1), ("annotation", 2)])
def test_the_parts_of_a_detection_are_one_cell_and_those_of_an_annotation_many(
    tmp_path: Path, kind: str, count: int
) -> None:
    far = [[x + 10, y] for x, y in SQUARE]
    parts = {"type": "MultiPolygon", "coordinates": [[SQUARE], [far]]}
    table = read(tmp_path, feature(parts, {"objectType": kind}))
    assert table.xy.tolist() == ([[7, 2]] if count == 1 else [[2, 2], [12, 2]])


@pytest.mark.parametrize("kind", ["detection", "cell"])
def test_a_polygon_that_qupath_drew_around_cells_is_no_cell(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    outline = feature({"type": "Polygon", "coordinates": [SQUARE]}, {"objectType": "annotation"})
    marked = feature(properties={"objectType": "annotation"})
    found = feature({"type": "Point", "coordinates": [3, 4]}, {"objectType": kind, "image": "b"})
    marked["properties"]["image"] = "b"
    table = read(tmp_path, [outline, found, outline, marked])
    assert table.xy.tolist() == [[3, 4], [1, 2]]
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / 'a.json'}: passed over 2 annotations that are polygons beside the cells; "
        "as regions, name them with --regions"
    ]


def test_polygons_of_annotations_alone_are_cells(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outline = feature({"type": "Polygon", "coordinates": [SQUARE]}, {"objectType": "annotation"})
    assert len(read(tmp_path, [outline, feature()])) == 2
    assert not caplog.records


def test_the_image_of_a_feature_is_read_and_all_or_none_name_it(tmp_path: Path) -> None:
    named = feature(properties={"image": "b.png"})
    assert read(tmp_path, [named]).image_names == ("b.png",)
    with pytest.raises(InputError, match=r"feature 2 of .*a\.json names no image"):
        read(tmp_path, [named, feature()])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            feature({"type": "GeometryCollection", "coordinates": []}),
            "feature 1 .*neither point nor",
        ),
        (feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}), "feature 1 of"),
        (feature(None), "feature 1 of"),
        (feature({"type": "Point", "coordinates": []}), "feature 1 of"),
        (
            [feature(), feature({"type": "Point", "coordinates": ["1", 2]})],
            "cell 2 .*'1' in column x",
        ),
        (
            "[" + json.dumps(feature()).replace("[1, 2]", "[1, NaN]") + "]",
            "cell 1 .*nan in column y",
        ),
        (feature(properties={"score": 7}), "cell 1 .*7 in column score"),
        ([feature(id="x"), feature(id="x")], "two features with the id 'x'"),
        ("", "is empty"),
        ("{", "cannot be read as JSON"),
        ({"something": "else"}, "none that is understood"),
        ("3", "none that is understood"),
    ],
)
def test_json_that_cannot_serve_is_refused(tmp_path: Path, content: object, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read(tmp_path, content)


def test_old_qupath_wrote_no_ids_but_kinds(tmp_path: Path) -> None:
    old = feature(id="PathDetectionObject")
    assert len(read(tmp_path, [old, old])) == 2


@pytest.mark.parametrize("content", [[], {}, {"nuc": {}}, {"elements": []}])
def test_no_cell_at_all_is_a_table_without_rows(tmp_path: Path, content: object) -> None:
    assert len(read(tmp_path, content)) == 0


# Annotations of the archive


def test_rectangles_around_points_are_regions_but_circles_are_cells(tmp_path: Path) -> None:
    region = element("rectangle", width=9, height=9, group=None)
    circle = element("circle", center=[5, 6, 0], radius=2)
    assert read(tmp_path, {"elements": [element(), region, circle]}).xy.tolist() == [[1, 2], [5, 6]]


def test_elements_that_are_no_cells_are_passed_over_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    line = {"type": "polyline", "points": [[0, 0, 0], [1, 1, 0]], "closed": False}
    assert len(read(tmp_path, {"elements": [element(), line]})) == 1
    assert "passed over 1 element that is neither point nor closed shape" in caplog.text


def test_each_annotation_of_a_list_may_name_its_slide(tmp_path: Path) -> None:
    named = {"attributes": {"patherea": {"slide": "s.tif"}}, "elements": [element()]}
    table = read(tmp_path, [{"annotation": named}, {"annotation": {"elements": [element()]}}])
    assert table.image_names == ("s.tif", "a")


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ([element(group="")], r"annotation .A \(a\.json\). .*has no class; give it a group"),
        ([element(id="0"), element(id="0")], "two elements with the id '0'"),
        ([{"type": "circle", "group": "p"}], "element 1 of"),
        ("none", "has a list of elements"),
    ],
)
def test_annotations_that_cannot_serve_are_refused(
    tmp_path: Path, elements: object, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        read(tmp_path, {"name": "A", "elements": elements})


# COCO


def coco(*annotations: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {"id": row, "image_id": 1, "category_id": 3, **a} for row, a in enumerate(annotations)
    ]
    return {"images": [{"id": 1, "file_name": "a.png"}], "annotations": entries, "categories": []}


def test_keypoints_are_averaged_over_those_that_are_labelled(tmp_path: Path) -> None:
    table = read(tmp_path, coco({"keypoints": [0, 0, 0, 2, 4, 1, 4, 8, 2]}))
    assert table.xy.tolist() == [[3.5, 6.5]]
    assert (table.class_names, table.image_names) == (("3",), ("a.png",))


def test_a_box_serves_where_no_keypoint_is_labelled(tmp_path: Path) -> None:
    table = read(tmp_path, coco({"keypoints": [0, 0, 0], "bbox": [1, 2, 4, 6]}))
    assert table.xy.tolist() == [[3, 5]]


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ({}, "annotation 1 of"),
        ({"bbox": [1, 2]}, "annotation 1 of"),
        ({"bbox": [1, 2, 3, 4], "iscrowd": 1}, "annotation 1 .*a crowd"),
        ({"bbox": [1, 2, 3, None]}, "annotation 1 of"),
    ],
)
def test_annotations_of_coco_without_a_position_are_refused(
    tmp_path: Path, annotation: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        read(tmp_path, coco(annotation))


def test_an_id_of_coco_stands_once(tmp_path: Path) -> None:
    box = {"bbox": [1, 2, 3, 4]}
    with pytest.raises(InputError, match="two annotations with the id 5"):
        read(tmp_path, coco({"id": 5, **box}, {"id": 5, **box}))


# HoVer-Net and HoVer-NeXt


@pytest.mark.parametrize("wrapped", [True, False])
def test_nuclei_without_types_are_cells(tmp_path: Path, wrapped: bool) -> None:
    nuclei = {"1": {"centroid": [1, 2], "type": None}, "2": {"centroid": [3, 4]}}
    table = read(tmp_path, {"nuc": nuclei} if wrapped else nuclei)
    assert (table.class_names, table.xy.tolist()) == (("cell",), [[1.5, 2.5], [3.5, 4.5]])
    assert table.image_names == ("a",)


def test_an_image_without_nuclei_is_named_all_the_same(tmp_path: Path) -> None:
    assert read(tmp_path, {"nuc": {}}).image_names == ("a",)


def test_a_nucleus_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="key '1' stands twice"):
        read(tmp_path, '{"nuc": {"1": {"centroid": [1, 2]}, "1": {"centroid": [3, 4]}}}')


@pytest.mark.parametrize(
    "content",
    [
        {"nuc": {"1": {}}},
        {"nuc": {"1": {"centroid": [1]}}},
        {"1": [2, [3, 4]], "2": [5]},
        {"1": [2, [3, "4"]]},
    ],
)
def test_a_nucleus_without_a_centroid_is_refused_by_its_number(
    tmp_path: Path, content: object
) -> None:
    with pytest.raises(InputError, match=r"nucleus \d of .*a\.json"):
        read(tmp_path, content)
