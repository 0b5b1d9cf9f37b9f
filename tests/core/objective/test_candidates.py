"""Shortlists hold the cheapest, and costs are held to a grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.objective.candidates import GRID, LARGEST_COST, on_grid, shortlist


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 5),
    st.integers(1, 700),
    st.integers(1, 30),
    st.sampled_from([3, 1000]),
    st.sampled_from([0.0, 0.5, 0.99, 1.0]),
    st.integers(0, 2**32 - 1),
)
def test_a_shortlist_is_the_beginning_of_the_sorted_row(
    rows: int, columns: int, places: int, values: int, missing: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    cost = random.integers(0, values, (rows, columns)).astype(np.float32)
    cost[random.random(cost.shape) < missing] = np.inf
    places = min(places, columns)
    column, listed = shortlist(cost, places)
    assert (listed == np.sort(cost, axis=1)[:, :places]).all()
    there = np.isfinite(listed)
    assert (np.take_along_axis(cost, column, axis=1)[there] == listed[there]).all()
    assert all(
        len(set(row[kept].tolist())) == kept.sum() for row, kept in zip(column, there, strict=True)
    )


def test_costs_are_held_to_a_grid_on_which_sums_are_exact() -> None:
    cost = np.array([[0.3, -0.7, 1e-13, 1e30, np.inf]])
    held = on_grid(cost)
    assert (held[:, :4] / GRID % 1 == 0).all()
    assert held[0, :2] == pytest.approx(cost[0, :2], abs=GRID)
    assert held[0, 2:].tolist() == [0, LARGEST_COST, np.inf]


@settings(max_examples=50, deadline=None)
@given(st.floats(2.0**-13, 2.0**16, width=32))
def test_a_float_of_32_bits_is_on_the_grid_already(cost: float) -> None:
    assert on_grid(np.array([cost]))[0] == cost
