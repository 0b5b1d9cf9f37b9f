"""Cells as GeoJSON points in base pixels, in the form that QuPath reads as detections."""

import json
from pathlib import Path
from typing import Any

from patherea_core.files import write_whole
from patherea_core.taxonomy import CellClass
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
