"""A difference between two models is told from none, and only as often as chance allows."""

import numpy as np
import pytest

from patherea_core.errors import InputError
from patherea_core.evaluation.comparison import Difference, compare
from patherea_core.evaluation.intervals import Interval
from patherea_core.evaluation.scores import ClassCounts
from patherea_core.seeding import Seed
from tests.core.evaluation.groups import group, patients, patients_of_two


def test_a_model_does_not_differ_from_itself() -> None:
    groups = patients(12, 0)
    found = compare(groups, groups, Seed(0))
    equal = Difference(0.0, Interval(0.0, 0.0), 1.0)
    assert (found.per_class, found.any_class, found.mean_f1) == ((equal,), equal, equal)


def test_exchanging_the_models_changes_signs_and_no_p_value() -> None:
    first, second = patients_of_two(12, 0, gain=0.05)
    there, back = (compare(*pair, Seed(0)).mean_f1 for pair in ((first, second), (second, first)))
    assert there.value == pytest.approx(-(back.value or 0))
    assert there.interval is not None
    assert back.interval is not None
    assert there.interval.bounds == pytest.approx((-back.interval.high, -back.interval.low))
    assert there.p_value == back.p_value


def test_a_clearly_better_model_is_told_from_the_other() -> None:
    found = compare(*patients_of_two(30, 0, gain=0.15), Seed(0))
    for difference in (*found.per_class, found.any_class, found.mean_f1):
        assert difference.interval is not None
        assert difference.interval.low > 0
        assert difference.p_value is not None
        assert 0 < difference.p_value < 0.01


def test_differences_are_those_of_the_scores_of_all_groups() -> None:
    first = [group((8, 2, 2), (0, 0, 5)), group((4, 0, 4), (0, 0, 0))]
    second = [group((6, 0, 4), (5, 5, 0)), group((4, 4, 4), (0, 1, 0))]
    found = compare(first, second, Seed(0))
    expected = (24 / 32 - 20 / 32, 0 - 10 / 16)
    assert [difference.value for difference in found.per_class] == pytest.approx(expected)
    assert found.mean_f1.value == pytest.approx(sum(expected) / 2)
    assert found.any_class.value == pytest.approx(24 / 37 - 30 / 48)


def test_pairing_makes_the_interval_narrower_than_that_of_unrelated_models() -> None:
    # Patients differ far more from each other than the models do.
    first = [group((n, 10, 100 - n)) for n in range(10, 90, 8)]
    second = [group((n + 2, 10, 98 - n)) for n in range(10, 90, 8)]
    paired = compare(second, first, Seed(0)).any_class.interval
    assert paired is not None
    assert 0 < paired.low < paired.high < 0.05


def test_where_a_class_is_undefined_so_is_its_difference() -> None:
    found = compare([group((1, 0, 0), (0, 0, 0))] * 3, [group((1, 0, 0), (0, 1, 0))] * 3, Seed(0))
    assert found.per_class[1] == Difference(None, None, None)
    # The second model invents the class, which counts as zero in its mean.
    assert found.mean_f1.value == pytest.approx(0.5)


def test_draws_without_one_of_the_classes_are_left_out_of_the_mean() -> None:
    # The second class is in one of two groups only; neither model finds it.
    first = [group((5, 0, 0), (0, 0, 0)), group((5, 0, 0), (0, 0, 5))]
    second = [group((5, 0, 0), (0, 0, 0)), group((4, 0, 1), (0, 0, 5))]
    found = compare(first, second, Seed(0))
    assert found.draws_of_mean == pytest.approx(0.75 * found.draws, rel=0.05)
    assert found.mean_f1.interval is not None
    assert found.per_class[0].interval is not None
    # Where the class is missing so is the group in which the models differ.
    assert found.per_class[0].interval.low == 0
    assert found.mean_f1.interval.low > 0
    assert found.mean_f1.p_value is not None


def test_one_group_has_a_difference_but_nothing_to_judge_it_by() -> None:
    found = compare([group((8, 0, 2))], [group((6, 0, 4))], Seed(0))
    assert found.mean_f1.value == pytest.approx(16 / 18 - 12 / 16)
    assert (found.mean_f1.interval, found.mean_f1.p_value) == (None, None)
    assert found.groups == 1


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ([], "3 and 0 groups"),
        ([group((1, 0, 0))] * 2, "3 and 2 groups"),
        ([group((1, 0, 0), (1, 0, 0))] * 3, "different numbers of classes"),
        ([group((1, 0, 0)), group((0, 9, 1)), group((1, 0, 1))], "group 3 has other points"),
    ],
)
def test_models_on_different_regions_are_refused(second: list[ClassCounts], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        compare([group((1, 0, 0))] * 3, second, Seed(0))


def rejected(count: int, sets: int, levels: list[float]) -> list[float]:
    """The shares of pairs of equally good models that are told apart all the same."""
    p_values = np.array(
        [
            compare(*patients_of_two(count, seed), Seed(seed), draws=500).any_class.p_value
            for seed in range(sets)
        ]
    )
    return [float(np.mean(p_values <= level)) for level in levels]


def test_equally_good_models_are_rarely_told_apart() -> None:
    assert rejected(10, 150, [0.2, 0.5]) == pytest.approx([0.2, 0.5], abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("count", [8, 30])
def test_under_the_null_the_p_value_is_uniform(count: int) -> None:
    levels = [0.05, 0.25, 0.5, 0.75]
    for level, share in zip(levels, rejected(count, 1000, levels), strict=True):
        error = 3 * np.sqrt(level * (1 - level) / 1000)
        assert share == pytest.approx(level, abs=error + 0.01)
