"""Two files of cells as fields: which images, classes, regions, patients and radii; and what is refused."""

import json
import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError, PathereaError, TaxonomyError
from plugin.commands.evaluation_fields import Fields, FileOptions, file_fields
from plugin.readers.cell_rows import Cell, table_of
from plugin.readers.cell_table import CellTable
from plugin.readers.image_names import bare_name
from plugin.readers.registry import read_cells

SQUARE = shapely.box(0, 0, 100, 100)


def table(name: str, *cells: tuple[str, float, str], images: tuple[str, ...] = ()) -> CellTable:
    """Return cells of an image, at some x, of a class."""
    return table_of(Path(name), [Cell(image, x, 0, kind) for image, x, kind in cells], images)


def fields(found: CellTable, points: CellTable, **options: Any) -> Fields:  # noqa: ANN401
    return file_fields(found, points, FileOptions(**options))


def held(given: Fields) -> dict[str, tuple[list[float], list[float]]]:
    """Return where the detections and the points of each image are."""
    return {
        field.name: (field.detections.xy[:, 0].tolist(), field.points.xy[:, 0].tolist())
        for field in given.fields
    }


POINTS = table("points.csv", ("a", 1, "p"), ("b", 2, "n"))
FOUND = table("found.csv", ("b", 3, "n"), ("a", 4, "p"))


def test_each_image_has_its_cells() -> None:
    assert held(file_fields(FOUND, POINTS)) == {"a": ([4], [1]), "b": ([3], [2])}


cells = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.sampled_from("pn")), unique=True
)


@given(cells, cells)
def test_no_cell_is_lost_or_moved(found: list[Any], points: list[Any]) -> None:
    given = fields(
        table("found.csv", *found, images=("a",)),
        table("points.csv", *points, images=("a",)),
        classes=("p", "n"),
        allow_missing=True,
    )
    for side, cells in (("detections", found), ("points", points)):
        kept = Counter(
            (field.name, x, given.taxonomy.names[row])
            for field in given.fields
            for x, row in zip(
                getattr(field, side).xy[:, 0], getattr(field, side).class_index, strict=True
            )
        )
        assert kept == Counter(cells)


@pytest.mark.parametrize(
    ("found", "points", "reason"),
    [
        (table("found.csv", ("a", 1, "p")), POINTS, r"'b' is in points\.csv but not in found\.csv"),
        (
            FOUND,
            table("points.csv", ("a", 1, "p"), ("a", 2, "n")),
            r"'b' is in found.csv but not in p",
        ),
    ],
)
def test_an_image_on_one_side_only_is_refused_with_both_files(
    found: CellTable, points: CellTable, reason: str
) -> None:
    with pytest.raises(InputError, match=rf"{reason}.*--allow-missing"):
        file_fields(found, points)


def test_a_missing_image_counts_in_full_where_it_may_be_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = table("found.csv", ("a", 1, "p"), ("c", 5, "p"), ("c", 6, "p"))
    assert held(fields(found, POINTS, allow_missing=True)) == {
        "a": ([1], [1]),
        "b": ([], [2]),
        "c": ([5, 6], []),
    }
    assert "1 image is not in found.csv; 1 point counts as missed" in caplog.text
    assert "1 image is not in points.csv; 2 detections count as false" in caplog.text


@pytest.mark.parametrize("allow_missing", [True, False])
def test_files_of_other_images_are_never_compared(allow_missing: bool) -> None:
    with pytest.raises(InputError, match=r"no image is in both.*'a'.*'z'"):
        fields(table("found.csv", ("z", 1, "p")), POINTS, allow_missing=allow_missing)


def test_a_file_without_detections_lacks_every_image(caplog: pytest.LogCaptureFixture) -> None:
    none = table("found.csv")
    with pytest.raises(InputError, match=r"'a', like 1 other, is in points\.csv.*--allow-missing"):
        file_fields(none, POINTS)
    assert held(fields(none, POINTS, allow_missing=True)) == {"a": ([], [1]), "b": ([], [2])}
    assert "2 images are not in found.csv; 2 points count as missed" in caplog.text


def test_a_file_that_names_its_images_may_have_no_detection() -> None:
    none = table("found.csv", images=("a", "b"))
    assert held(file_fields(none, POINTS)) == {"a": ([], [1]), "b": ([], [2])}


def test_a_file_without_points_needs_the_classes() -> None:
    none = table("points.csv")
    with pytest.raises(InputError, match=r"points\.csv has no points; .*--classes"):
        file_fields(FOUND, none)
    with pytest.raises(InputError, match=r"is in found\.csv but not in points\.csv"):
        fields(FOUND, none, classes=("p", "n"))
    given = fields(FOUND, none, classes=("p", "n"), allow_missing=True)
    assert held(given) == {"a": ([4], []), "b": ([3], [])}


