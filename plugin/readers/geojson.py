"""Cells from GeoJSON points in base pixels."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import as_xy
from plugin.readers.cell_table import CellTable, coded


def read_geojson(path: Path) -> CellTable:
    """Return the cells of a GeoJSON file.

    Raises:
        InputError: it cannot be read, or is no collection of points with classes.
    """
    try:
        features = json.loads(path.read_bytes())["features"]
        properties = [feature["properties"] for feature in features]
        image_names, image_index = coded(str(entry.get("image", "")) for entry in properties)
        class_names, class_index = coded(_class_of(entry) for entry in properties)
        return CellTable(
            source=path,
            image_names=image_names,
            image_index=image_index,
            class_names=class_names,
            class_index=class_index,
            xy=as_xy([feature["geometry"]["coordinates"][:2] for feature in features]),
            score=np.array([float(entry.get("score", 1.0)) for entry in properties]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no GeoJSON of classed points: {error}") from error


def _class_of(properties: dict[str, Any]) -> str:
    return str(
        properties["class"] if "class" in properties else properties["classification"]["name"]
    )
