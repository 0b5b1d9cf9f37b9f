"""What is done on one slide, all decided before its first tile is read."""

import hashlib
import json
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import shapely

from patherea_core.bundle_card import BundleCard
from patherea_core.errors import InputError
from patherea_core.geometry import Box, Scale
from patherea_core.regions import Outline, as_outline
from patherea_core.slides import SlideReader
from patherea_core.tiling import Tile, cover

log = logging.getLogger(__name__)

#: Side of a tile's core in working pixels where the network is quick: large, since a halo costs less around a
#: large core.
LARGE_TILE = 2048

#: The same where numbers take two bytes rather than four, in as much memory and less time.
HALVED_LARGE_TILE = 3072

#: The same where it is not, so that a request to stop is heard within seconds.
DEFAULT_TILE_SIZE = 1024

#: How many times its area a tile of a size that somebody chose may be with its halo, before that is told.
_MOST_HALO = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionSettings:
    """How to detect on a slide.

    Attributes:
        outline: the area in base pixels; None for the whole slide.
        tissue: where there is something to see, in base pixels; tiles without any of it are not read.
            None reads all of the area.
        tile_size: side of a tile's core in working pixels; None takes the program's choice.
        threshold: least probability; None takes the card's.
    """

    outline: Outline | None = None
    tissue: Outline | None = None
    tile_size: int | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise InputError(f"the score threshold must lie between 0 and 1, not {self.threshold}")
        if self.tile_size is not None and self.tile_size <= 0:
            raise InputError(
                f"the tile size must be a positive number of pixels, not {self.tile_size}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The tiles of a slide, in the batches in which the network sees them.

    Attributes:
        area: what counts, in base pixels.
        scale: of the slide and the model.
        tiles: row by row; their places here are their numbers.
        batches: the numbers of the tiles of each, which are of one shape.
        tile_size: side of a core in working pixels.
        threshold: least probability of a detection.
        least_distance: between two cells, in working pixels; 0 for none.
    """

    area: Outline
    scale: Scale
    tiles: tuple[Tile, ...]
    batches: tuple[tuple[int, ...], ...]
    tile_size: int
    threshold: float
    least_distance: float

    @property
    def square_millimetres(self) -> float:
        """The area of the tiles' cores."""
        pixels = sum(tile.core.width * tile.core.height for tile in self.tiles)
        return pixels * (self.scale.working_mpp / 1000) ** 2

    @property
    def digest(self) -> str:
        """A digest of all that decides what is found, but for the slide's pixels and the model's weights."""
        boxes = [(*_edges(tile.core), *_edges(tile.window)) for tile in self.tiles]
        content = (
            *(boxes, self.batches, self.threshold, self.least_distance, self.area.wkb_hex),
            *(self.scale.base_mpp, self.scale.working_mpp),
        )
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TileSizes:
    """How large tiles are, in working pixels.

    Attributes:
        core: side of the part that a tile answers for.
        halo: what is seen around it on each side.
        fixed: whether tiles at the edges of the slide are as large as others; else they end there.
    """

    core: int
    halo: int
    fixed: bool = False


def tile_sizes(
    card: BundleCard, grid: int, *, own_size: bool, quick: bool = False, halves: bool = False
) -> TileSizes:
    """Return the sizes of tiles that suit a model.

    Args:
        card: of the model.
        grid: the network's largest stride.
        own_size: whether the network is at home at the size of its training tiles only, as a transformer
            is. Then a tile with its halo is of that size, and no halo makes tiling exact.
        quick: whether a large tile is a matter of a few seconds.
        halves: whether the network computes with numbers of two bytes.
    """
    if not own_size:
        large = HALVED_LARGE_TILE if halves else LARGE_TILE
        return TileSizes(large if quick else DEFAULT_TILE_SIZE, math.ceil(card.halo))
    side = card.recipe.training.tile_size
    halo = min(math.ceil(side / (8 * grid)), (side // grid - 1) // 2) * grid
    return TileSizes(side - 2 * halo, halo, fixed=True)


def plan(
    slide: SlideReader,
    card: BundleCard,
    grid: int,
    settings: DetectionSettings,
    *,
    sizes: TileSizes,
    batch_size: int = 1,
) -> Plan:
    """Return what is done on a slide.

    Args:
        slide: where the pixels come from.
        card: of the model.
        grid: the network's largest stride.
        settings: what is asked for.
        sizes: of the tiles, where the settings name none; see ``tile_sizes``.
        batch_size: most tiles that the network sees at once.

    Raises:
        InputError: the outline lies outside of the slide.
    """
    area = _area_within(slide, settings.outline)
    scale = Scale(slide.base_mpp, card.mpp)
    if settings.tile_size is not None:
        sizes = replace(sizes, core=settings.tile_size)
        if settings.tissue is None:  # tissue is known only after a first plan, which has told
            _warn_of_small_tiles(sizes)
    tiles = _tiles(slide, _read_in(area, settings.tissue), scale, grid, sizes)
    return Plan(
        area=area,
        scale=scale,
        tiles=tuple(tiles),
        batches=tuple(_batches(tiles, batch_size)),
        tile_size=sizes.core,
        threshold=card.score_threshold if settings.threshold is None else settings.threshold,
        least_distance=card.recipe.decoding.least_distance_um / card.mpp,
    )


def _warn_of_small_tiles(sizes: TileSizes) -> None:
    times = ((sizes.core + 2 * sizes.halo) / sizes.core) ** 2
    if times > _MOST_HALO:
        log.warning(
            "tiles of %d pixels are worked on with %d more on each side, %.0f times their area; larger ones"
            " take as much less time",
            sizes.core,
            sizes.halo,
            times,
        )


def _area_within(slide: SlideReader, outline: Outline | None) -> Outline:
    """Return the part of the outline that lies on the slide, in base pixels."""
    whole = shapely.box(0, 0, slide.width, slide.height)
    if outline is None:
        return whole
    area = as_outline(whole.intersection(outline))
    if area.area <= 0:
        left, top, right, bottom = (round(edge) for edge in outline.bounds)
        raise InputError(
            f"the region ({left}, {top}) to ({right}, {bottom}) lies outside of slide {slide.name!r}"
            f" ({slide.width} × {slide.height} pixels); give it in base pixels of this slide"
        )
    return area


def _read_in(area: Outline, tissue: Outline | None) -> Outline:
    return area if tissue is None else as_outline(area.intersection(tissue))


def _tiles(
    slide: SlideReader, area: Outline, scale: Scale, grid: int, sizes: TileSizes
) -> list[Tile]:
    if area.is_empty:
        return []
    whole = shapely.transform(shapely.box(0, 0, slide.width, slide.height), scale.to_working)
    working = shapely.transform(area, scale.to_working)
    # A proposal may leave its anchor point, by less than a step of the grid: those beyond the region's
    # edge take part, and what they propose outside of the region is dropped at the end.
    reach = working.buffer(grid, join_style="mitre").intersection(whole)
    seen = None if sizes.fixed else whole
    return cover(reach, tile_size=sizes.core, halo=sizes.halo, grid=grid, seen=seen)


def _batches(tiles: Sequence[Tile], size: int) -> Iterator[tuple[int, ...]]:
    """Yield the numbers of neighbours in a row that are alike but for their place, so many at a time."""
    numbered = enumerate(tiles)
    for _, row in groupby(numbered, key=lambda pair: (pair[1].window.top, _shape(pair[1]))):
        numbers = [number for number, _ in row]
        for start in range(0, len(numbers), size):
            yield tuple(numbers[start : start + size])


def _shape(tile: Tile) -> tuple[Box, int, int]:
    """Return the core as its window sees it, and the sides of the window."""
    core, window = tile.core, tile.window
    within = Box(core.left - window.left, core.top - window.top, core.width, core.height)
    return within, window.width, window.height


def _edges(box: Box) -> tuple[int, int, int, int]:
    return box.left, box.top, box.width, box.height