def test_images_are_the_same_without_folder_and_ending_if_no_name_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = table("found.csv", ("x_0.986", 3, "p"), ("y", 4, "p"))
    points = table("points.csv", ("images/x_0.986.png", 1, "p"), ("y.svs", 2, "p"))
    with caplog.at_level(logging.INFO):
        given = file_fields(found, points)
    assert held(given) == {"images/x_0.986.png": ([3], [1]), "y.svs": ([4], [2])}
    assert "image y is taken for y.svs" in caplog.text


def test_exact_names_count_alone_where_there_is_one() -> None:
    points = table("points.csv", ("a", 1, "p"), ("b.png", 2, "n"))
    with pytest.raises(InputError, match=r"'b\.png' is in points\.csv but not in found\.csv"):
        file_fields(FOUND, points)


def test_names_that_differ_by_ending_only_are_unclear() -> None:
    points = table("points.csv", ("a.png", 1, "p"), ("a.tif", 2, "p"))
    with pytest.raises(InputError, match="which are the same is unclear"):
        file_fields(table("found.csv", ("a", 1, "p")), points)


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("a.png", "a"),
        ("folder/a.svs", "a"),
        ("C:\\folder\\a.ndpi", "a"),
        ("TCGA-A7_1000_0.986", "TCGA-A7_1000_0.986"),
        ("TCGA-A7_1000_0.986.png", "TCGA-A7_1000_0.986"),
        ("a", "a"),
    ],
)
def test_an_ending_begins_with_a_letter(name: str, bare: str) -> None:
    assert bare_name(name) == bare


def test_cells_without_an_image_are_of_the_only_one() -> None:
    one = table("points.csv", ("a", 1, "p"))
    assert held(file_fields(table("found.csv", ("", 2, "p")), one)) == {"a": ([2], [1])}
    assert held(file_fields(one, table("points.csv", ("", 2, "p")))) == {"a": ([1], [2])}
    with pytest.raises(InputError, match=r"found\.csv does not name its image, but there are 2"):
        file_fields(table("found.csv", ("", 2, "p")), POINTS)


def test_a_point_that_stands_twice_is_refused_with_both_rows() -> None:
    points = table("points.csv", ("a", 1, "p"), ("b", 1, "p"), ("a", 1, "n"), ("b", 1, "p"))
    with pytest.raises(
        InputError, match=r"cell 4 of points\.csv is cell 2 once more: .*'b', class 'p'"
    ):
        file_fields(FOUND, points)


def test_a_detection_may_stand_twice() -> None:
    found = table("found.csv", ("a", 1, "p"), ("a", 1, "p"), ("b", 1, "n"))
    assert held(file_fields(found, POINTS))["a"] == ([1, 1], [1])


@given(cells.filter(lambda given: len(given) > 0), st.data())
def test_a_repeat_is_found_wherever_it_is(points: list[Any], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(points) - 1))
    place = data.draw(st.integers(0, len(points)))
    again = [*points[:place], points[row], *points[place:]]
    none = table("found.csv")
    with pytest.raises(InputError, match="once more"):
        fields(none, table("points.csv", *again), allow_missing=True)
    assert fields(none, table("points.csv", *points), allow_missing=True).fields


