"""How points and outlines are written as text in a dataset folder, and read back without loss."""

import csv
import io
import json
import math
from collections.abc import Sequence

import shapely
from shapely.geometry import MultiPolygon, Polygon, mapping

from patherea_core.errors import AnnotationError, DatasetError, TaxonomyError
from patherea_core.points import Points
from patherea_core.regions import Outline, checked_outline
from patherea_core.taxonomy import Taxonomy

HEADER = ("x", "y", "class", "element")


def points_to_csv(points: Points, element_ids: Sequence[str], taxonomy: Taxonomy) -> str:
    """Return a table of the points: tile pixels, class names, ids of the annotation elements.

    Numbers are written with as many digits as they need to be read back exactly.

    Raises:
        TaxonomyError: a point has a class beyond the last one.
    """
    if len(points) and points.class_index.max() >= len(taxonomy):
        raise TaxonomyError(
            f"a point has class {points.class_index.max()}, but there are {len(taxonomy)} classes"
        )
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    names = taxonomy.names
    for (x, y), row, element in zip(
        points.xy.tolist(), points.class_index.tolist(), element_ids, strict=True
    ):
        writer.writerow((repr(x), repr(y), names[row], element))
    return text.getvalue()


def points_from_csv(text: str, taxonomy: Taxonomy, source: str) -> tuple[Points, tuple[str, ...]]:
    """Return the points of a table and the ids of their annotation elements.

    Args:
        text: what ``points_to_csv`` writes.
        taxonomy: gives each class name its index.
        source: what the table is called in messages.

    Raises:
        DatasetError: the header or a line is not as it should be.
        TaxonomyError: a line names a class that the taxonomy does not have.
    """
    reader = csv.reader(io.StringIO(text, newline=""))
    if tuple(next(reader, ())) != HEADER:
        raise DatasetError(f"{source}, line 1: the header must be {','.join(HEADER)}")
    xy: list[tuple[float, float]] = []
    classes: list[int] = []
    elements: list[str] = []
    try:
        for cells in reader:
            where = f"{source}, line {reader.line_num}"
            x, y, class_index, element = _parsed(cells, taxonomy, where)
            xy.append((x, y))
            classes.append(class_index)
            elements.append(element)
    except csv.Error as error:
        raise DatasetError(f"{source}, line {reader.line_num}: {error}") from error
    return Points(xy, classes), tuple(elements)  # type: ignore[arg-type]


def _parsed(cells: list[str], taxonomy: Taxonomy, where: str) -> tuple[float, float, int, str]:
    if len(cells) != len(HEADER):
        raise DatasetError(f"{where}: {len(HEADER)} values are wanted, not {len(cells)}")
    try:
        x, y = float(cells[0]), float(cells[1])
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise DatasetError(f"{where}: {cells[0]!r}, {cells[1]!r} is not a position")
    try:
        class_index = taxonomy.index(cells[2])
    except TaxonomyError as error:
        raise TaxonomyError(f"{where}: {error}") from None
    return x, y, class_index, cells[3]


def outline_to_geojson(outline: Outline) -> str:
    """Return an outline as a GeoJSON collection of one feature, in the outline's own pixels."""
    feature = {
        "type": "Feature",
        "properties": {"what": "labelled area"},
        "geometry": mapping(outline),
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}) + "\n"


def outline_from_geojson(text: str, source: str) -> Outline:
    """Return the outline that all polygons of a GeoJSON text make together.

    Raises:
        DatasetError: the text is not GeoJSON, or its polygons have no area or cross themselves;
            ``source`` names it in the message.
    """
    try:
        geometry = shapely.from_geojson(text)
    except (shapely.errors.GEOSException, ValueError) as error:
        # Quoting a text that is no JSON, GEOS may cut a character in two: a ValueError.
        raise DatasetError(f"{source} is not readable GeoJSON ({error})") from error
    try:
        return checked_outline(polygons_of(geometry), f"the labelled area of {source}")
    except AnnotationError as error:
        raise DatasetError(str(error)) from error


def polygons_of(geometry: shapely.Geometry) -> Outline:
    """Return the polygons of any geometry, without the lines and points that touching shapes leave."""
    parts = [
        part
        for part in _atoms(geometry)
        if isinstance(part, Polygon) and not part.is_empty and part.area > 0
    ]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _atoms(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    collected: list[shapely.Geometry] = []
    for part in shapely.get_parts(geometry).tolist():
        if hasattr(part, "geoms"):
            collected += _atoms(part)
        else:
            collected.append(part)
    return collected
