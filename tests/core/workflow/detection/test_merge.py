"""Merging in bands is merging at once."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.cells import Cells
from patherea_core.decoding import one_per_cell
from patherea_core.geometry import Floats, Scale
from patherea_core.points import Detections
from patherea_core.regions import Outline, inside
from patherea_core.workflow.detection.found import ROW, FoundInMemory, Rows, as_detections
from patherea_core.workflow.detection.merge import MergedCells

EVERYWHERE = shapely.box(-1e6, -1e6, 1e6, 1e6)


def random_rows(count: int, seed: int, side: float, steps: int = 0) -> Rows:
    """Return rows in a square; with steps, on a grid and with few scores, so that much is tied."""
    random = np.random.default_rng(seed)
    rows = np.zeros(count, dtype=ROW)
    xy, score = random.random((2, count)), random.random(count)
    if steps:
        xy, score = np.round(xy * steps) / steps, np.round(score * 4) / 4
    rows["x"], rows["y"] = xy * side
    rows["score"] = score
    rows["class_index"] = random.integers(0, 2, count)
    rows["tile"] = random.integers(0, 5, count)
    return rows[np.argsort(rows["tile"], kind="stable")]


def kept(rows: Rows, order: list[int]) -> FoundInMemory:
    found = FoundInMemory()
    for tile in order:
        found.add(tile, rows[rows["tile"] == tile], [])
    return found


def together(cells: Cells) -> tuple[Detections, Floats]:
    parts = list(cells.parts())
    return Detections.concatenate([part.detections for part in parts]), np.concatenate(
        [[], *(part.tile for part in parts)]
    )


def as_set(found: Detections) -> set[tuple[float, ...]]:
    return {
        (*xy, row, score)
        for xy, row, score in zip(
            found.xy.tolist(), found.class_index.tolist(), found.score.tolist(), strict=True
        )
    }


@given(
    count=st.integers(0, 60),
    seed=st.integers(0, 10_000),
    band=st.sampled_from([0.7, 3.0, 10.0, 1000.0]),
    distance=st.sampled_from([0.0, 0.5, 1.0, 2.0, 30.0]),
    steps=st.sampled_from([0, 6]),
)
@settings(max_examples=300, deadline=None)
def test_in_bands_is_at_once(
    count: int, seed: int, band: float, distance: float, steps: int
) -> None:
    rows = random_rows(count, seed, 12.0, steps)
    found = kept(rows, [0, 1, 2, 3, 4])
    cells = MergedCells(found, EVERYWHERE, Scale(0.5, 0.5), distance, band=band)
    merged, _ = together(cells)
    expected = one_per_cell(as_detections(rows), distance)
    assert len(cells) == len(merged) == len(expected)
    assert as_set(merged) == as_set(expected)


def test_the_order_in_which_tiles_were_kept_changes_no_byte() -> None:
    rows = random_rows(2000, 1, 100.0)
    scale = Scale(0.25, 0.5)
    first, second = (
        together(MergedCells(kept(rows, order), EVERYWHERE, scale, 2.0, band=13.0))
        for order in ([0, 1, 2, 3, 4], [3, 1, 4, 0, 2])
    )
    assert first[0].xy.tobytes() == second[0].xy.tobytes()
    assert first[1].tolist() == second[1].tolist()


@pytest.mark.parametrize(
    "area",
    [
        shapely.Point(100, 100).buffer(80).difference(shapely.Point(100, 100).buffer(30)),
        shapely.MultiPolygon([shapely.box(0, 0, 20, 20), shapely.box(50, 90, 150, 180)]),
    ],
)
def test_cells_are_those_inside_of_the_area_in_base_pixels(area: Outline) -> None:
    rows = random_rows(1000, 2, 100.0)
    cells = MergedCells(kept(rows, [*range(5)]), area, Scale(0.25, 0.5), 0.0, band=9.0)
    merged, tiles = together(cells)
    base = as_detections(rows)
    base = base.moved_to(base.xy * 2)
    assert as_set(merged) == as_set(base.take(inside(area, base.xy)))
    owner = {(2 * row["x"], 2 * row["y"]): row["tile"] for row in rows}
    assert [owner[x, y] for x, y in merged.xy.tolist()] == tiles.tolist()


def test_nothing_found_is_no_cell() -> None:
    cells = MergedCells(FoundInMemory(), EVERYWHERE, Scale(1, 1), 2.0, band=10.0)
    assert len(cells) == 0
    assert list(cells.parts()) == []
