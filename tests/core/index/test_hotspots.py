"""Hotspots are where the positive cells are, hold the cells they say, and know when they are one of many."""

import numpy as np
import pytest

from patherea_core.errors import InputError
from patherea_core.geometry import Bools
from patherea_core.index.hotspots import HotspotOptions, Hotspots, hotspots
from patherea_core.index.kinds import Kind, KindedCells
from patherea_core.index.windows import FixedArea, NumberOfCells
from patherea_core.seeding import Seed
from tests.core.index.scattered import at, random_cells

SEED = Seed(0)
HUNDRED = HotspotOptions(kind=NumberOfCells(100, largest_side_micrometres=500.0))
FIXED = HotspotOptions(kind=FixedArea(0.09, least_cells=100, least_filled=0.25))


def with_heap(share: float) -> KindedCells:
    """Return 4,000 cells, a tenth of them positive, but of those within 150 µm of (1300, 700) a share."""
    cells = random_cells(4000, 0.1, 2000.0)
    near = np.hypot(*(cells.xy - [1300, 700]).T) < 150
    positive = np.random.default_rng(1).random(4000) < share
    return KindedCells(cells.xy, np.where(near, np.where(positive, 0, 1), cells.kind))


@pytest.mark.parametrize("options", [HUNDRED, FIXED], ids=["cells", "area"])
def test_the_first_hotspot_lies_on_the_heap_and_is_surely_the_highest(
    options: HotspotOptions,
) -> None:
    first, *others = hotspots(with_heap(0.9), 1.0, SEED, options).found
    middle = np.array([first.left, first.top]) + first.side / 2
    assert np.hypot(*(middle - [1300, 700])) < 150
    assert first.chance_another_is_higher is not None
    assert first.chance_another_is_higher < 0.01
    assert all((other.chance_another_is_higher or 0) > 0.9 for other in others)


def test_without_a_heap_another_window_is_likely_higher() -> None:
    first = hotspots(random_cells(4000, 0.1, 2000.0), 1.0, SEED, HUNDRED).found[0]
    assert first.chance_another_is_higher is not None
    assert first.chance_another_is_higher > 0.5


@pytest.mark.parametrize("options", [HUNDRED, FIXED], ids=["cells", "area"])
def test_a_hotspot_holds_the_cells_inside_its_square(options: HotspotOptions) -> None:
    cells = with_heap(0.5)
    found = hotspots(cells, 1.0, SEED, options).found
    assert len(found) == 3
    for spot in found:
        from_corner = cells.xy - [spot.left, spot.top]
        inside: Bools = np.all((from_corner >= 0) & (from_corner < spot.side), axis=1)
        assert spot.index.tally == cells.take(inside).tally
    values = [spot.index.value or 0 for spot in found]
    assert values == sorted(values, reverse=True)


def test_what_is_expected_lies_nearer_to_the_slides_index_than_what_was_chosen() -> None:
    for spot in hotspots(random_cells(4000, 0.1, 2000.0), 1.0, SEED, HUNDRED).found:
        assert 0.1 < spot.expected.value < (spot.index.value or 0)


def test_the_order_of_cells_does_not_matter() -> None:
    cells = with_heap(0.5)
    order = np.random.default_rng(0).permutation(len(cells))
    one, other = (hotspots(some, 1.0, SEED, HUNDRED) for some in (cells, cells.take(order)))
    assert _places(one) == _places(other)


def _places(found: Hotspots) -> list[tuple[float, float, float, float | None, float | None]]:
    return [
        (spot.left, spot.top, spot.side, spot.index.value, spot.chance_another_is_higher)
        for spot in found.found
    ]


def test_the_area_is_the_one_that_was_asked_for_at_any_scale() -> None:
    cells = random_cells(3000, 0.1, 8000.0)
    options = HotspotOptions(kind=FixedArea(2.0, least_filled=0), count=1)
    (spot,) = hotspots(cells, 0.25, SEED, options).found
    assert spot.square_millimetres == pytest.approx(2)
    assert spot.side * 0.25 == pytest.approx(spot.side_micrometres)


def test_the_only_window_has_no_rival() -> None:
    cells = random_cells(120, 0.2, 200.0)
    (spot,) = hotspots(cells, 1.0, SEED, HUNDRED).found
    assert spot.chance_another_is_higher is None


@pytest.mark.parametrize(
    ("cells", "options", "said"),
    [
        (at((0, 0, Kind.NOT_COUNTED)), HUNDRED, "no tumour cell"),
        (random_cells(99, 0.2, 100.0), HUNDRED, "100 tumour cells within 500 µm"),
        (
            random_cells(99, 0.2, 100.0),
            FIXED,
            "100 tumour cells in 0.09 mm², 25 % of it with tumour",
        ),
    ],
)
def test_where_there_is_none_it_says_why(
    cells: KindedCells, options: HotspotOptions, said: str
) -> None:
    found = hotspots(cells, 1.0, SEED, options)
    assert found.found == ()
    assert said in (found.none_because or "")


def test_a_slide_without_positive_cells_has_hotspots_of_none() -> None:
    found = hotspots(random_cells(4000, 0.0, 2000.0), 1.0, SEED, HUNDRED).found
    assert [spot.index.value for spot in found] == [0, 0, 0]


@pytest.mark.parametrize("count", [0, 1000])
def test_a_number_of_hotspots_is_asked_for_in_reason(count: int) -> None:
    with pytest.raises(InputError):
        HotspotOptions(count=count)
