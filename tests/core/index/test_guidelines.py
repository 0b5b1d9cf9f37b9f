"""Grades at and between their limits, and what a count lacks."""

import pytest

from patherea_core.errors import InputError
from patherea_core.index.guidelines import (
    GUIDELINES,
    IKWG_2011,
    IKWG_HOTSPOT,
    IKWG_WEIGHTED_GLOBAL,
    WHO_NET,
    Band,
    Guideline,
    grading,
    shortfalls,
)
from patherea_core.index.ki67 import index_of
from patherea_core.seeding import Seed
from tests.core.index.scattered import counted

SEED = Seed(0)


@pytest.mark.parametrize(
    ("positive", "guideline", "grade"),
    [
        (29, WHO_NET, "G1"),
        (30, WHO_NET, "G2"),
        (200, WHO_NET, "G2"),
        (201, WHO_NET, "G3"),
        (1000, WHO_NET, "G3"),
        (50, IKWG_HOTSPOT, "low"),
        (51, IKWG_HOTSPOT, "intermediate"),
        (300, IKWG_HOTSPOT, "high"),
    ],
)
def test_the_limits_belong_where_the_guideline_says(
    positive: int, guideline: Guideline, grade: str
) -> None:
    found = grading(index_of("x", [counted(positive, 1000 - positive)], SEED), guideline)
    assert found is not None
    assert found.grade == grade
    assert sum(chance.probability for chance in found.chances) == pytest.approx(1)


def test_near_a_limit_two_grades_are_likely() -> None:
    found = grading(index_of("x", [counted(15, 485)], SEED), WHO_NET)
    assert found is not None
    chances = {chance.name: chance.probability for chance in found.chances}
    assert 0.3 < chances["G1"] < 0.7
    assert chances["G3"] < 1e-6


def test_without_index_or_ranges_there_is_no_grade() -> None:
    assert grading(index_of("x", [], SEED), WHO_NET) is None
    assert grading(index_of("x", [counted(1, 9)], SEED), IKWG_2011) is None


def test_ranges_say_whom_they_are_for() -> None:
    for guideline in GUIDELINES:
        assert bool(guideline.bands_hold) == bool(guideline.bands)


def test_what_a_count_lacks_is_said_in_numbers() -> None:
    index = index_of("region A", [counted(30, 90)], SEED)
    (cells,) = shortfalls(index, WHO_NET)
    assert "120 tumour cells" in cells
    assert "count 380 more" in cells
    _, regions, weighting = shortfalls(index, IKWG_WEIGHTED_GLOBAL)
    assert "outline 3 more" in regions
    assert "is pooled" in weighting


def test_a_full_count_lacks_nothing_and_advice_is_given_apart() -> None:
    samples = [counted(50, 150, region=name) for name in "abc"]
    index = index_of("x", samples, SEED)
    assert shortfalls(index, WHO_NET) == ()
    assert shortfalls(index, IKWG_2011) == (
        "x has 600 tumour cells; IKWG breast, 2011 advises 1000",
    )


def test_every_guideline_names_its_source() -> None:
    assert len({guideline.name for guideline in GUIDELINES}) == len(GUIDELINES)
    assert all(guideline.source for guideline in GUIDELINES)


@pytest.mark.parametrize("ends", [(0.5, 0.2, 1.0), (0.5,), (0.0, 1.0)])
def test_ranges_that_do_not_rise_to_one_are_refused(ends: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="must rise"):
        Guideline(
            name="x",
            source="x",
            place="hotspot",
            least_cells=1,
            advised_cells=1,
            least_regions=1,
            weighting="pooled",
            strata=False,
            bands=tuple(Band(str(end), end, includes_end=True) for end in ends),
        )
