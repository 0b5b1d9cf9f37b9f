"""Draws of seeds and patients: ours are those of a slow reference, and pairs vary less than their parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.scores import mean_f1
from patherea_core.geometry import Ints
from training.crossover.draws import differences, drawn_scores, estimates


def tables(seeds: int, patients: int, classes: int, root: int) -> Ints:
    """Return random counts, some of them zero."""
    random = np.random.default_rng(root)
    shape = (seeds, patients, classes, 3)
    return random.integers(0, 30, shape) * random.integers(0, 2, shape)


def slowly(counts: Ints, seeds: list[int], patients: list[int]) -> list[float | None]:
    """Return F1 of each class and their mean, of seeds and patients one by one."""
    per_seed: list[list[float | None]] = []
    for seed in seeds:
        classes = []
        for row in range(counts.shape[2]):
            total = Counts.none()
            for patient in patients:
                total = total + Counts(*counts[seed, patient, row].tolist())
            classes.append(total)
        occurring = counts[seed].any(axis=(0, 2)).tolist()
        kept = [one for one, occurs in zip(classes, occurring, strict=True) if occurs]
        whole = bool(kept) and all(one.occurs for one in kept)
        per_seed.append([*(one.f1 for one in classes), mean_f1(kept) if whole else None])
    return [
        None if None in column else sum(value or 0.0 for value in column) / len(seeds)
        for column in zip(*per_seed, strict=True)
    ]


@settings(max_examples=40)
@given(st.data(), st.integers(1, 3), st.integers(1, 5), st.integers(1, 3), st.integers(0, 10**6))
def test_a_draw_scores_as_the_slow_reference_does(
    data: st.DataObject, seed_count: int, patient_count: int, classes: int, root: int
) -> None:
    counts = tables(seed_count, patient_count, classes, root)
    seeds = data.draw(
        st.lists(st.integers(0, seed_count - 1), min_size=seed_count, max_size=seed_count)
    )
    patients = data.draw(
        st.lists(st.integers(0, patient_count - 1), min_size=patient_count, max_size=patient_count)
    )
    times = [
        np.bincount(drawn, minlength=count)[np.newaxis]
        for drawn, count in ((seeds, seed_count), (patients, patient_count))
    ]
    (found,) = drawn_scores(counts, *times).tolist()
    expected = [np.nan if value is None else value for value in slowly(counts, seeds, patients)]
    assert found == pytest.approx(expected, nan_ok=True)


COUNTS = np.array(
    [
        [[[9, 1, 2], [4, 3, 3]], [[30, 9, 9], [11, 2, 8]], [[2, 6, 5], [6, 1, 9]]],
        [[[8, 3, 3], [5, 3, 2]], [[28, 5, 11], [9, 4, 10]], [[3, 6, 4], [8, 3, 7]]],
    ]
)


def test_a_value_is_the_mean_over_seeds_and_lies_in_its_interval() -> None:
    found = estimates(COUNTS)
    assert len(found) == 3
    expected = slowly(COUNTS, [0, 1], [0, 1, 2])
    for one, value in zip(found, expected, strict=True):
        assert one.value == pytest.approx(value)
        assert one.interval is not None
        assert one.value is not None
        assert one.interval.holds(one.value)
        assert one.seeds == 2


def test_two_arms_with_the_same_counts_differ_by_nothing_in_every_draw() -> None:
    for one in differences(COUNTS, COUNTS):
        assert not one.apart
        assert one.value == pytest.approx(0.0)
        assert one.interval is not None
        assert one.interval.bounds == pytest.approx((0.0, 0.0))


def test_a_paired_difference_varies_less_than_what_it_is_of() -> None:
    better = COUNTS + np.array([1, 0, 0])
    difference = differences(better, COUNTS)[-1]
    score = estimates(COUNTS)[-1]
    assert difference.apart
    assert difference.value is not None
    assert difference.value > 0
    widths = [one.interval.high - one.interval.low for one in (difference, score) if one.interval]
    assert widths[0] < widths[1] / 2
    turned = differences(COUNTS, better)[-1]
    assert turned.value == pytest.approx(-difference.value)


def test_seeds_that_differ_widen_the_interval() -> None:
    one = np.concatenate([COUNTS[:1]] * 3)
    spread = one.copy()
    spread[0, :, :, 1] += 20
    spread[2, :, :, 0] += 20
    same, other = (estimates(counts)[-1].interval for counts in (one, spread))
    assert same is not None
    assert other is not None
    assert other.high - other.low > same.high - same.low


def test_one_patient_has_no_interval_and_a_class_that_never_occurs_no_score() -> None:
    assert estimates(COUNTS[:, :1])[-1].interval is None
    absent = COUNTS.copy()
    absent[:, :, 1] = 0
    of_class, mean = estimates(absent)[1:]
    assert (of_class.value, of_class.interval) == (None, None)
    assert mean.value == estimates(absent)[0].value
