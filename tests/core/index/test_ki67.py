"""The index of regions, slides and patients: what it is, where it is undefined, and what moves it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError
from patherea_core.evaluation.proportion import wilson
from patherea_core.index.ki67 import IndexOptions, index_of, region_index, slide_index
from patherea_core.index.kinds import KindedCells, Tally
from patherea_core.index.samples import Sample
from patherea_core.seeding import Seed
from tests.core.index.scattered import counted, random_cells

SEED = Seed(0)


@settings(max_examples=50)
@given(positive=st.integers(0, 60), negative=st.integers(0, 60), others=st.integers(0, 30))
def test_the_index_is_the_share_of_positive_tumour_cells(
    positive: int, negative: int, others: int
) -> None:
    index = index_of("x", [counted(positive, negative, others)], SEED, IndexOptions(draws=20))
    assert index.tally == Tally(positive, negative, others)
    if positive + negative:
        assert index.value == positive / (positive + negative)
        assert index.wilson == wilson(positive, positive + negative)
        assert index.interval is not None
        assert index.interval.holds(index.value)
    else:
        assert index.value is None
        assert index.undefined_because


@pytest.mark.parametrize(("others", "said"), [(0, "x has no cell"), (9, "among its 9 cells")])
def test_without_tumour_cells_nothing_is_said_but_why(others: int, said: str) -> None:
    index = index_of("x", [counted(0, 0, others)], SEED)
    assert said in (index.undefined_because or "")
    assert (index.value, index.interval, index.wilson, index.bootstrap) == (None,) * 4
    assert index.chance_below(0.5) is None


def test_a_slide_without_regions_is_undefined() -> None:
    assert index_of("x", [], SEED).value is None


def test_weights_decide_how_regions_are_put_together() -> None:
    few, many = counted(8, 2, region="few"), counted(10, 90, region="many")
    weighted = [
        Sample(s.slide, s.region, s.cells, s.owned, weight)
        for s, weight in ((few, 3.0), (many, 1.0))
    ]
    values = {
        weighting: index_of("x", weighted, SEED, IndexOptions(weighting=weighting)).value
        for weighting in ("pooled", "equal", "weighted")
    }
    assert values == pytest.approx({"pooled": 18 / 110, "equal": 0.45, "weighted": 0.625})


def test_weights_of_the_regions_numbers_of_cells_are_pooling() -> None:
    samples = [
        Sample(s.slide, s.region, s.cells, s.owned, float(s.cells.tally.tumour))
        for s in (counted(8, 32, region="a"), counted(10, 90, region="b"))
    ]
    pooled = index_of("x", samples, SEED)
    weighted = index_of("x", samples, SEED, IndexOptions(weighting="weighted"))
    assert weighted.value == pytest.approx(pooled.value)
    assert weighted.interval is not None
    assert pooled.interval is not None
    assert weighted.interval.bounds == pytest.approx(pooled.interval.bounds)
    assert weighted.wilson is None


def test_a_region_without_tumour_cells_is_named_and_left_out() -> None:
    index = index_of(
        "x",
        [counted(1, 3), counted(0, 0, 5, region="stroma")],
        SEED,
        IndexOptions(weighting="equal"),
    )
    assert index.value == 0.25
    assert index.left_out == ("stroma",)
    assert index.regions == 1
    assert index.tally.not_counted == 5


@settings(max_examples=20)
@given(seed=st.integers(0, 1000))
def test_the_order_of_cells_and_regions_does_not_matter(seed: int) -> None:
    cells = random_cells(120, 0.3, 256.0, seed)
    parts = [Sample.whole("s", cells.take(np.arange(k, 120, 3)), f"region {k}") for k in range(3)]
    order = np.random.default_rng(seed)
    turned = [
        Sample.whole(p.slide, p.cells.take(order.permutation(len(p.cells))), p.region)
        for p in reversed(parts)
    ]
    one, other = (index_of("x", some, SEED, IndexOptions(draws=10)) for some in (parts, turned))
    assert (one.tally, one.value) == (other.tally, other.value)
    assert one.interval is not None
    assert other.interval is not None
    assert one.interval.bounds == pytest.approx(other.interval.bounds)


def test_a_region_counts_cells_that_another_one_owns() -> None:
    cells = random_cells(50, 0.5, 100.0)
    sample = Sample("s", "r", cells, np.zeros(50, dtype=np.bool_))
    assert region_index(sample, SEED).tally == cells.tally
    assert slide_index("s", [sample], SEED).whole.value is None


def test_equal_places_on_two_slides_are_two_places() -> None:
    cells = random_cells(100, 0.3, 100.0)
    index = index_of("patient", [Sample.whole("a", cells), Sample.whole("b", cells)], SEED)
    assert index.tally == cells.tally + cells.tally
    assert index.precision is not None
    assert index.precision.effective_cells > 60


def test_few_cells_make_a_wide_interval() -> None:
    few, many = (index_of("x", [counted(n, 4 * n)], SEED).interval for n in (4, 400))
    assert few is not None
    assert many is not None
    assert few.high - few.low > 0.3
    assert many.high - many.low < 0.1


def test_the_chance_below_a_share_rises_from_nought_to_one() -> None:
    index = index_of("x", [counted(40, 160)], SEED)
    chances = [index.chance_below(share) or 0.0 for share in (0.0, 0.1, 0.2, 0.4, 1.0)]
    assert chances[0] == 0
    assert chances[-1] == 1
    assert chances == sorted(chances)
    assert chances[2] == pytest.approx(0.5, abs=0.05)


def test_the_bootstrap_hangs_on_its_seed_only() -> None:
    samples = [counted(40, 160)]
    assert index_of("x", samples, SEED) == index_of("x", samples, SEED)
    assert index_of("x", samples, SEED).bootstrap != index_of("x", samples, Seed(1)).bootstrap


@pytest.mark.parametrize(("level", "draws"), [(1.0, 10), (0.95, 0)])
def test_nonsense_options_are_refused(level: float, draws: int) -> None:
    with pytest.raises(InputError):
        IndexOptions(level=level, draws=draws)


def test_no_positive_cell_leaves_room_for_some() -> None:
    cells = KindedCells(random_cells(300, 0.5, 100.0).xy, np.ones(300, dtype=np.int64))
    index = index_of("x", [Sample.whole("s", cells)], SEED)
    assert index.value == 0
    assert index.bootstrap is None
    assert index.interval is not None
    assert index.interval.low == 0
    assert index.interval.high == pytest.approx(1 - 0.025 ** (1 / 300))
