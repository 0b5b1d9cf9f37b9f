"""Small files in published layouts, and where the real ones lie."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from PIL import Image

from patherea_core.geometry import Pixels
from training.importers.published import PublishedDataset, PublishedImage

DATA = Path(os.environ.get("PATHEREA_DATA", Path(__file__).parents[4] / "shared" / "data"))

Test = TypeVar("Test", bound=Callable[..., None])


def needs(folder: str, origin: str) -> Callable[[Test], Test]:
    """Mark a test that reads real files; it is skipped where they are not."""
    reason = f"needs the files of {origin} in $PATHEREA_DATA/{folder}"
    absent = pytest.mark.skipif(not (DATA / folder).is_dir(), reason=reason)

    def mark(test: Test) -> Test:
        marked: Test = pytest.mark.data(absent(test))
        return marked

    return mark


def write_lines(path: Path, *lines: str) -> Path:
    """Write a text file, its folder first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_pixels(path: Path, pixels: Pixels) -> Path:
    """Write an image, its folder first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def write_image(path: Path, width: int = 12, height: int = 8) -> Path:
    """Write an image with a different colour in each pixel, its folder first."""
    ramp = np.arange(width * height, dtype=np.uint8).reshape(height, width)
    return write_pixels(path, np.stack([ramp, ramp + 80, ramp + 160], axis=2))


def image(dataset: PublishedDataset, name: str) -> PublishedImage:
    """Return the image of that name."""
    (found,) = (one for one in dataset.images if one.name == name)
    return found


def cells(one: PublishedImage, dataset: PublishedDataset) -> list[tuple[float, float, str]]:
    """Return the cells of an image in order: x, y, class."""
    names = dataset.taxonomy.names
    return sorted(
        (x, y, names[row])
        for (x, y), row in zip(one.points.xy.tolist(), one.points.class_index.tolist(), strict=True)
    )


def counts(images: Sequence[PublishedImage], classes: int) -> list[int]:
    """Return how many cells of each class some images have."""
    rows = [row for one in images for row in one.points.class_index.tolist()]
    return [rows.count(row) for row in range(classes)]


def darkness_at_points(one: PublishedImage, *, swapped: bool) -> float:
    """Return the mean grey value under the points, or under the points with x and y exchanged."""
    grey = one.read().mean(axis=2)
    column, row = one.points.xy.astype(int).T
    if swapped:
        column, row = row, column
    inside = (column < grey.shape[1]) & (row < grey.shape[0])
    return float(grey[row[inside], column[inside]].mean())
