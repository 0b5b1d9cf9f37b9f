"""The spread of true indices over a slide, and the chances that follow from it."""

import numpy as np
import pytest

from patherea_core.index.kinds import KindedCells
from patherea_core.index.rivals import Spread, chances_of_another, expected_index, spread
from patherea_core.index.sites import SiteCounts
from patherea_core.index.windows import Windows
from patherea_core.seeding import Seed
from tests.core.index.scattered import random_cells

SEED = Seed(0)


def windows(*counts: tuple[int, int]) -> Windows:
    """Return windows side by side with so many positive and tumour cells."""
    positive, tumour = np.array(counts).T
    count = len(counts)
    return Windows(np.zeros(count, int), np.arange(count), np.ones(count, int), positive, tumour)


def test_windows_that_differ_as_a_beta_distribution_are_seen_to() -> None:
    cells = random_cells(100_000, 0.5, 3200.0)
    # Squares of 100 µm, each with a true index of its own.
    number = (cells.xy // 100).astype(int) @ [1, 32]
    random = np.random.default_rng(0)
    share = random.beta(2, 8, 32 * 32)[number]
    kind = np.where(random.random(len(cells)) < share, 0, 1)
    found = spread(SiteCounts.of(KindedCells(cells.xy, kind), 25.0), 4, 90)
    assert found.positive == pytest.approx(2, rel=0.15)
    assert found.negative == pytest.approx(8, rel=0.15)


def test_a_slide_that_is_alike_everywhere_lends_much() -> None:
    found = spread(SiteCounts.of(random_cells(100_000, 0.2, 3200.0), 25.0), 4, 90)
    assert found.positive + found.negative > 1000


def test_an_expected_index_lies_between_the_slides_and_the_windows_own() -> None:
    of = Spread(10, 90, 99)
    few, many = expected_index(30, 100, of), expected_index(3000, 10_000, of)
    assert 0.1 < few.value < many.value < 0.3
    assert few.value == pytest.approx(0.2)
    assert few.interval.holds(few.value)
    assert few.interval.high - few.interval.low > many.interval.high - many.interval.low


def test_with_few_windows_nothing_is_lent() -> None:
    found = spread(SiteCounts.of(random_cells(200, 0.5, 100.0), 25.0), 4, 100)
    assert (found.positive, found.negative) == (0.5, 0.5)


def test_two_equal_windows_have_even_chances() -> None:
    chances = chances_of_another(windows((50, 200), (50, 200)), Spread(1, 1, 9), SEED)
    assert chances == pytest.approx([0.5, 0.5], abs=0.04)


def test_the_chances_of_being_the_highest_sum_to_one() -> None:
    chances = chances_of_another(windows((50, 200), (45, 200), (30, 200)), Spread(1, 3, 9), SEED)
    assert (1 - chances).sum() == pytest.approx(1)
    assert list(chances) == sorted(chances)


def test_fewer_cells_make_the_first_less_sure() -> None:
    many = windows((500, 1000), (400, 1000))
    few = windows((50, 100), (40, 100))
    of = Spread(2, 2, 9)
    assert chances_of_another(many, of, SEED)[0] < chances_of_another(few, of, SEED)[0]


def test_the_chance_is_that_of_the_truth_behind_such_windows() -> None:
    random = np.random.default_rng(0)
    of, wrong, said = Spread(5, 45, 99), [], []
    for _ in range(400):
        true = random.beta(of.positive, of.negative, 20)
        found = random.binomial(300, true)
        first = int(found.argmax())
        wrong.append(true.argmax() != first)
        made = windows(*((int(x), 300) for x in found))
        said.append(chances_of_another(made, of, SEED, draws=200)[first])
    assert np.mean(said) == pytest.approx(np.mean(wrong), abs=0.06)
