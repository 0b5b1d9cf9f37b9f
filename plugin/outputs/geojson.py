"""Cells as GeoJSON points in base pixels, in the form that QuPath reads as detections."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from patherea_core.errors import InputError
from patherea_core.files import write_whole
from patherea_core.geometry import as_xy
from patherea_core.taxonomy import CellClass
from plugin.outputs.cell_tables import CellTable
from plugin.outputs.results import Results


def write_geojson(path: Path, results: Results) -> None:
    """Write all cells; each names its image, class and score."""
    classes = results.taxonomy.classes
    features = [
        _feature(cells.slide, (float(x), float(y)), classes[class_row], float(score))
        for cells in results.slides
        for (x, y), class_row, score in zip(
            cells.detections.xy, cells.detections.class_index, cells.detections.score, strict=True
        )
    ]
    content = {"type": "FeatureCollection", "features": features}
    write_whole(path, json.dumps(content, allow_nan=False, separators=(",", ":")).encode())


def read_geojson(path: Path) -> CellTable:
    """Return the cells of a GeoJSON file.

    Raises:
        InputError: it cannot be read, or is no collection of points with classes.
    """
    try:
        features = json.loads(path.read_bytes())["features"]
        properties = [feature["properties"] for feature in features]
        return CellTable(
            source=path,
            images=tuple(str(entry.get("image", "")) for entry in properties),
            xy=as_xy([feature["geometry"]["coordinates"][:2] for feature in features]),
            class_names=tuple(_class_of(entry) for entry in properties),
            score=np.array([float(entry.get("score", 1.0)) for entry in properties]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no GeoJSON of classed points: {error}") from error


def _feature(
    image: str, xy: tuple[float, float], cell_class: CellClass, score: float
) -> dict[str, Any]:
    colour = [int(cell_class.color[place : place + 2], 16) for place in (1, 3, 5)]
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(xy[0], 2), round(xy[1], 2)]},
        "properties": {
            "objectType": "detection",
            "classification": {"name": cell_class.name, "color": colour},
            "image": image,
            "class": cell_class.name,
            "score": round(score, 4),
        },
    }


def _class_of(properties: dict[str, Any]) -> str:
    return str(
        properties["class"] if "class" in properties else properties["classification"]["name"]
    )
