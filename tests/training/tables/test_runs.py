"""Runs are summed up as a person would with pencil and paper."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.runs import class_score, of_f1, run_record
from training.run_record import RunRecord
from training.tables.model import Score
from training.tables.runs import Experiment, experiments


def run(thousandths: int, seed: int = 0, fold: str | None = None) -> RunRecord:
    return run_record({"round": of_f1(thousandths)}, seed=seed, fold=fold)


def summed(*records: RunRecord) -> Experiment:
    (experiment,) = experiments(records)
    return experiment


def mean_score(*records: RunRecord) -> Score | None:
    return summed(*records).score(lambda record: record.mean_f1)


def test_the_deviation_over_seeds_is_that_of_a_sample() -> None:
    score = mean_score(run(600, 0), run(620, 1), run(670, 2))
    # Mean 0.63; deviations -0.03, -0.01, 0.04; squares sum to 0.0026; over 2, the root is 0.03606.
    assert score is not None
    assert score.value == pytest.approx(0.63)
    assert score.sd == pytest.approx(0.036056, abs=1e-6)
    assert str(score) == "0.630 ± 0.036"


def test_one_seed_has_no_deviation() -> None:
    score = mean_score(run(600))
    assert score == Score(0.6, None)
    assert str(score) == "0.600"


def test_seeds_of_a_fold_are_averaged_before_folds_are() -> None:
    score = mean_score(run(500, 0, "a"), run(700, 1, "a"), run(800, 0, "b"), run(800, 1, "b"))
    # The folds' means are 0.6 and 0.8, which deviate by 0.1 to either side.
    assert score is not None
    assert score.value == pytest.approx(0.7)
    assert score.sd == pytest.approx(math.sqrt(2) / 10)


def test_a_fold_with_more_seeds_weighs_no_more() -> None:
    score = mean_score(run(500, 0, "a"), run(500, 1, "a"), run(500, 2, "a"), run(900, 0, "b"))
    assert score is not None
    assert score.value == pytest.approx(0.7)


def test_a_class_is_averaged_over_the_runs_that_have_it() -> None:
    there = run_record({"a": of_f1(600), "b": of_f1(500)}, fold="1")
    absent = run_record({"a": of_f1(800), "b": class_score(0)}, fold="2")
    runs = summed(there, absent)
    both = runs.score(lambda record: record.classes["a"].f1)
    assert both is not None
    assert (both.value, both.sd) == pytest.approx((0.7, 0.1 * math.sqrt(2)))
    assert runs.score(lambda record: record.classes["b"].f1) == Score(0.5)
    assert summed(absent).score(lambda record: record.classes["b"].f1) is None


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([(0, None)], "1 seed"),
        ([(0, None), (4, None)], "2 seeds"),
        ([(0, "a")], "1 fold"),
        ([(0, "a"), (0, "b"), (0, "c")], "3 folds"),
        ([(1, "a"), (2, "b"), (3, "c")], "3 folds"),
        ([(0, "a"), (1, "a"), (0, "b"), (1, "b")], "2 folds × 2 seeds"),
        ([(0, "a"), (1, "a"), (0, "b")], "2 folds, 3 runs"),
    ],
    ids=str,
)
def test_the_number_of_runs_is_said(runs: list[tuple[int, str | None]], words: str) -> None:
    assert summed(*(run(600, seed, fold) for seed, fold in runs)).runs == words


@given(st.permutations([run(600, 0, "a"), run(650, 1, "a"), run(700, 0, "b"), run(720, 0, "c")]))
def test_the_order_of_the_ledger_changes_no_figure(records: list[RunRecord]) -> None:
    score = mean_score(*records)
    assert score is not None
    assert score.value == pytest.approx((0.625 + 0.7 + 0.72) / 3)
    assert score.sd == pytest.approx(0.0501, abs=1e-4)


def test_other_experiments_are_kept_apart() -> None:
    found = experiments([run(600), run_record(backbone="ViT-B"), run(620, seed=1)])
    assert [len(experiment.records) for experiment in found] == [2, 1]
