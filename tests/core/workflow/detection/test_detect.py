"""Detection by a plan: seamless, the same bytes however it came about, honest about holes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import shapely
from scipy.spatial import cKDTree

from patherea_core.cells import Cells
from patherea_core.errors import Cancelled, InputError, SlideError
from patherea_core.geometry import Box, Pixels
from patherea_core.points import Detections
from patherea_core.progress import Progress, Silent
from patherea_core.regions import inside
from patherea_core.slides import ArraySlide, SlideReader
from patherea_core.workflow.detection.detect import SlideDetection, detect_planned
from patherea_core.workflow.detection.found import Found, FoundInMemory
from patherea_core.workflow.detection.plan import (
    DetectionSettings,
    Plan,
    TileSizes,
    plan,
    tile_sizes,
)
from tests.core.workflow.detection.local_runtime import CARD, GRID, LocalRuntime, noise_slide
from tests.fakes import RecordingProgress


class Listening:
    """A slide that remembers what was read of it, and may fail.

    Args:
        slide: where the pixels come from.
        fails: tells for a box and how often it was asked for before whether reading fails.
    """

    def __init__(
        self, slide: ArraySlide, fails: Callable[[Box, int], bool] = lambda _box, _before: False
    ) -> None:
        self.slide = slide
        self.boxes: list[Box] = []
        self._fails = fails
        self.name, self.base_mpp = slide.name, slide.base_mpp
        self.width, self.height = slide.width, slide.height

    def read(self, box: Box) -> Pixels:
        """Return the pixels, or fail."""
        before = self.boxes.count(box)
        self.boxes.append(box)
        if self._fails(box, before):
            raise SlideError("this part is broken")
        return self.slide.read(box)


def planned(slide: SlideReader, batch_size: int = 1, **settings: object) -> Plan:
    wanted = DetectionSettings(**{"tile_size": 96} | settings)  # type: ignore[arg-type]
    return plan(slide, CARD, GRID, wanted, sizes=TileSizes(96, 40), batch_size=batch_size)


def detected(
    slide: SlideReader,
    work: Plan,
    found: Found | None = None,
    *,
    runtime: LocalRuntime | None = None,
    progress: Progress | None = None,
    readers: int = 2,
) -> SlideDetection:
    kept = FoundInMemory() if found is None else found
    return detect_planned(
        slide, runtime or LocalRuntime(), work, kept, progress or Silent(), readers
    )


def everything(cells: Cells) -> Detections:
    return Detections.concatenate([part.detections for part in cells.parts()])


def as_bytes(cells: Cells) -> bytes:
    found = everything(cells)
    tiles = np.concatenate([[], *(part.tile for part in cells.parts())])
    return b"".join(each.tobytes() for each in (found.xy, found.score, found.class_index, tiles))


def same(first: Detections, second: Detections) -> bool:
    """Tell whether both hold the same cells but for the last digits.

    Single precision counts from the corner of a window, so those depend on the tiling.
    """
    return len(first) == len(second) and among(first, second)


def among(some: Detections, cells: Detections) -> bool:
    """Tell whether all of some cells are among others."""
    distance, row = cKDTree(cells.xy).query(some.xy)
    return bool((distance < 1e-3).all() and np.allclose(some.score, cells.score[row], atol=1e-5))


@pytest.mark.parametrize("tile_size", [32, 96, 130, 256])
@pytest.mark.parametrize("mpp", [0.5, 0.25])
def test_tiled_is_untiled(tile_size: int, mpp: float) -> None:
    slide = noise_slide(mpp=mpp)
    whole = everything(detected(slide, planned(slide, tile_size=2048)).cells)
    tiled = everything(detected(slide, planned(slide, tile_size=tile_size)).cells)
    assert len(whole) > 100
    assert same(tiled, whole)


def test_readers_batches_and_memory_change_no_byte() -> None:
    slide = noise_slide()
    expected = as_bytes(detected(slide, planned(slide)).cells)
    for size, readers, most in ((1, 1, 9), (3, 5, 9), (4, 2, 9), (4, 3, 1), (7, 2, 3)):
        runtime = LocalRuntime(most)
        done = detected(slide, planned(slide, size), runtime=runtime, readers=readers)
        assert as_bytes(done.cells) == expected, (size, readers, most)


class StopAfter:
    """A progress that asks to stop once so many reports were made."""

    def __init__(self, reports: int) -> None:
        self._left = reports

    def advance(self, _fraction: float, message: str = "") -> None:
        """Count, and stop."""
        self._left -= 1
        if self._left < 0:
            raise Cancelled(message)


@pytest.mark.parametrize("reports", [0, 1, 2, 7, 20])
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes_without_reading_twice(
    reports: int,
) -> None:
    slide, found = noise_slide(), FoundInMemory()
    work = planned(slide, 2)
    with pytest.raises(Cancelled):
        detected(slide, work, found, progress=StopAfter(reports))
    before = set(found.done)
    assert len(before) == reports
    rest = Listening(slide)
    done = detected(rest, work, found)
    assert as_bytes(done.cells) == as_bytes(detected(slide, work).cells)
    assert len(rest.boxes) == sum(
        len(tiles) for number, tiles in enumerate(work.batches) if number not in before
    )


def test_a_part_that_cannot_be_read_is_a_hole_and_the_rest_is_as_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slide = noise_slide()
    work = planned(slide, 2)
    broken = work.tiles[7].window
    reader = Listening(slide, lambda box, _before: box == broken)
    done = detected(reader, work)
    assert done.holes == {7: work.tiles[7].core}
    assert done.reasons == {7: "this part is broken"}
    assert (
        f"tile 8 of {len(work.tiles)} at {work.tiles[7].core} of the slide cannot be read after 3 tries,"
        " so its cells will be missing: this part is broken"
    ) in caplog.messages
    assert reader.boxes.count(broken) == 3
    whole, rest = everything(detected(slide, work).cells), everything(done.cells)
    away = shapely.box(0, 0, slide.width, slide.height).difference(
        shapely.box(*_edges(work.tiles[7].core.grown(40)))
    )
    assert same(rest.take(inside(away, rest.xy)), whole.take(inside(away, whole.xy)))
    assert len(rest) < len(whole)


def _edges(box: Box) -> tuple[int, int, int, int]:
    return box.left, box.top, box.right, box.bottom


def test_where_memory_does_not_suffice_for_one_tile_it_is_said() -> None:
    slide = noise_slide()
    with pytest.raises(InputError, match=r"224 × 224 pixels; .*--tile-size"):
        detected(slide, planned(slide, tile_size=96), runtime=LocalRuntime(0))


def test_a_hole_is_filled_by_the_next_run() -> None:
    slide, found = noise_slide(), FoundInMemory()
    work = planned(slide, 2)
    broken = work.tiles[7].window
    assert detected(Listening(slide, lambda box, _before: box == broken), work, found).holes
    reader = Listening(slide)
    done = detected(reader, work, found)
    assert len(reader.boxes) == 2
    assert done.holes == {}
    assert as_bytes(done.cells) == as_bytes(detected(slide, work).cells)


def test_a_read_that_fails_once_is_tried_again() -> None:
    slide = noise_slide()
    work = planned(slide)
    done = detected(Listening(slide, lambda _box, before: before == 0), work)
    assert done.holes == {}
    assert as_bytes(done.cells) == as_bytes(detected(slide, work).cells)


def test_only_tiles_that_touch_the_region_are_read_and_only_cells_inside_are_kept() -> None:
    slide = noise_slide()
    region = shapely.MultiPolygon([shapely.box(10, 10, 60, 60), shapely.box(300, 300, 380, 400)])
    reader = Listening(slide)
    found = everything(detected(reader, planned(reader, outline=region)).cells)
    whole = everything(detected(slide, planned(slide)).cells)
    assert same(found, whole.take(inside(region, whole.xy)))
    assert len(reader.boxes) < len(planned(slide).tiles) // 2
    near = region.buffer(96 + 2 * GRID + CARD.halo)
    assert all(near.intersects(shapely.box(*_edges(box))) for box in reader.boxes)


def test_where_there_is_no_tissue_nothing_is_read() -> None:
    slide = noise_slide()
    reader = Listening(slide)
    tissue = shapely.box(200, 200, 230, 230)
    found = everything(detected(reader, planned(reader, tissue=tissue)).cells)
    whole = everything(detected(slide, planned(slide)).cells)
    assert 0 < len(reader.boxes) <= 4
    assert among(whole.take(inside(tissue, whole.xy)), found)


def test_a_region_without_tissue_is_a_success_without_a_cell() -> None:
    slide = noise_slide()
    for tissue in (shapely.box(0, 0, 20, 20), shapely.MultiPolygon()):
        reader, progress = Listening(slide), RecordingProgress()
        work = planned(reader, tissue=tissue, outline=shapely.box(300, 300, 400, 400))
        assert len(detected(reader, work, progress=progress).cells) == 0
        assert reader.boxes == []
        assert progress.fractions[-1] == 1.0


def test_progress_tells_area_cells_of_the_region_and_the_time_left() -> None:
    slide, progress = noise_slide(), RecordingProgress()
    work = planned(slide, outline=shapely.box(100, 100, 300, 300))
    done = detected(slide, work, progress=progress)
    assert progress.fractions == sorted(progress.fractions)
    assert progress.fractions[0] == 0.0
    assert progress.fractions[-1] == 1.0
    assert "mm²" in progress.reports[-1][1]
    assert "left" in progress.reports[1][1]
    told = int(progress.reports[-1][1].split(", ")[1].split()[0])
    assert len(done.cells) <= told < 1.3 * len(done.cells)


def test_the_digest_of_a_plan_changes_with_what_changes_the_cells() -> None:
    slide = noise_slide()
    first = planned(slide)
    assert planned(noise_slide()).digest == first.digest
    others = [
        planned(slide, tile_size=128),
        planned(slide, threshold=0.6),
        planned(slide, outline=shapely.box(0, 0, 499, 420)),
        planned(slide, 2),
        planned(replace(slide, base_mpp=0.25)),
    ]
    assert len({first.digest, *(each.digest for each in others)}) == 1 + len(others)


@pytest.mark.parametrize(("side", "grid"), [(224, 32), (224, 16), (256, 64), (64, 32), (32, 32)])
def test_a_transformers_tiles_with_their_halo_are_of_the_size_it_was_trained_on(
    side: int, grid: int
) -> None:
    training = CARD.recipe.training.model_copy(update={"tile_size": side})
    card = CARD.model_copy(update={"recipe": CARD.recipe.model_copy(update={"training": training})})
    sizes = tile_sizes(card, grid, own_size=True)
    assert sizes.core > 0
    assert sizes.halo % grid == 0
    assert sizes.core + 2 * sizes.halo == side
    for quick in (False, True):
        assert tile_sizes(card, grid, own_size=False, quick=quick).halo == card.halo
