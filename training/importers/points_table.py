"""Images in ``images/`` with all their points gathered in one table, ``points.csv``: image, x, y, class.

Positions are pixel indices counted from zero, cut to whole numbers or not; further columns are left alone.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from patherea_core.errors import DatasetError, TaxonomyError
from training.importers.published import PublishedImage
from training.importers.reading import (
    files_by_stem,
    image_size,
    points_of_pixels,
    require_folders,
    rgb,
    table,
)

#: Whose tissue an image is, and the part of the split that it belongs to, by its file.
Origin = Callable[[Path], tuple[str, str]]


def images_of_table(
    source: Path, suffix: str, classes: Sequence[str], origin: Origin, layout: str
) -> list[PublishedImage]:
    """Return the images of a folder with their points, in order of their names.

    Args:
        source: holds ``images/`` and ``points.csv``.
        suffix: how the images' files end.
        classes: the classes that the table may name; a point's class is its place among them.
        origin: gives patient and fold.
        layout: says what belongs into the source, for messages.

    Raises:
        DatasetError: a file is missing or broken, or the table names an image that is not there.
        TaxonomyError: the table names another class.
    """
    require_folders(source, ("images",), layout)
    path = source / "points.csv"
    cells: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for number, row in enumerate(table(path, ("image", "x", "y", "class")), start=2):
        cells[row["image"]].append(_cell(row, classes, f"{path}, row {number}"))
    images = files_by_stem(source / "images", suffix)
    absent = sorted(set(cells) - {image.name for image in images.values()})
    if absent:
        raise DatasetError(
            f"{path} names image {absent[0]}, which {source / 'images'} does not hold"
        )
    return [_image(image, cells[image.name], origin, str(path)) for image in images.values()]


def _cell(row: dict[str, str], classes: Sequence[str], where: str) -> tuple[float, float, int]:
    if row["class"] not in classes:
        raise TaxonomyError(
            f"{where}: class {row['class']!r} is unknown; the classes are {', '.join(classes)}"
        )
    try:
        return float(row["x"]), float(row["y"]), classes.index(row["class"])
    except ValueError:
        raise DatasetError(f"{where}: {row['x']!r}, {row['y']!r} is not a position") from None


def _image(
    path: Path, cells: list[tuple[float, float, int]], origin: Origin, where: str
) -> PublishedImage:
    patient, fold = origin(path)
    rows = np.array(cells, dtype=np.float64).reshape(-1, 3)
    return PublishedImage(
        name=path.stem,
        read=partial(rgb, path),
        points=points_of_pixels(rows[:, :2], rows[:, 2], image_size(path), f"{where}, {path.name}"),
        patient=patient,
        fold=fold,
    )
