"""Random views of a labelled image; pixels, points and mask move together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from patherea_core.geometry import Bools, Box, Pixels
from patherea_core.points import Points


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An image with its points and the mask of where it is labelled.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        points: cells in the image's own pixels.
        labelled: (H, W) true where every cell is labelled.
    """

    pixels: Pixels
    points: Points
    labelled: Bools


def crop(view: View, box: Box) -> View:
    """Return the part of the view in a box of its pixels; beyond its edges all is white, unlabelled.

    A point belongs to the part if it lies in the half-open box.
    """
    pixels = np.full((box.height, box.width, 3), 255, dtype=np.uint8)
    labelled = np.zeros((box.height, box.width), dtype=np.bool_)
    height, width = view.labelled.shape
    shared = box.intersection(Box(0, 0, width, height))
    if shared is not None:
        there = _slices(shared, 0, 0)
        here = _slices(shared, box.left, box.top)
        pixels[here] = view.pixels[there]
        labelled[here] = view.labelled[there]
    points = view.points.take(box.contains(view.points.xy))
    return View(pixels, points.moved_to(points.xy - (box.left, box.top)), labelled)


def _slices(box: Box, left: int, top: int) -> tuple[slice, slice]:
    return slice(box.top - top, box.bottom - top), slice(box.left - left, box.right - left)


def mirrored(view: View) -> View:
    """Return the view with left and right exchanged: x becomes W − x."""
    width = view.pixels.shape[1]
    xy = view.points.xy.copy()
    # A point exactly on the left edge would land on the right one, which is outside of the image.
    last_inside = float(np.nextafter(np.float32(width), np.float32(0)))
    xy[:, 0] = np.minimum(width - xy[:, 0], last_inside)
    return View(view.pixels[:, ::-1], view.points.moved_to(xy), view.labelled[:, ::-1])


def transposed(view: View) -> View:
    """Return the view with rows and columns exchanged: (x, y) becomes (y, x)."""
    return View(
        view.pixels.transpose(1, 0, 2),
        view.points.moved_to(view.points.xy[:, ::-1]),
        view.labelled.T,
    )


def turned(view: View, quarters: int) -> View:
    """Return the view turned clockwise by so many quarters of a circle."""
    for _ in range(quarters % 4):
        view = mirrored(transposed(view))
    return view


def jittered(pixels: Pixels, strength: float, random: np.random.Generator) -> Pixels:
    """Return the pixels with brightness, contrast and saturation changed at random.

    Each is multiplied by a factor from 1 − ``strength`` to 1 + ``strength``: brightness against black,
    contrast against the mean grey, saturation against each pixel's own grey.
    """
    brightness, contrast, saturation = random.uniform(1 - strength, 1 + strength, size=3)
    values = pixels.astype(np.float32) * np.float32(brightness)
    grey = _grey(values)
    values = grey + (values - grey) * np.float32(saturation)
    mean = grey.mean()
    values = mean + (values - mean) * np.float32(contrast)
    recoloured: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return recoloured


def _grey(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return (values @ weights)[..., np.newaxis]


def random_box(labelled: Bools, tile_size: int, random: np.random.Generator) -> Box:
    """Return a square box around a labelled pixel, any of them equally likely, kept in the image.

    Args:
        labelled: (H, W) mask.
        tile_size: side of the box in pixels; an image smaller than that lies within the box.
        random: where chance comes from.
    """
    per_row = np.count_nonzero(labelled, axis=1).cumsum()
    if not per_row[-1]:
        row, column = (int(random.integers(side)) for side in labelled.shape)
    else:
        chosen = random.integers(per_row[-1])
        row = int(np.searchsorted(per_row, chosen, side="right"))
        column = int(random.choice(np.flatnonzero(labelled[row])))
    height, width = labelled.shape
    return Box(
        _placed(column, tile_size, width), _placed(row, tile_size, height), tile_size, tile_size
    )


def _placed(middle: int, tile_size: int, side: int) -> int:
    least, most = sorted((0, side - tile_size))
    return min(max(middle - tile_size // 2, least), most)


def augmented(view: View, tile_size: int, jitter: float, random: np.random.Generator) -> View:
    """Return a random square crop of the view, flipped, turned and recoloured at random.

    Args:
        view: the whole image.
        tile_size: side of the crop in pixels.
        jitter: largest relative change of brightness, contrast and saturation; 0 for none.
        random: where chance comes from.
    """
    part = crop(view, random_box(view.labelled, tile_size, random))
    if random.integers(2):
        part = mirrored(part)
    part = turned(part, int(random.integers(4)))
    if jitter > 0:
        part = View(jittered(part.pixels, jitter, random), part.points, part.labelled)
    return part
