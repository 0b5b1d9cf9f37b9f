"""The benchmark of pairing compares methods that agree, and says what does not fit."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from patherea_core.evaluation.pairing import pair
from training.benchmarks import pairing
from training.benchmarks.pairing import METHODS, RADIUS, Cost, cells, dense_pairs, measured, table


def test_cells_have_the_stated_density() -> None:
    detections, points = cells(20_000)
    assert detections.shape == points.shape == (20_000, 2)
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    assert np.median(nearest) == pytest.approx(2 * RADIUS, rel=0.03)


def test_the_dense_method_finds_as_many_pairs() -> None:
    detections, points = cells(600)
    assert dense_pairs(detections, points) == len(pair(detections, points, RADIUS))


def test_every_method_is_measured() -> None:
    costs = [measured(method, 300) for method in METHODS]
    assert len({cost.pairs for cost in costs}) == 1
    assert all(cost.seconds > 0 and cost.gigabytes >= 0 for cost in costs)


def test_what_does_not_fit_is_not_run_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []

    def alone(method: str, count: int) -> Cost:
        ran.append((method, count))
        return Cost(count, 1.5, 0.25)

    monkeypatch.setattr(pairing, "alone", alone)
    rows = table([1_000, 1_000_000], free_gigabytes=1.0).splitlines()
    assert rows[2] == "| 1,000 | 1,000 | 1.5 s, 0.25 GB | 1.5 s, 0.25 GB | 1.5 s, 0.25 GB |"
    assert rows[3].endswith("| 1.5 s, 0.25 GB | does not fit (17,000 GB) |")
    assert ran == [(method, 1_000) for method in METHODS] + [
        (method, 1_000_000) for method in METHODS[:2]
    ]


def test_methods_that_disagree_make_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "alone", lambda method, _: Cost(len(method), 1.0, 1.0))
    with pytest.raises(AssertionError, match="methods disagree at 100 cells"):
        table([100], free_gigabytes=1.0)


@pytest.mark.parametrize("sizes", ["", "0", "10,-1", "1e6"])
def test_sizes_that_are_no_whole_numbers_are_refused(
    sizes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        pairing.main([f"--sizes={sizes}"])
    assert "give whole numbers above 0, separated by commas" in capsys.readouterr().err


@pytest.mark.slow
def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    pairing.main(["--sizes", "50,100"])
    assert len(capsys.readouterr().out.splitlines()) == 4
