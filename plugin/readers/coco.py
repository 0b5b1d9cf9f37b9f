"""Cells from COCO: boxes by their middle, keypoints by the mean of those that are labelled.

Documented at cocodataset.org ("Data format" and "Results format"): either an object with ``images``,
``annotations`` and ``categories``, or a bare list of results. A box is its upper-left corner, width and
height, measured from the corner of the image, so its middle needs no shift. Keypoints are "0-indexed"
pixels, so half a pixel is added.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from plugin.readers.cell_rows import Cell, class_name, each, require_unique, table_of
from plugin.readers.cell_table import CellTable, Ids, renamed
from plugin.readers.image_names import with_images_called
from plugin.readers.json_file import Json


def recognises(content: Json) -> bool:
    """Tell whether JSON is a COCO dataset or a list of results."""
    if isinstance(content, list):
        return bool(content) and isinstance(content[0], dict) and "image_id" in content[0]
    return isinstance(content, dict) and {"images", "annotations"} <= content.keys()


def cells_of(content: Json, path: Path) -> CellTable:
    """Return the cells of a dataset, or of results, which have nothing but ids for images and classes.

    Raises:
        InputError: an annotation has no position, stands for a crowd, or shares its id.
    """
    unnamed = isinstance(content, list)
    if unnamed:
        content = {"images": [], "annotations": content, "categories": []}
    images = {entry["id"]: str(entry.get("file_name", entry["id"])) for entry in content["images"]}
    categories = content.get("categories") or []
    classes = {entry["id"]: str(entry.get("name", entry["id"])) for entry in categories}
    entries = content["annotations"]
    require_unique(path, "annotations", (entry.get("id") for entry in entries))
    cells = each(path, "annotation", entries, lambda entry: [_cell(entry, images, classes)])
    return replace(
        table_of(path, cells, tuple(images.values())),
        ids=None if unnamed else Ids(_by_text(images), _by_text(classes)),
        unnamed=unnamed,
    )


def named_like(table: CellTable, other: CellTable) -> CellTable:
    """Return results with the names that a dataset has for their ids; any other two files change nothing."""
    if not table.unnamed or other.ids is None:
        return table
    classes = {old: new for old, new in other.ids.classes.items() if old in table.class_names}
    named = with_images_called(renamed(table, classes), other.ids.images)
    return replace(named, unnamed=False)


def _by_text(names: Mapping[Any, str]) -> Mapping[str, str]:
    return {str(number): name for number, name in names.items()}


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
