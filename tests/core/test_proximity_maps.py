"""From the maps that cells make, the same cells come back, wherever they lie within their sites."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.batch import Targets
from patherea_core.decoding import decode
from patherea_core.model.anchors import anchor_points
from patherea_core.objective.cells import Cells
from patherea_core.objective.proximity import wanted_maps
from patherea_core.proximity import Proximity
from patherea_core.proximity_maps import NO_CELL, ProximityMaps, summits

SIDE = 64
SLOPE = Proximity(radius=8.0, decay=3.0)


def drawn(cells: Targets, stride: int, classes: int = 3, slope: Proximity = SLOPE) -> ProximityMaps:
    """Return the maps that some cells make."""
    sites = SIDE // stride
    values = wanted_maps(Cells.of([cells]), torch.Size((1, classes, sites, sites)), stride, slope)
    return ProximityMaps(anchor_points(sites, sites, stride, 1), values, stride, slope)


def apart(count: int, distance: float, seed: int) -> Targets:
    """Return cells that are no nearer to one another."""
    random = np.random.default_rng(seed)
    kept: list[np.ndarray] = []
    for candidate in random.uniform(0, SIDE, (20 * count, 2)):
        if all(np.hypot(*(candidate - one)) > distance for one in kept) and len(kept) < count:
            kept.append(candidate)
    xy = torch.tensor(np.array(kept), dtype=torch.float32)
    return Targets(xy, torch.tensor(random.integers(0, 3, len(kept))))


@given(st.integers(0, 9999), st.sampled_from([1, 2, 4]))
@settings(max_examples=40, deadline=None)
def test_the_cells_that_made_the_maps_come_back(seed: int, stride: int) -> None:
    cells = apart(8, 2 * SLOPE.radius, seed)
    found = decode(drawn(cells, stride), 0, score_threshold=0.5)
    assert len(found) == len(cells)
    order = np.lexsort((found.xy[:, 0], found.xy[:, 1]))
    other = np.lexsort((cells.xy[:, 0].numpy(), cells.xy[:, 1].numpy()))
    assert np.allclose(found.xy[order], cells.xy.numpy()[other], atol=1e-3)
    assert found.class_index[order].tolist() == cells.class_index.numpy()[other].tolist()


@given(st.floats(20, 44), st.floats(20, 44), st.sampled_from([1, 2, 4]))
@settings(max_examples=40, deadline=None)
def test_a_score_does_not_depend_on_where_in_its_site_a_cell_lies(
    x: float, y: float, stride: int
) -> None:
    cell = Targets(torch.tensor([[x, y]]), torch.tensor([1]))
    maps = drawn(cell, stride)
    weaker = ProximityMaps(maps.anchors, maps.values * 0.5, stride, SLOPE)
    assert decode(maps, 0, score_threshold=0.9).score.tolist() == pytest.approx([1.0], abs=1e-3)
    # Off by what a map that is too low says of distances; without the correction by up to two thirds.
    assert decode(weaker, 0, score_threshold=0.1).score.max() == pytest.approx(0.5, abs=0.15)


def test_cells_of_two_classes_beside_one_another_are_two() -> None:
    cells = Targets(torch.tensor([[30.5, 30.5], [36.5, 30.5]]), torch.tensor([0, 2]))
    found = decode(drawn(cells, 1), 0, score_threshold=0.5)
    assert found.class_index.tolist() == [0, 2]
    # The neighbours know the other cell as well, so that either is off by a little.
    assert np.abs(found.xy - cells.xy.numpy()).max() <= 0.5


def test_of_a_plateau_one_site_is_a_summit() -> None:
    height = torch.zeros(1, 5, 6)
    height[0, 1:3, 2:4] = 1.0
    assert summits(height).nonzero().tolist()[-1] == [0, 1, 2]
    assert summits(height)[0, 1:3, 2:4].sum() == 1


def test_a_site_that_is_no_summit_is_no_cell_at_any_threshold() -> None:
    values = torch.rand(1, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    maps = ProximityMaps(anchor_points(8, 8, 2, 1), values, 2, SLOPE)
    sites = maps.sites()
    marked = summits(values.max(dim=1).values).flatten(1)
    assert 0 < int(marked.sum()) < 64
    assert torch.equal(sites.score >= 0, marked)
    assert (sites.score[~marked] == NO_CELL).all()
    assert len(decode(maps, 0, score_threshold=0.0)) == int(marked.sum())


@given(st.integers(0, 9999))
@settings(max_examples=30, deadline=None)
def test_summits_are_those_that_a_slow_search_finds(seed: int) -> None:
    # Few heights, so that many are equal.
    random = np.random.default_rng(seed)
    height = random.integers(0, 4, (6, 7)).astype(np.float32)
    expected = [
        (row, column)
        for row in range(6)
        for column in range(7)
        if all(
            (height[other] < height[row, column])
            if other < (row, column)
            else (height[other] <= height[row, column])
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if (down, right) != (0, 0)
            for other in [(row + down, column + right)]
            if 0 <= other[0] < 6 and 0 <= other[1] < 7
        )
    ]
    found = summits(torch.from_numpy(height)[None])[0].nonzero().tolist()
    assert [tuple(one) for one in found] == expected


def test_a_cell_stays_within_half_a_stride_of_the_middle_of_its_site() -> None:
    values = torch.rand(2, 3, 9, 7, generator=torch.Generator().manual_seed(1))
    maps = ProximityMaps(anchor_points(9, 7, 4, 1), values, 4, SLOPE)
    assert (maps.sites().xy - maps.anchors).abs().max() <= 2.0


def test_a_single_row_of_sites_has_cells_too() -> None:
    values = torch.tensor([0.1, 0.9, 0.2]).reshape(1, 1, 1, 3)
    maps = ProximityMaps(anchor_points(1, 3, 2, 1), values, 2, SLOPE)
    found = decode(maps, 0, score_threshold=0.5)
    assert found.xy[0, 1] == 1.0
    assert 3.0 < found.xy[0, 0] <= 4.0
