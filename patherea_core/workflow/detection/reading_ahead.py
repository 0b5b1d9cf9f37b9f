"""Pixels of the next tiles, read while the network is busy with others."""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from patherea_core.errors import SlideError
from patherea_core.geometry import Box, Pixels
from patherea_core.slides import SlideReader, read_working
from patherea_core.workflow.detection.plan import Plan

log = logging.getLogger(__name__)

#: How often a tile is tried: a network drive may fail once.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class ReadBatch:
    """The pixels of one batch.

    Attributes:
        number: of the batch in the plan.
        tiles: the numbers of its tiles that could be read.
        pixels: (H, W, 3) of each of them.
        holes: the numbers of the tiles that could not.
        reasons: why each of those could not, in the same order.
    """

    number: int
    tiles: tuple[int, ...]
    pixels: tuple[Pixels, ...]
    holes: tuple[int, ...]
    reasons: tuple[str, ...]


def read_ahead(
    slide: SlideReader, plan: Plan, batches: Sequence[int], readers: int
) -> Iterator[ReadBatch]:
    """Yield batches in the order asked for.

    At most so many tiles are held as there are readers, and one batch more.

    Args:
        slide: where the pixels come from; it is read from several threads.
        plan: of the slide.
        batches: their numbers.
        readers: threads that read.
    """
    waiting: deque[tuple[int, list[Future[Pixels | SlideError]]]] = deque()
    ahead = iter(batches)
    pool = ThreadPoolExecutor(readers, thread_name_prefix="reader")
    try:
        while True:
            while sum(len(futures) for _, futures in waiting) <= readers:
                number = next(ahead, None)
                if number is None:
                    break
                tiles = plan.batches[number]
                futures = [pool.submit(_read, slide, plan, tile) for tile in tiles]
                waiting.append((number, futures))
            if not waiting:
                return
            number, futures = waiting.popleft()
            yield _gathered(plan, number, [future.result() for future in futures])
    finally:
        pool.shutdown(cancel_futures=True)


def core_in_base(plan: Plan, number: int) -> Box:
    """Return the part of a slide that a tile answers for, to the nearest base pixels."""
    core, factor = plan.tiles[number].core, plan.scale.base_per_working
    left, top = round(core.left * factor), round(core.top * factor)
    width, height = round(core.width * factor), round(core.height * factor)
    return Box(left, top, max(1, width), max(1, height))


def _read(slide: SlideReader, plan: Plan, number: int) -> Pixels | SlideError:
    """Return what a tile's window shows, or why it cannot be read."""
    tile, reason = plan.tiles[number], SlideError()
    for _ in range(_ATTEMPTS):
        try:
            return read_working(slide, tile.window, plan.scale.working_mpp)
        except SlideError as error:
            reason = error
    return reason


def _gathered(plan: Plan, number: int, results: Sequence[Pixels | SlideError]) -> ReadBatch:
    pixels, tiles, holes, reasons = [], [], [], []
    for tile, result in zip(plan.batches[number], results, strict=True):
        if isinstance(result, SlideError):
            log.error(
                "tile %d of %d at %s of the slide cannot be read after %d tries, so its cells will be"
                " missing: %s",
                *(tile + 1, len(plan.tiles), core_in_base(plan, tile), _ATTEMPTS, result),
            )
            holes.append(tile)
            reasons.append(str(result))
        else:
            pixels.append(result)
            tiles.append(tile)
    return ReadBatch(number, tuple(tiles), tuple(pixels), tuple(holes), tuple(reasons))
