"""Points and outlines come back from text exactly as they went in, and faults are named by line."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.data.codec import (
    outline_from_geojson,
    outline_to_geojson,
    points_from_csv,
    points_to_csv,
    polygons_of,
)
from patherea_core.errors import DatasetError, TaxonomyError
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from tests.builders import TAXONOMY, points, ring, square

numbers = st.floats(allow_nan=False, allow_infinity=False)
rows = st.lists(
    st.tuples(numbers, numbers, st.integers(0, 1), st.text(st.characters(codec="utf-8")))
)


@given(rows)
def test_points_come_back_exactly(cells: list[tuple[float, float, int, str]]) -> None:
    there = points(*((x, y, row) for x, y, row, _ in cells))
    elements = tuple(element for *_, element in cells)
    text = points_to_csv(there, elements, TAXONOMY)
    back, back_elements = points_from_csv(text, TAXONOMY, "points.csv")
    assert back.xy.tobytes() == there.xy.tobytes()
    assert back.class_index.tolist() == there.class_index.tolist()
    assert back_elements == elements


def test_the_table_reads_as_people_expect() -> None:
    text = points_to_csv(points((1.5, 2.25, 1), (0.1, 3, 0)), ["e1", "e2"], TAXONOMY)
    assert text == "x,y,class,element\r\n1.5,2.25,negative,e1\r\n0.1,3.0,positive,e2\r\n"


def test_class_names_with_commas_quotes_and_line_ends_come_back() -> None:
    taxonomy = Taxonomy.of(['a, "b"', "c\nd"])
    text = points_to_csv(points((1, 2, 0), (3, 4, 1)), ["", ""], taxonomy)
    assert points_from_csv(text, taxonomy, "p")[0].class_index.tolist() == [0, 1]


def test_no_points_come_back_as_no_points() -> None:
    back, elements = points_from_csv(points_to_csv(Points.none(), (), TAXONOMY), TAXONOMY, "p")
    assert (len(back), elements) == (0, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.csv, line 1: the header must be x,y,class,element"),
        ("y,x,class,element\n", "p.csv, line 1: the header must be x,y,class,element"),
        ("x,y,class,element\n1,2,positive\n", "p.csv, line 2: 4 values are wanted, not 3"),
        (
            "x,y,class,element\n1,2,positive,e\n1,two,positive,e\n",
            "p.csv, line 3: '1', 'two' is not",
        ),
        ("x,y,class,element\nnan,2,positive,e\n", "p.csv, line 2: 'nan', '2' is not a position"),
        ("x,y,class,element\n1,inf,positive,e\n", "p.csv, line 2: '1', 'inf' is not a position"),
        ("x,y,class,element\n1,2,positive," + "e" * 200_000 + "\n", "p.csv, line 2: field larger"),
    ],
)
def test_a_broken_table_is_refused_with_file_and_line(text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=f"^{message}"):
        points_from_csv(text, TAXONOMY, "p.csv")


def test_an_unknown_class_is_refused_with_file_and_line() -> None:
    with pytest.raises(TaxonomyError, match=r"^p\.csv, line 2: cell class 'til' is unknown"):
        points_from_csv("x,y,class,element\n1,2,til,e\n", TAXONOMY, "p.csv")


def test_a_class_beyond_the_last_is_not_written() -> None:
    with pytest.raises(TaxonomyError, match="class 2, but there are 2 classes"):
        points_to_csv(points((1, 2, 2)), ["e"], TAXONOMY)


positions = st.floats(0, 1000, allow_nan=False)


@settings(deadline=None)
@given(st.lists(st.tuples(positions, positions), min_size=3, max_size=12))
def test_outlines_come_back_exactly(corners: list[tuple[float, float]]) -> None:
    outline = shapely.MultiPoint(corners).convex_hull
    if isinstance(outline, shapely.Polygon) and outline.is_valid and outline.area > 1e-6:
        assert shapely.equals_identical(
            outline_from_geojson(outline_to_geojson(outline), "r"), outline
        )


@pytest.mark.parametrize(
    "outline", [ring(0, 0, 9, 3), shapely.union_all([ring(0, 0, 9, 3), square(20, 0, 1 / 3)])]
)
def test_holes_and_parts_come_back_exactly(outline: shapely.Geometry) -> None:
    assert shapely.equals_identical(outline_from_geojson(outline_to_geojson(outline), "r"), outline)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "r.geojson is not readable GeoJSON"),
        ("[]", "r.geojson is not readable GeoJSON"),
        ('{"type": "Feature"}', "r.geojson is not readable GeoJSON"),
        ('{"type": "FeatureCollection", "features": []}', "labelled area of r.geojson has no area"),
        ('{"type": "Point", "coordinates": [1, 2]}', "labelled area of r.geojson has no area"),
        (
            '{"type": "Polygon", "coordinates": [[[0,0],[2,2],[2,0],[0,3],[0,0]]]}',
            "labelled area of r.geojson crosses itself",
        ),
    ],
)
def test_a_broken_outline_is_refused_with_its_file(text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        outline_from_geojson(text, "r.geojson")


@given(st.text(max_size=40))
def test_any_text_as_outline_is_read_or_refused(text: str) -> None:
    with pytest.raises(DatasetError):
        outline_from_geojson(text, "r")


def test_only_polygons_remain_of_mixed_shapes() -> None:
    mixed = shapely.GeometryCollection(
        [
            shapely.LineString([(0, 0), (1, 1)]),
            shapely.GeometryCollection([square(0, 0, 2), shapely.Point(5, 5)]),
            shapely.MultiPolygon([square(10, 0, 1), square(20, 0, 1)]),
        ]
    )
    assert polygons_of(mixed).area == 6
    assert polygons_of(shapely.Point(0, 0)).is_empty
    assert np.isclose(polygons_of(square(0, 0, 3)).area, 9)
