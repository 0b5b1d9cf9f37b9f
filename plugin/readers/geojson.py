"""Cells from GeoJSON: points as they are, polygons by their centroid.

Which layouts, and where they are documented:

* GeoJSON itself: RFC 7946; a FeatureCollection, one Feature, or a bare list of Features.
* QuPath (qupath.readthedocs.io, "Exporting annotations"): base pixels from the upper-left corner; the
  class is ``properties.classification`` with ``name``, or ``names`` for derived classes; measurements are
  an object, in older versions a list of name and value. A cell's nucleus is ``nucleusGeometry``, and where
  it is, it is taken, since points mark nuclei. Where there are detections or cells, the polygons of
  annotations are regions around them, no cells.
* CellViT (github.com/TIO-IKIM/CellViT-Inference): a list with one MultiPoint or MultiPolygon annotation for
  each class, so every part is a cell. A MultiPolygon of a QuPath detection or cell is one cell, though.
* InstanSeg (github.com/instanseg/instanseg): QuPath detections, in part without a class.
* This program: as QuPath, and a member ``patherea`` that says for each slide which ``offset`` was taken off
  its base pixels; it is added again.
* HoVer-NeXt (github.com/digitalpathologybern/hover_next_inference): outlines as closed LineStrings.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import shapely
from shapely.errors import ShapelyError

from patherea_core.data.finding import counted
from patherea_core.errors import InputError
from plugin.readers.cell_rows import Cell, class_name, each, require_unique, table_of
from plugin.readers.cell_table import CellTable
from plugin.readers.json_file import Json

log = logging.getLogger(__name__)

Position: TypeAlias = tuple[float, float]

_SCORES = ("score", "probability", "prob", "detection probability")
#: QuPath objects that are one cell whatever their geometry.
ONE_CELL = ("detection", "cell")
_POLYGONS = ("Polygon", "MultiPolygon")


def recognises(content: Json) -> bool:
    """Tell whether JSON is GeoJSON."""
    first = content[0] if isinstance(content, list) and content else content
    return isinstance(first, dict) and first.get("type") in ("FeatureCollection", "Feature")


def cells_of(content: Json, path: Path) -> CellTable:
    """Return the cells of GeoJSON; the image is ``properties.image``, else the file's stem.

    Raises:
        InputError: a feature is neither point nor polygon, or an id stands twice.
    """
    features = features_of(content)
    require_unique(path, "features", (_id(feature) for feature in features))
    regions = _regions(features, path)
    _require_images_of_all_or_none(features, regions, path)
    offsets = offsets_of(content)

    def of_feature(numbered: tuple[int, dict[str, Any]]) -> list[Cell]:
        number, feature = numbered
        return [] if number in regions else _cells(feature, path.stem, offsets)

    return table_of(path, each(path, "feature", enumerate(features), of_feature))


def features_of(content: Json) -> list[dict[str, Any]]:
    """Return the features of GeoJSON in any of its forms."""
    if isinstance(content, list):
        return content
    return list(content["features"]) if content["type"] == "FeatureCollection" else [content]


def offsets_of(content: Json) -> Mapping[str, Position]:
    """Return what a file of this program says was taken off the positions on each slide."""
    ours = content.get("patherea") if isinstance(content, dict) else None
    slides = ours.get("slides", []) if isinstance(ours, dict) else []
    return {
        slide["name"]: (float(slide["offset"][0]), float(slide["offset"][1]))
        for slide in slides
        if "offset" in slide
    }


def _regions(features: Sequence[dict[str, Any]], path: Path) -> Collection[int]:
    """Return which features are outlines around cells: polygons of annotations beside detections."""
    kinds = [(feature.get("properties") or {}).get("objectType") for feature in features]
    if not any(kind in ONE_CELL for kind in kinds):
        return ()
    found = {
        number
        for number, (kind, feature) in enumerate(zip(kinds, features, strict=True))
        if kind == "annotation" and (feature.get("geometry") or {}).get("type") in _POLYGONS
    }
    if found:
        log.warning(
            "%s: passed over %s beside the cells; as regions, name them with --regions",
            path,
            counted(len(found), "annotation that is a polygon", "annotations that are polygons"),
        )
    return found


def _require_images_of_all_or_none(
    features: Sequence[dict[str, Any]], regions: Collection[int], path: Path
) -> None:
    named = {
        number: bool((feature.get("properties") or {}).get("image"))
        for number, feature in enumerate(features, start=1)
        if number - 1 not in regions
    }
    without = [number for number, has_image in named.items() if not has_image]
    if without and len(without) < len(named):
        raise InputError(
            f"feature {without[0]} of {path} names no image, but others do; "
            "name the image of each in properties.image"
        )


def _id(feature: dict[str, Any]) -> object:
    """Return the id of a feature; old versions of QuPath wrote the kind of the object there."""
    found = feature.get("id")
    return None if str(found).startswith("Path") and str(found).endswith("Object") else found


def _cells(feature: dict[str, Any], stem: str, offsets: Mapping[str, Position]) -> list[Cell]:
    properties = feature.get("properties") or {}
    image, name = str(properties.get("image") or stem), _class(properties)
    score = _score(properties)
    geometry = feature.get("nucleusGeometry") or feature["geometry"]
    whole = properties.get("objectType") in ONE_CELL
    places = _centres(geometry, whole=whole)
    if image in offsets:
        left, top = offsets[image]
        places = [(left + x, top + y) for x, y in places]
    return [Cell(image, x, y, name, score) for x, y in places]


def _class(properties: dict[str, Any]) -> str:
    given = properties.get("classification")
    if isinstance(given, dict):
        return class_name(given.get("name") or ": ".join(given.get("names") or []))
    found = (properties.get(key) for key in ("class", "type", "name"))
    return class_name(given or next((value for value in found if value is not None), None))


def _score(properties: dict[str, Any]) -> float | None:
    measured = properties.get("measurements") or {}
    if isinstance(measured, list):
        measured = {entry["name"]: entry["value"] for entry in measured}
    for place in (properties, measured):
        values = {str(key).lower(): value for key, value in place.items()}
        for key in _SCORES:
            if values.get(key) is not None:
                score: float = values[key]
                return score
    return None


def _centres(geometry: dict[str, Any], *, whole: bool) -> list[Position]:
    """Return where the cells of a geometry are; with ``whole`` all its parts are one cell."""
    kind, corners = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        return [(corners[0], corners[1])]
    if kind == "MultiPoint":
        return [(place[0], place[1]) for place in corners]
    shapes = _shapes(kind, corners)
    if whole and len(shapes) > 1:
        shapes = [shapely.multipolygons(shapes)]
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(shapely.centroid(shapes))]


def _shapes(kind: str, corners: Json) -> list[shapely.Polygon]:
    rings = {"LineString": [[corners]], "Polygon": [corners], "MultiPolygon": corners}.get(kind)
    if rings is None:
        raise ValueError(f"a {kind} is neither point nor polygon")
    try:
        return [
            shapely.polygons(_ring(outer), [_ring(hole) for hole in holes] or None)
            for outer, *holes in rings
        ]
    except ShapelyError as error:
        raise ValueError(str(error)) from error


def _ring(corners: Json) -> shapely.LinearRing:
    return shapely.linearrings(np.asarray([corner[:2] for corner in corners], dtype=np.float64))
