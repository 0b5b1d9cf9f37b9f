"""What is wrong with two files of cells before they are compared: points twice, images on one side only."""

import logging
from collections.abc import Collection, Sequence

import numpy as np

from patherea_core.data.finding import counted
from patherea_core.errors import InputError
from plugin.readers.cell_table import CellTable

log = logging.getLogger(__name__)


def require_no_repeats(points: CellTable) -> None:
    """Check that no point stands twice, which no detection could find twice.

    Raises:
        InputError: one does; the message names both rows.
    """
    columns = (points.xy[:, 1], points.xy[:, 0], points.class_index, points.image_index)
    order = np.lexsort(columns)
    same = np.ones(max(0, len(points) - 1), dtype=bool)
    for column in columns:
        same &= np.diff(column[order]) == 0
    if same.any():
        # Sorting is stable, so of two equal rows the earlier one comes first.
        first, again = (int(row) for row in order[np.flatnonzero(same)[0] :][:2])
        x, y = points.xy[again]
        raise InputError(
            f"cell {again + 1} of {points.source} is cell {first + 1} once more: image "
            f"{points.image_names[points.image_index[again]]!r}, class "
            f"{points.class_names[points.class_index[again]]!r}, at ({x:g}, {y:g}); leave one of them"
        )


def require_regions(images: Sequence[str], regions: Collection[str]) -> None:
    """Check that every image has a region.

    Raises:
        InputError: one has none; the message names it.
    """
    without = [name for name in images if name not in regions]
    if without:
        raise InputError(
            f"image {without[0]!r} has no region; outline where it was labelled, or leave --regions out; "
            f"there are regions of: {', '.join(map(repr, regions))}"
        )


def require_both(
    detections: CellTable, points: CellTable, regions: Sequence[str], *, allow_missing: bool
) -> None:
    """Check that both files are of the same images.

    Args:
        detections: what was found.
        points: what was labelled.
        regions: images that were labelled whether or not they have a point.
        allow_missing: warn of images that one file lacks, instead of refusing them.

    Raises:
        InputError: an image is in one file only, or no image is in both.
    """
    labelled = tuple(dict.fromkeys((*points.image_names, *regions)))
    if labelled and detections.image_names and not {*labelled} & {*detections.image_names}:
        raise InputError(
            f"no image is in both files: {points.source} names {labelled[0]!r}, "
            f"{detections.source} names {detections.image_names[0]!r}{_ids_only(detections, points)}"
        )
    sides = (
        (points, labelled, detections, detections.image_names, ("point", "missed")),
        (detections, detections.image_names, points, labelled, ("detection", "false")),
    )
    for one, names, other, other_names, (cell, outcome) in sides:
        alone = [name for name in names if name not in other_names]
        if not alone:
            continue
        if not allow_missing:
            beside = "" if alone[0] in one.image_names else ", by its region,"
            raise InputError(
                f"image {alone[0]!r}{_others(len(alone))} is in {one.source}{beside} but not in "
                f"{other.source}; "
                "if it has no cell there, say --allow-missing, which counts it in full"
            )
        rows = one.rows_by_image()
        count = sum(len(rows[name]) for name in alone if name in rows)
        log.warning(
            "%s not in %s; %s as %s",
            counted(len(alone), "image is", "images are"),
            other.source,
            counted(count, f"{cell} counts", f"{cell}s count"),
            outcome,
        )


def _ids_only(*tables: CellTable) -> str:
    unnamed = [str(table.source) for table in tables if table.unnamed]
    if not unnamed:
        return ""
    return (
        f"; those of {unnamed[0]} are ids, and only a COCO dataset with these images tells their names, so "
        "give the other file as one, or write file names for the ids"
    )


def _others(count: int) -> str:
    return f", like {counted(count - 1, 'other', 'others')}," if count > 1 else ""
