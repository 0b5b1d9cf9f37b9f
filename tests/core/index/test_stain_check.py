"""Class and stain of cells beside each other: the slide tells the threshold, and no class moves it."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation.agreement.kappa import cohen_kappa
from patherea_core.geometry import Floats
from patherea_core.index.kinds import KindedCells
from patherea_core.index.stain_check import StainCheck, remarks, stain_check
from patherea_core.index.stain_threshold import LEAST, USUAL, stain_threshold
from patherea_core.seeding import Seed


def densities(stained: int, unstained: int, seed: int = 0) -> Floats:
    """Return densities as slides have them: stained ones far apart, unstained ones close together."""
    random = np.random.default_rng(seed)
    return np.concatenate(
        [0.25 + random.gamma(2, 0.15, stained), random.normal(0.02, 0.02, unstained)]
    )


def cells_of(kind: list[int], side: float = 2000) -> KindedCells:
    random = np.random.default_rng(0)
    return KindedCells(random.uniform(0, side, (len(kind), 2)), np.array(kind, dtype=np.int64))


def checked(stained: int, unstained: int, wrong: int = 0) -> StainCheck:
    """Return the check of cells of which the first ones of each kind have the other class."""
    kind = np.repeat([0, 1], (stained, unstained))
    kind[:wrong] = 1
    kind[stained : stained + wrong] = 0
    return stain_check(cells_of(kind.tolist()), densities(stained, unstained), 0.5, Seed(0))


@pytest.mark.parametrize("stained", [0, 1, 20, 300, 600, 750])
def test_the_threshold_parts_the_cells_however_many_are_stained(stained: int) -> None:
    dab = densities(stained, 1000 - stained)
    threshold = stain_threshold(dab)
    assert threshold.unstained == pytest.approx(0.02, abs=0.01)
    assert np.mean(dab[:stained] > threshold.value) > 0.99 if stained else True
    assert np.mean(dab[stained:] > threshold.value) < 0.01


def test_without_unstained_cells_the_usual_threshold_is_taken() -> None:
    found = checked(1000, 0)
    assert (found.threshold.value, found.threshold.unstained) == (USUAL, None)
    assert "no cluster of unstained cells" in remarks(found)[0]
    assert found.agreement.value == 1


def test_few_cells_take_the_usual_threshold() -> None:
    found = checked(20, 30)
    assert found.threshold.value == USUAL
    assert "only 50 cells" in remarks(found)[0]


def test_even_unstained_cells_do_not_make_pale_ones_stained() -> None:
    assert stain_threshold(np.full(500, 0.01)).value == LEAST


def test_the_threshold_lies_between_the_bounds_of_what_is_unclear() -> None:
    for dab in (densities(100, 400), densities(3, 5)):
        threshold = stain_threshold(dab)
        assert threshold.low < threshold.value < threshold.high


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(60)))
def test_the_order_of_cells_changes_nothing(order: list[int]) -> None:
    dab = np.tile(densities(20, 40), 2)
    double = [*order, *(60 + row for row in order)]
    assert stain_threshold(dab[double]) == stain_threshold(dab)


def test_classes_do_not_move_the_threshold() -> None:
    assert checked(200, 800).threshold == checked(200, 800, wrong=150).threshold


def test_wrong_classes_are_what_disagrees() -> None:
    found = checked(200, 800, wrong=10)
    assert sorted(found.row[found.disagrees].tolist()) == [*range(10), *range(200, 210)]
    assert found.counts.tolist() == [[190, 10], [10, 790]]
    assert found.agreement.value == pytest.approx(0.98)
    assert found.kappa.value == pytest.approx(cohen_kappa(found.counts))
    for estimate in (found.agreement, found.kappa):
        assert estimate.value is not None
        assert estimate.interval is not None
        assert estimate.interval.holds(estimate.value)


def test_of_a_small_place_there_is_no_interval() -> None:
    found = stain_check(cells_of([0, 1] * 60, side=100), densities(60, 60), 0.5, Seed(0))
    assert found.blocks < 10
    assert found.agreement.interval is None
    assert found.kappa.interval is None


def test_cells_that_are_not_counted_take_no_part() -> None:
    kind = [2, 0, 2, 1] * 50
    dab = np.tile([5.0, 0.5, -3.0, 0.01], 50)
    found = stain_check(cells_of(kind), dab, 0.5, Seed(0))
    assert len(found.cells) == 100
    assert found.row[:2].tolist() == [1, 3]
    assert found.agreement.value == 1


def test_cells_near_the_threshold_do_not_disagree_and_many_are_told_of() -> None:
    kind = [0] * 150
    found = stain_check(cells_of(kind), np.append(np.zeros(100), np.full(50, 0.11)), 0.5, Seed(0))
    assert not (found.disagrees & found.unclear).any()
    assert any("lie near the threshold" in sentence for sentence in remarks(found))


def test_of_one_class_and_one_stain_kappa_is_undefined() -> None:
    found = checked(0, 300)
    assert found.kappa.value is None
    assert "kappa is undefined" in " ".join(remarks(found))


def test_figures_are_json_and_add_up() -> None:
    figures = json.loads(json.dumps(checked(100, 400, wrong=5).to_dict(), allow_nan=False))
    parts = [
        figures[f"{one}_{two}"]
        for one in ("positive", "negative")
        for two in ("stained", "unstained")
    ]
    assert sum(parts) == figures["cells"] == 500
    assert figures["disagreeing"] == 10


def test_without_tumour_cells_there_is_nothing_to_check() -> None:
    with pytest.raises(InputError, match="none of the 3 cells is a positive or negative"):
        stain_check(cells_of([2, 2, 2]), np.zeros(3), 0.5, Seed(0))


@pytest.mark.parametrize("dab", [np.zeros(2), np.array([0.0, np.nan, 1.0])])
def test_every_cell_needs_a_density(dab: Floats) -> None:
    with pytest.raises(ShapeError, match="3 cells need as many finite densities"):
        stain_check(cells_of([0, 1, 1]), dab, 0.5, Seed(0))
