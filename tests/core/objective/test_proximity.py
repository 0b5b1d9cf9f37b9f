"""Wanted maps are those of the formula, and the loss teaches nothing where nobody looked."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from patherea_core.batch import Batch, Targets
from patherea_core.data.augment import View, crop
from patherea_core.geometry import Box
from patherea_core.model.anchors import anchor_points
from patherea_core.objective.cells import Cells
from patherea_core.objective.proximity import PARTS, proximity_loss, wanted_maps
from patherea_core.proximity import Proximity
from patherea_core.proximity_maps import ProximityMaps
from tests.builders import noise, scattered, square
from tests.core.objective.scenes import SIDE, batch


def slow_maps(made: Batch, classes: int, stride: int, slope: Proximity) -> Tensor:
    """Return the maps by their definition: at each site, the proximity to the nearest cell of the class."""
    sites = SIDE // stride
    anchors = anchor_points(sites, sites, stride, 1)
    maps = torch.zeros(len(made.targets), classes, sites * sites)
    for tile, target in enumerate(made.targets):
        for row in range(classes):
            xy = target.xy[target.class_index == row]
            if len(xy):
                apart = (anchors[:, None] - xy).square().sum(dim=2).sqrt()
                maps[tile, row] = slope.of(apart.min(dim=1).values)
    return maps.reshape(len(made.targets), classes, sites, sites)


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=3),
    st.sampled_from([1, 2, 4]),
    st.floats(1.0, 20.0),
)
@settings(max_examples=30, deadline=None)
def test_wanted_maps_are_those_of_the_formula(
    counts: list[int], stride: int, radius: float
) -> None:
    made, slope = batch(counts), Proximity(radius, 3.0)
    shape = torch.Size((len(counts), 2, SIDE // stride, SIDE // stride))
    found = wanted_maps(Cells.of(made.targets), shape, stride, slope)
    assert torch.allclose(found, slow_maps(made, 2, stride, slope), atol=1e-5)


def predicted(tiles: int, stride: int = 2) -> ProximityMaps:
    """Return maps of any values, which take gradients."""
    sites = SIDE // stride
    values = torch.rand(tiles, 2, sites, sites, generator=torch.Generator().manual_seed(3))
    anchors = anchor_points(sites, sites, stride, 1)
    return ProximityMaps(anchors, values.requires_grad_(), stride, Proximity(8.0, 3.0))


def test_the_loss_is_the_weighted_square_of_what_differs() -> None:
    maps, made = predicted(1), batch([6])
    wanted = slow_maps(made, 2, 2, maps.proximity)
    weighted = (1 + 10.0 * wanted) * (maps.values - wanted).square()
    assert proximity_loss(maps, made, 10.0).total.item() == pytest.approx(
        weighted.sum().item() / wanted[0, 0].numel(), rel=1e-5
    )


def test_the_loss_is_the_sum_of_its_weighted_parts() -> None:
    terms = proximity_loss(predicted(2), batch([5, 3]), 7.0)
    assert tuple(terms.parts) == PARTS
    assert terms.total.item() == pytest.approx((terms.background + 8.0 * terms.cells).item())


def test_maps_that_are_wanted_cost_nothing() -> None:
    maps, made = predicted(1), batch([6])
    perfect = replace(maps, values=slow_maps(made, 2, 2, maps.proximity))
    assert proximity_loss(perfect, made, 10.0).total.item() == pytest.approx(0.0, abs=1e-9)


def test_nothing_is_learnt_where_nobody_labelled() -> None:
    # Of the second tile half is unlabelled, and all of the third.
    maps = predicted(3)
    proximity_loss(maps, batch([4, 4, 4]), 10.0).total.backward()  # type: ignore[no-untyped-call]
    assert maps.values.grad is not None
    taught = maps.values.grad.abs() > 0
    assert taught[0].all()
    assert taught[1, :, :, :16].all()
    assert not taught[1, :, :, 16:].any()
    assert not taught[2].any()


def test_a_batch_in_which_nobody_labelled_costs_nothing() -> None:
    made = batch([2])
    nowhere = Batch(made.images, made.targets, torch.zeros_like(made.labelled))
    assert proximity_loss(predicted(1), nowhere, 10.0).total.item() == 0.0


def test_the_order_of_the_tiles_does_not_matter() -> None:
    maps, made = predicted(2), batch([5, 2])
    turned = Batch(made.images.flip(0), made.targets[::-1], made.labelled.flip(0))
    other = proximity_loss(replace(maps, values=maps.values.flip(0)), turned, 10.0)
    assert other.total.item() == pytest.approx(proximity_loss(maps, made, 10.0).total.item())


@given(st.integers(0, 64), st.integers(0, 64))
@settings(max_examples=20, deadline=None)
def test_what_a_tile_wants_is_what_the_whole_image_wants_there(left: int, top: int) -> None:
    side, slope = 96, Proximity(8.0, 3.0)
    area = square(0, 0, side)
    image = View(noise(side, side), scattered(area, 60), np.ones((side, side), dtype=np.bool_))
    part = crop(image, Box(left, top, 32, 32), slope.radius)
    whole, own = drawn(image, slope), drawn(part, slope)
    there = whole[:, top : top + 32, left : left + 32]
    labelled = torch.from_numpy(part.labelled)
    assert torch.allclose(own[:, labelled], there[:, labelled], atol=1e-5)
    # Without the reach, sites at the edge would be taught that no cell is near.
    assert labelled.all() or not torch.allclose(own, there, atol=1e-5)


def drawn(view: View, slope: Proximity) -> Tensor:
    """Return the (T, H, W) maps that the points of a view make."""
    height, width = view.labelled.shape
    targets = Targets(
        torch.from_numpy(view.points.xy).float(), torch.from_numpy(view.points.class_index).long()
    )
    return wanted_maps(Cells.of((targets,)), torch.Size((1, 2, height, width)), 1, slope)[0]
