"""Several devices share the order of one, and all take as many steps."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.data.order import EpochOrder
from patherea_core.seeding import Seed

Key = tuple[int, int]


def shares(rows: int, devices: int, epoch: int = 0) -> list[list[Key]]:
    orders = [EpochOrder(rows, Seed(0), rank=rank, devices=devices) for rank in range(devices)]
    for order in orders:
        order.set_epoch(epoch)
    return [list(order) for order in orders]


@given(st.integers(1, 50), st.integers(1, 9), st.integers(0, 5))
def test_the_shares_of_all_devices_are_the_epoch_of_one(
    rows: int, devices: int, epoch: int
) -> None:
    (alone,) = shares(rows, 1, epoch)
    dealt = shares(rows, devices, epoch)
    turns = list(chain.from_iterable(zip(*dealt, strict=True)))
    assert turns[:rows] == alone
    assert set(turns[rows:]) <= set(alone)
    assert len(turns) - rows < devices
    assert {row for _, row in alone} == set(range(rows))
    assert {one for one, _ in turns} == {epoch}


@given(st.integers(1, 50), st.integers(1, 9))
def test_every_device_takes_as_many_steps_as_it_says(rows: int, devices: int) -> None:
    order = EpochOrder(rows, Seed(0), devices=devices)
    assert {len(share) for share in shares(rows, devices)} == {len(order)}


def test_batches_of_two_devices_together_are_those_of_one_with_twice_the_size() -> None:
    (alone,), (first, second) = shares(24, 1), shares(24, 2)
    for start in range(0, 12, 4):
        batch = alone[2 * start : 2 * start + 8]
        assert set(first[start : start + 4] + second[start : start + 4]) == set(batch)


def test_the_order_depends_on_seed_and_epoch_only() -> None:
    assert shares(30, 1, 0) == shares(30, 1, 0)
    rows = [[row for _, row in shares(30, 1, epoch)[0]] for epoch in (0, 1)]
    assert rows[0] != rows[1]
    assert rows[0] != [row for _, row in EpochOrder(30, Seed(1))]


def test_choosing_the_next_epoch_leaves_the_one_under_way_alone() -> None:
    order = EpochOrder(10, Seed(0))
    under_way = iter(order)
    first = next(under_way)
    order.set_epoch(5)
    assert {epoch for epoch, _ in [first, *under_way]} == {0}
    assert {epoch for epoch, _ in order} == {5}


@pytest.mark.parametrize("devices", [2, 3])
def test_fewer_tiles_than_devices_are_shown_more_than_once(devices: int) -> None:
    assert shares(1, devices) == [[(0, 0)]] * devices
