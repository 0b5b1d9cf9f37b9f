"""Find the cells of one slide, batch by batch: read ahead, propose, decode on the device, keep."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from patherea_core.batch import Sites
from patherea_core.cells import Cells
from patherea_core.errors import InputError
from patherea_core.geometry import Box
from patherea_core.progress import Progress
from patherea_core.slides import SlideReader
from patherea_core.tiling import Tile, owned_by
from patherea_core.workflow.detection.account import Account
from patherea_core.workflow.detection.between_layers import between_layers
from patherea_core.workflow.detection.found import ROW, Found, Rows
from patherea_core.workflow.detection.merge import MergedCells
from patherea_core.workflow.detection.plan import Plan
from patherea_core.workflow.detection.reading_ahead import ReadBatch, read_ahead
from patherea_core.workflow.engine.back_off import is_out_of_memory, release
from patherea_core.workflow.runtimes.runtime import Runtime

#: Threads that read tiles.
DEFAULT_READERS = 2


@dataclass(frozen=True, slots=True, eq=False)
class SlideDetection:
    """What was found on a slide.

    Attributes:
        cells: of the area, in base pixels; they are merged anew each time they are gone through.
        holes: the cores of the tiles that could not be read, in working pixels, by the tiles' numbers.
        reasons: why they could not, by the same.
    """

    cells: Cells
    holes: Mapping[int, Box]
    reasons: Mapping[int, str]


def detect_planned(
    slide: SlideReader,
    runtime: Runtime,
    plan: Plan,
    found: Found,
    progress: Progress,
    readers: int = DEFAULT_READERS,
) -> SlideDetection:
    """Do what a plan says, but for what is kept already, and return the cells.

    The cells are the same bytes whatever was kept before and however many threads read.

    Args:
        slide: where the pixels come from.
        runtime: what runs the network.
        plan: of the slide.
        found: what keeps the detections; the cells are read from there.
        progress: told after every batch, and on a processor in between.
        readers: threads that read tiles.

    Raises:
        InputError: memory does not even suffice for one tile.
        OutputError: the detections cannot be kept.
        Cancelled: the progress asked to stop; the batches that were done are kept.
    """
    todo = _largest_first(plan, found)
    account = Account(slide.name, plan, found, time.monotonic)
    progress.advance(*account.told())
    batches = read_ahead(slide, plan, todo, readers)
    reasons: dict[int, str] = {}
    listen = partial(_listen, progress, account)
    for batch, rows in _rows_of_batches(runtime, plan, batches, listen):
        found.add(batch.number, rows, batch.holes)
        reasons.update(zip(batch.holes, batch.reasons, strict=True))
        account.count(rows)
        progress.advance(*account.told())
    band = float(max(plan.tile_size, runtime.grid))
    cells = MergedCells(found, plan.area, plan.scale, plan.least_distance, band=band)
    # A batch with a hole is tried again by each run, so this one knows the reason of all that are left.
    return SlideDetection(cells, {hole: plan.tiles[hole].core for hole in found.holes}, reasons)


def _largest_first(plan: Plan, found: Found) -> list[int]:
    """Return the numbers of the batches that are not done, those with the largest windows first.

    What was enough memory for them is enough for the others; the other way round a program that keeps what it
    had, as OpenVINO does, comes to hold each size.
    """

    def pixels(batch: int) -> int:
        window = plan.tiles[plan.batches[batch][0]].window
        return window.width * window.height

    todo = [number for number in range(len(plan.batches)) if number not in found.done]
    return sorted(todo, key=pixels, reverse=True)


def _rows_of_batches(
    runtime: Runtime, plan: Plan, batches: Iterator[ReadBatch], listen: Callable[[], None]
) -> Iterator[tuple[ReadBatch, Rows]]:
    """Yield each batch with what was found in it.

    While a device is busy with one batch, the host hands it the next before it waits for the first. A
    processor is itself the host: what it has found is kept at once, and since a tile may take it longer than
    anybody waits who asks to stop, it listens between the layers.
    """
    before: tuple[ReadBatch, Sites | None] | None = None
    for batch in batches:
        with between_layers(listen) if runtime.name == "eager" else nullcontext():
            sites = _sites(runtime, batch)
        if before is not None:
            yield before[0], _rows(runtime, plan, *before)
        before = (batch, sites)
        if sites is not None and sites.score.device.type == "cpu":
            yield batch, _rows(runtime, plan, batch, sites)
            before = None
    if before is not None:
        yield before[0], _rows(runtime, plan, *before)


def _listen(progress: Progress, account: Account) -> None:
    """Learn of a request to stop, though nothing is new."""
    progress.advance(*account.told())


def _sites(runtime: Runtime, batch: ReadBatch) -> Sites | None:
    if not batch.pixels:
        return None
    images = torch.from_numpy(np.stack(batch.pixels)).permute(0, 3, 1, 2)
    return _run(runtime, images)


def _run(runtime: Runtime, images: Tensor) -> Sites:
    """Run the network; where memory does not suffice for all images at once, half of them at a time."""
    try:
        return runtime.run(images)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if len(images) == 1:
            height, width = images.shape[-2:]
            raise InputError(
                f"memory does not suffice for a tile of {width} × {height} pixels; take smaller ones with"
                " --tile-size, or a device with more memory"
            ) from error
    release()
    first, second = (_run(runtime, half) for half in images.tensor_split(2))
    return Sites(
        torch.cat([first.xy, second.xy]),
        torch.cat([first.score, second.score]),
        torch.cat([first.class_index, second.class_index]),
    )


def _rows(runtime: Runtime, plan: Plan, batch: ReadBatch, sites: Sites | None) -> Rows:
    """Return what the tiles' cores own and what scores enough, with its tiles, in working pixels."""
    if sites is None:
        return np.empty(0, dtype=ROW)
    owned = _owned(runtime, plan.tiles[batch.tiles[0]]).to(sites.score.device)
    image, site = ((sites.score >= plan.threshold) & owned).nonzero(as_tuple=True)
    xy = sites.xy[image, site].double().cpu().numpy()
    numbers = np.asarray(batch.tiles)[image.cpu().numpy()]
    windows = [plan.tiles[number].window for number in batch.tiles]
    corners = np.array([(window.left, window.top) for window in windows])[image.cpu().numpy()]
    rows = np.empty(len(numbers), dtype=ROW)
    rows["tile"] = numbers
    rows["x"], rows["y"] = (xy + corners).T
    rows["class_index"] = sites.class_index[image, site].cpu().numpy()
    rows["score"] = np.clip(sites.score[image, site].cpu().numpy(), 0.0, 1.0)
    return rows


def _owned(runtime: Runtime, tile: Tile) -> Tensor:
    """Return the (M,) mask of the anchor points that a tile's core owns; all tiles of a batch share it."""
    return torch.from_numpy(owned_by(tile, runtime.anchors(tile.window.height, tile.window.width)))
