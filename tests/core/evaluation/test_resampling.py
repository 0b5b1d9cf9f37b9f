"""All draws at once score what each draw scores on its own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError
from patherea_core.evaluation import resampling
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.resampling import (
    exchanged,
    f1,
    mean_of_defined,
    mean_of_occurring,
    precision,
    recall,
    resampled,
    tallies,
)
from patherea_core.evaluation.scores import ClassCounts, mean_f1
from patherea_core.geometry import Floats
from patherea_core.seeding import Seed
from tests.core.evaluation.groups import group

few = st.integers(0, 5)
counts = st.builds(Counts, few, few, few)


def same(array: Floats, score: float | None) -> bool:
    return bool(np.isnan(array) if score is None else np.isclose(float(array), score))


@given(st.lists(counts, min_size=1, max_size=4), counts)
def test_arrays_score_what_counts_score(per_class: list[Counts], any_class: Counts) -> None:
    (table,) = tallies([ClassCounts(tuple(per_class), any_class)])
    rows = [*per_class, any_class, sum(per_class, start=Counts.none())]
    for sums, expected in zip(table.astype(np.float64), rows, strict=True):
        assert same(f1(sums), expected.f1)
        assert same(precision(sums), expected.precision)
        assert same(recall(sums), expected.recall)
    scores = f1(table[: len(per_class)].astype(np.float64))
    assert same(mean_of_defined(scores), mean_f1(per_class))


def test_the_mean_of_occurring_classes_is_undefined_where_one_is_missing() -> None:
    scores = np.array([[0.5, 1.0, np.nan], [np.nan, 1.0, np.nan], [0.0, 0.5, 0.25]])
    found = mean_of_occurring(scores, np.array([True, True, False]))
    np.testing.assert_array_equal(found, [0.75, np.nan, 0.25])
    assert np.isnan(mean_of_occurring(scores, np.zeros(3, dtype=bool))).all()


def test_every_draw_takes_as_many_groups_as_there_are() -> None:
    drawn = resampled(np.ones((7, 2), dtype=np.int64), Seed(0), 50)
    assert (drawn == 7).all()


def test_what_lies_in_one_array_is_drawn_together() -> None:
    values = np.arange(5)[:, np.newaxis] * np.array([1, 10])
    drawn = resampled(values, Seed(0), 50)
    assert (drawn[:, 1] == 10 * drawn[:, 0]).all()
    assert len(np.unique(drawn[:, 0])) > 5


def test_draws_do_not_depend_on_how_many_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(12).reshape(6, 2)
    at_once = resampled(values, Seed(1), 100), exchanged(values, Seed(1), 100)
    monkeypatch.setattr(resampling, "_MOST_AT_ONCE", 42)
    in_blocks = resampled(values, Seed(1), 100), exchanged(values, Seed(1), 100)
    for whole, parts in zip(at_once, in_blocks, strict=True):
        assert whole.tolist() == parts.tolist()


def test_exchanging_models_keeps_what_both_have_together() -> None:
    values = np.array([[1, 10], [200, 3000], [40000, 500000]])
    drawn = exchanged(values, Seed(0), 200)
    assert (drawn.sum(axis=1) == values.sum()).all()
    assert len(np.unique(drawn[:, 0])) == 8


def test_groups_of_different_classes_are_refused() -> None:
    with pytest.raises(InputError, match="different numbers of classes"):
        tallies([group((1, 0, 0)), group((1, 0, 0), (1, 0, 0))])


def test_without_a_draw_there_is_no_resampling() -> None:
    with pytest.raises(InputError, match="at least one draw"):
        resampled(np.ones((2, 1), dtype=np.int64), Seed(0), 0)
