"""Cells from COCO: boxes by their middle, keypoints by the mean of those that are labelled.

Documented at cocodataset.org ("Data format" and "Results format"): either an object with ``images``,
``annotations`` and ``categories``, or a bare list of results. A box is its upper-left corner, width and
height, measured from the corner of the image, so its middle needs no shift. Keypoints are "0-indexed"
pixels, so half a pixel is added.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plugin.readers.cell_rows import Cell, class_name, each, require_unique, table_of
from plugin.readers.cell_table import CellTable
from plugin.readers.json_file import Json


def recognises(content: Json) -> bool:
    """Tell whether JSON is a COCO dataset or a list of results."""
    if isinstance(content, list):
        return bool(content) and isinstance(content[0], dict) and "image_id" in content[0]
    return isinstance(content, dict) and {"images", "annotations"} <= content.keys()


def cells_of(content: Json, path: Path) -> CellTable:
    """Return the cells of a dataset or of results, which name images and classes by their ids only.

    Raises:
        InputError: an annotation has no position, stands for a crowd, or shares its id.
    """
    if isinstance(content, list):
        content = {"images": [], "annotations": content, "categories": []}
    images = {entry["id"]: str(entry.get("file_name", entry["id"])) for entry in content["images"]}
    categories = content.get("categories") or []
    classes = {entry["id"]: str(entry.get("name", entry["id"])) for entry in categories}
    entries = content["annotations"]
    require_unique(path, "annotations", (entry.get("id") for entry in entries))
    cells = each(path, "annotation", entries, lambda entry: [_cell(entry, images, classes)])
    return table_of(path, cells, tuple(images.values()))


def _cell(entry: dict[str, Any], images: Mapping[Any, str], classes: Mapping[Any, str]) -> Cell:
    if entry.get("iscrowd"):
        raise ValueError("it stands for a crowd, not for one cell")
    x, y = _position(entry)
    image, category = entry["image_id"], entry.get("category_id")
    return Cell(
        images.get(image, str(image)),
        x,
        y,
        classes.get(category, class_name(category)),
        entry.get("score"),
    )


def _position(entry: dict[str, Any]) -> tuple[float, float]:
    keypoints = np.asarray(entry.get("keypoints") or [], dtype=np.float64).reshape(-1, 3)
    labelled = keypoints[keypoints[:, 2] > 0]
    if len(labelled):
        x, y = labelled[:, :2].mean(axis=0) + 0.5
        return float(x), float(y)
    left, top, width, height = entry["bbox"]
    return left + width / 2, top + height / 2
