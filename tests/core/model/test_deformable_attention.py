"""Deformable attention against a literal reading of its definition."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from patherea_core.errors import InputError
from patherea_core.model.deformable_attention import DeformableAttention, weighted_samples
from patherea_core.model.site_grid import SiteGrid


def bilinear(plane: Tensor, x: float, y: float) -> Tensor:
    """Return the (d,) value of a (d, h, w) map at a position in sites; sites beyond it are zero."""
    left, top = math.floor(x - 0.5), math.floor(y - 0.5)
    total = torch.zeros(len(plane), dtype=plane.dtype)
    for column in (left, left + 1):
        for row in (top, top + 1):
            if 0 <= column < plane.shape[2] and 0 <= row < plane.shape[1]:
                share = (1 - abs(x - 0.5 - column)) * (1 - abs(y - 0.5 - row))
                total = total + share * plane[:, row, column]
    return total


def literal_samples(values: list[Tensor], positions: Tensor, weights: Tensor) -> Tensor:
    """Read query by query, head by head, level by level and point by point."""
    batch, queries, heads, levels, points = weights.shape
    width = values[0].shape[2]
    output = torch.zeros(batch, queries, heads, width, dtype=weights.dtype)
    for index in torch.cartesian_prod(*map(torch.arange, (batch, queries, heads, levels, points))):
        image, query, head, level, point = index.tolist()
        plane = values[level][image, head]
        x, y = positions[image, query, head, level, point].tolist()
        read = bilinear(plane, x * plane.shape[2], y * plane.shape[1])
        output[image, query, head] += weights[image, query, head, level, point] * read
    return output.flatten(2)


def case(seed: int, shapes: list[tuple[int, int]]) -> tuple[list[Tensor], Tensor, Tensor]:
    """Return random values on maps of these shapes, positions that partly lie beyond, and weights."""
    generator = torch.Generator().manual_seed(seed)
    values = [
        torch.randn(2, 2, 3, rows, columns, generator=generator, dtype=torch.float64)
        for rows, columns in shapes
    ]
    size = (2, 4, 2, len(shapes), 2)
    positions = torch.rand(*size, 2, generator=generator, dtype=torch.float64) * 1.6 - 0.3
    weights = torch.rand(*size, generator=generator, dtype=torch.float64)
    return values, positions, weights


sides = st.integers(1, 5)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), shapes=st.lists(st.tuples(sides, sides), min_size=1, max_size=3))
def test_all_samples_at_once_are_the_samples_one_by_one(
    seed: int, shapes: list[tuple[int, int]]
) -> None:
    values, positions, weights = case(seed, shapes)
    ours = weighted_samples(values, positions, weights)
    assert torch.allclose(ours, literal_samples(values, positions, weights), atol=1e-12)


def test_gradients_are_those_of_small_changes() -> None:
    values, positions, weights = case(3, [(3, 4), (2, 2)])
    inputs = (*values, positions, weights)
    for tensor in inputs:
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda *given: weighted_samples(given[:2], given[2], given[3]), inputs
    )


def test_a_query_reads_at_its_own_place_and_not_at_the_mirrored_one() -> None:
    grid = SiteGrid(3, 5, 8)
    value = torch.zeros(1, 1, 1, 3, 5)
    value[0, 0, 0, 2, 1] = 1.0
    middles = grid.middles_on(grid, torch.device("cpu"))
    positions = middles[None, :, None, None, None]
    read = weighted_samples([value], positions, torch.ones(1, 15, 1, 1, 1))
    assert read.flatten().nonzero().tolist() == [[2 * 5 + 1]]


def test_attention_starts_by_looking_around_in_all_directions() -> None:
    attention = DeformableAttention(8, levels=1, heads=4, points=1, value_ratio=1.0)
    looks = attention.offsets(torch.randn(3, 8)).reshape(3, 4, 2)
    expected = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    assert torch.allclose(looks, expected.expand(3, 4, 2), atol=1e-6)


def test_attention_to_equal_sites_does_not_depend_on_where_it_looks() -> None:
    attention = DeformableAttention(8, levels=2, heads=2, points=3, value_ratio=0.5)
    grids = [SiteGrid(20, 20, 8), SiteGrid(10, 10, 16)]
    queries = torch.randn(1, 2, 8)
    middles = torch.tensor([[0.5, 0.5], [0.45, 0.55]])
    token = torch.randn(8)
    read = attention(queries, middles, token.expand(1, 500, 8), grids)
    assert torch.allclose(
        read, attention.output(attention.values(token)).expand(1, 2, 8), atol=1e-5
    )


@pytest.mark.parametrize("step", [(1.0, 0.0), (0.0, 1.0)])
def test_an_offset_of_one_is_one_site_of_its_own_level(step: tuple[float, float]) -> None:
    attention = DeformableAttention(4, levels=2, heads=1, points=1, value_ratio=1.0)
    grids = [SiteGrid(4, 6, 8), SiteGrid(2, 3, 16)]
    with torch.no_grad():
        attention.offsets.bias.copy_(torch.tensor(step * 2))
        for layer in (attention.values, attention.output):
            layer.weight.copy_(torch.eye(4))
    tokens = torch.randn(1, 24 + 6, 4)
    middles = torch.tensor([[2.5 / 6, 1.5 / 4], [0.5 / 3, 0.5 / 2]])
    of_fine, of_coarse = tokens.clone(), tokens.clone()
    of_fine[:, 24:] = 0
    of_coarse[:, :24] = 0
    queries = torch.randn(1, 2, 4)
    right, below = map(int, step)
    fine = attention(queries, middles, of_fine, grids)[0, 0]
    assert torch.allclose(fine, tokens[0, (1 + below) * 6 + 2 + right] / 2, atol=1e-5)
    coarse = attention(queries, middles, of_coarse, grids)[0, 1]
    assert torch.allclose(coarse, tokens[0, 24 + below * 3 + right] / 2, atol=1e-5)


@pytest.mark.parametrize(("heads", "ratio"), [(5, 1.0), (4, 0.25), (1, 0.0)])
def test_heads_that_do_not_divide_the_values_are_refused(heads: int, ratio: float) -> None:
    with pytest.raises(InputError, match="do not divide"):
        DeformableAttention(8, levels=1, heads=heads, points=1, value_ratio=ratio)
