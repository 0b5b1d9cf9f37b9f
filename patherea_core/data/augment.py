"""Moves of a labelled image: pixels, points and mask go together."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from patherea_core.config import TrainingConfig
from patherea_core.data.recolour import recoloured
from patherea_core.geometry import Bools, Box, Floats, Pixels
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


def augmented(
    view: View,
    window: Box,
    settings: TrainingConfig,
    random: np.random.Generator,
    reach: float = 0.0,
) -> View:
    """Return the part of a view in a window as a tile: scaled, then flipped, turned and recoloured.

    All eight orientations are equally likely. They are drawn first, so that the other settings do not
    change them.

    Args:
        view: the whole image.
        window: a square in the image's pixels; it may reach beyond the image.
        settings: side of the tile, and how much its looks may change.
        random: where chance comes from.
        reach: as for ``crop``, in pixels of the tile.
    """
    tile = crop(view, window, reach * window.width / settings.tile_size)
    tile = scaled(tile, settings.tile_size)
    if random.integers(2):
        tile = mirrored(tile)
    tile = turned(tile, int(random.integers(4)))
    return View(recoloured(tile.pixels, settings, random), tile.points, tile.labelled)


def crop(view: View, box: Box, reach: float = 0.0) -> View:
    """Return the part of the view in a box of its pixels; beyond its edges all is white, unlabelled.

    A point belongs to the part if it lies in the half-open box.

    Args:
        view: an image.
        box: the part.
        reach: the part is unlabelled where a point outside of it is nearer than so many pixels, for what
            has to be known of all cells near by.
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
    inside = box.contains(view.points.xy)
    xy = view.points.xy - (box.left, box.top)
    if reach:
        labelled &= ~_within(reach, xy[~inside], labelled.shape)
    return View(pixels, view.points.take(inside).moved_to(xy[inside]), labelled)


def _within(reach: float, xy: Floats, shape: tuple[int, ...]) -> Bools:
    """Return which pixels of an image of that shape have a point nearer to their middle than the reach."""
    near = np.zeros(shape, dtype=np.bool_)
    rows, columns = (np.arange(side) + 0.5 for side in shape)
    for x, y in xy:
        down, right = (
            slice(*np.searchsorted(middles, (middle - reach, middle + reach)))
            for middles, middle in ((rows, y), (columns, x))
        )
        distance = np.hypot(columns[right] - x, rows[down, np.newaxis] - y)
        near[down, right] |= distance < reach
    return near


def _slices(box: Box, left: int, top: int) -> tuple[slice, slice]:
    return slice(box.top - top, box.bottom - top), slice(box.left - left, box.right - left)


def scaled(view: View, side: int) -> View:
    """Return a square view with another side: pixels resampled, the mask's by the nearest pixel.

    Positions count from the outer corner, so they are only multiplied. Where the view becomes smaller,
    each new pixel averages all old ones that it covers, so that nothing flickers.
    """
    before = len(view.labelled)
    if before == side:
        return view
    planes = torch.from_numpy(view.pixels).permute(2, 0, 1)[None]
    resampled = functional.interpolate(planes, size=(side, side), mode="bilinear", antialias=True)
    nearest = ((np.arange(side) + 0.5) * before / side).astype(np.int64)
    return View(
        resampled[0].permute(1, 2, 0).numpy(),
        view.points.moved_to(_kept_below(view.points.xy * (side / before), side)),
        view.labelled[nearest[:, np.newaxis], nearest],
    )


def mirrored(view: View) -> View:
    """Return the view with left and right exchanged: x becomes W − x."""
    width = view.pixels.shape[1]
    xy = view.points.xy.copy()
    # A point exactly on the left edge would land on the right one, which is outside of the image.
    xy[:, 0] = _kept_below(width - xy[:, 0], width)
    return View(view.pixels[:, ::-1], view.points.moved_to(xy), view.labelled[:, ::-1])


def _kept_below(values: Floats, end: int) -> Floats:
    """Return the values, none of which reaches the end even when rounded to 32 bits."""
    return np.minimum(values, float(np.nextafter(np.float32(end), np.float32(0))))


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