@pytest.mark.parametrize(
    ("found", "options", "reason"),
    [
        (("a", 1, "P"), {}, r"found\.csv has cells of class 'P'.*--map P=NAME.*--classes"),
        (("a", 1, "p"), {"classes": ("p",)}, r"points\.csv has cells of class 'n'.*--map n=NAME"),
        (("a", 1, "p"), {"mapping": {"q": "p"}}, "neither .* has a class 'q' to rename"),
    ],
)
def test_unknown_classes_are_refused_with_both_ways_out(
    found: tuple[str, float, str], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(TaxonomyError, match=reason):
        fields(table("found.csv", found), POINTS, **options)


def test_classes_are_renamed_in_either_file() -> None:
    found = table("found.csv", ("a", 1, "1"), ("b", 1, "2"))
    given = fields(found, POINTS, mapping={"1": "cell", "2": "cell", "p": "cell", "n": "cell"})
    assert given.taxonomy.names == ("cell",)


def test_a_class_that_only_a_third_file_has_can_be_renamed() -> None:
    given = fields(FOUND, POINTS, mapping={"p": "n", "1": "n"}, known=("1", "p"))
    assert given.taxonomy.names == ("n",)
    with pytest.raises(TaxonomyError, match="class 'q' to rename; the classes are: 1, n, p"):
        fields(FOUND, POINTS, mapping={"q": "n"}, known=("1",))


def coco(path: Path, content: Any) -> CellTable:  # noqa: ANN401
    path.write_text(json.dumps(content))
    return read_cells(path)


BOX = {"category_id": 5, "bbox": [1, 2, 4, 6]}
DATASET = {
    "images": [{"id": 1, "file_name": "s1.png"}, {"id": 2, "file_name": "s2.png"}],
    "categories": [{"id": 5, "name": "p"}, {"id": 6, "name": "n"}],
    "annotations": [{"id": 0, "image_id": 1, **BOX}, {"id": 1, "image_id": 2, **BOX}],
}
RESULTS = [{"image_id": 2, "score": 0.5, **BOX}, {"image_id": 1, **BOX, "category_id": 6}]


def test_the_ids_of_results_are_those_of_their_dataset(tmp_path: Path) -> None:
    found = coco(tmp_path / "found.json", RESULTS)
    points = coco(tmp_path / "points.json", DATASET)
    given = fields(found, points, classes=("p", "n"))
    assert held(given) == {"s1.png": ([3], [3]), "s2.png": ([3], [3])}
    assert [field.detections.class_index.tolist() for field in given.fields] == [[1], [0]]
    assert held(fields(points, found, mapping={"n": "p"})) == held(
        fields(found, points, mapping={"n": "p"})
    )


def test_ids_that_the_dataset_lacks_are_named(tmp_path: Path) -> None:
    points = coco(tmp_path / "points.json", DATASET)
    strange = coco(tmp_path / "found.json", [*RESULTS, {"image_id": 9, **BOX}])
    with pytest.raises(InputError, match=r"'9' is in .*found\.json but not in .*points\.json"):
        fields(strange, points, classes=("p", "n"))


def test_results_beside_other_files_are_refused_with_a_way_out(tmp_path: Path) -> None:
    found = coco(tmp_path / "found.json", RESULTS)
    with pytest.raises(InputError, match=r"no image is in both.*found\.json are ids.*COCO dataset"):
        fields(found, POINTS, mapping={"5": "p", "6": "n"})


def test_an_image_with_a_region_is_labelled_even_without_points() -> None:
    found = table("found.csv", ("a", 1, "p"), ("b", 1, "p"), ("c", 5, "p"))
    given = fields(found, POINTS, regions={"a": SQUARE, "b": SQUARE, "c": SQUARE})
    assert held(given)["c"] == ([5], [])
    assert all(field.area is SQUARE for field in given.fields)


def test_regions_are_found_by_bare_names_too() -> None:
    found = table("found.csv", ("a.png", 4, "p"), ("b.png", 3, "n"))
    given = fields(found, POINTS, regions={"a.png": SQUARE, "b.png": SQUARE})
    assert held(given) == {"a": ([4], [1]), "b": ([3], [2])}
    assert all(field.area is SQUARE for field in given.fields)


def test_a_region_without_an_image_is_that_of_the_only_one() -> None:
    one = table("points.csv", ("a", 1, "p"))
    (field,) = fields(one, one, regions={"": SQUARE}).fields
    assert field.area is SQUARE
    (field,) = fields(one, table("points.csv"), regions={"": SQUARE}, classes=("p",)).fields
    assert field.area is SQUARE


@pytest.mark.parametrize(
    ("regions", "reason"),
    [
        ({"a": SQUARE}, "'b' has no region.*regions of: 'a'"),
        ({"": SQUARE}, "a region does not name its image, but there are 2"),
        ({"a": SQUARE, "b": SQUARE, "z": SQUARE}, r"'z' is in points\.csv, by its region, but not"),
    ],
)
def test_regions_that_do_not_fit_are_refused(regions: dict[str, Any], reason: str) -> None:
    with pytest.raises(PathereaError, match=reason):
        fields(FOUND, POINTS, regions=regions)


def test_patients_are_those_of_the_files_unless_they_are_given() -> None:
    named = replace(POINTS, patients={"a": "P"})
    assert [field.patient for field in file_fields(FOUND, named).fields] == ["P", None]
    given = fields(FOUND, named, patients={"b": "Q"})
    assert [field.patient for field in given.fields] == [None, "Q"]


def test_radii_stay_with_their_points() -> None:
    points = table("points.csv", ("b", 1, "p"), ("a", 2, "p"), ("b", 3, "p"), ("a", 4, "p"))
    labelled = replace(points, radius=points.xy[:, 0].copy())
    given = fields(table("found.csv"), labelled, allow_missing=True)
    for field in given.fields:
        assert field.radius is not None
        assert np.array_equal(field.radius, field.points.xy[:, 0])
