"""Detect the cells of a slide: cover, read, propose, decode, merge."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import shapely
import torch

from patherea_core.bundle_card import BundleCard
from patherea_core.checkpoint import ModelBundle, build_network
from patherea_core.decoding import one_per_cell
from patherea_core.errors import InputError
from patherea_core.geometry import Scale
from patherea_core.model.network import P2PNetwork
from patherea_core.points import Detections
from patherea_core.progress import Progress, Silent
from patherea_core.regions import Outline, inside
from patherea_core.slides import SlideReader, read_working
from patherea_core.tiling import Tile, cover
from patherea_core.workflow.devices import resolve_device
from patherea_core.workflow.tile_detection import detect_owned

log = logging.getLogger(__name__)

#: Side of a tile's core in working pixels: large, since a halo costs less around a large core.
DEFAULT_TILE_SIZE = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """A network on its device, with the card of its bundle."""

    card: BundleCard
    network: P2PNetwork
    device: torch.device

    @classmethod
    def load(
        cls,
        bundle: ModelBundle,
        device: str = "auto",
        backbone_weights: Path | Literal["hub"] | None = None,
    ) -> "Detector":
        """Return the detector of a bundle.

        Args:
            bundle: weights and card.
            device: auto, cpu or cuda.
            backbone_weights: the backbone's pretrained weights, for a bundle that leaves them out.

        Raises:
            InputError: CUDA is asked for and there is none.
            BundleError: the weights do not fit the card, or those of the backbone are missing.
        """
        chosen = resolve_device(device)
        network = build_network(bundle, backbone_weights)
        return cls(bundle.card, network.to(chosen), chosen)

    @torch.inference_mode()
    def detect_tile(self, slide: SlideReader, tile: Tile, threshold: float) -> Detections:
        """Return the cells that one tile's core owns, in working pixels of the slide."""
        pixels = read_working(slide, tile.window, self.card.mpp)
        return detect_owned(self.network, pixels, tile, threshold)


def predict(
    slide: SlideReader,
    detector: Detector,
    *,
    outline: Outline | None = None,
    tile_size: int | None = None,
    threshold: float | None = None,
    progress: Progress | None = None,
) -> Detections:
    """Return the cells of a slide, or of a region of it, in base pixels.

    The order is that of the tiles by row, and of the anchor points within a tile; it is the same at
    every run. A region without a cell gives none, which is no error.

    Args:
        slide: where the pixels come from.
        detector: the network and its card.
        outline: the area in base pixels; None for the whole slide.
        tile_size: side of a tile's core in working pixels.
        threshold: least probability; None takes the card's.
        progress: told after every tile.

    Raises:
        InputError: the outline lies outside of the slide, or a setting is out of its range.
        Cancelled: the progress asked to stop.
    """
    least = detector.card.score_threshold if threshold is None else threshold
    if not 0 <= least <= 1:
        raise InputError(f"the score threshold must lie between 0 and 1, not {least}")
    area = _area_within(slide, outline)
    scale = Scale(slide.base_mpp, detector.card.mpp)
    tiles = _tiles(slide, area, scale, detector, tile_size or DEFAULT_TILE_SIZE)
    parts = list(_detect_all(slide, detector, tiles, least, progress or Silent()))
    least_distance = detector.card.recipe.decoding.least_distance_um / detector.card.mpp
    found = one_per_cell(Detections.concatenate(parts), least_distance)
    found = found.moved_to(scale.to_base(found.xy))
    return found.take(inside(area, found.xy))


def _area_within(slide: SlideReader, outline: Outline | None) -> Outline:
    """Return the part of the outline that lies on the slide, in base pixels."""
    whole = shapely.box(0, 0, slide.width, slide.height)
    if outline is None:
        return whole
    area = whole.intersection(outline)
    if area.area <= 0:
        left, top, right, bottom = (round(edge) for edge in outline.bounds)
        raise InputError(
            f"the region ({left}, {top}) to ({right}, {bottom}) lies outside of slide {slide.name!r}"
            f" ({slide.width} × {slide.height} pixels); give it in base pixels of this slide"
        )
    return area


def _tiles(
    slide: SlideReader, area: Outline, scale: Scale, detector: Detector, tile_size: int
) -> list[Tile]:
    if tile_size <= 0:
        raise InputError(f"the tile size must be a positive number of pixels, not {tile_size}")
    grid = detector.network.largest_stride
    whole = shapely.transform(shapely.box(0, 0, slide.width, slide.height), scale.to_working)
    working = shapely.transform(area, scale.to_working)
    # A proposal may leave its anchor point, by less than a step of the grid: those beyond the region's
    # edge take part, and what they propose outside of the region is dropped at the end.
    reach = working.buffer(grid, join_style="mitre").intersection(whole)
    return cover(reach, tile_size=tile_size, halo=math.ceil(detector.card.halo), grid=grid)


def _detect_all(
    slide: SlideReader, detector: Detector, tiles: list[Tile], threshold: float, progress: Progress
) -> Iterator[Detections]:
    count = 0
    progress.advance(0.0, f"{slide.name}: {len(tiles)} tiles")
    for done, tile in enumerate(tiles, start=1):
        part = detector.detect_tile(slide, tile, threshold)
        count += len(part)
        yield part
        progress.advance(
            done / len(tiles), f"{slide.name}: tile {done} of {len(tiles)}, {count} cells"
        )
