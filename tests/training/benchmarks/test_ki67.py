"""The Ki-67 benchmarks, small: what they measure holds, and they print their tables."""

import numpy as np
import pytest

from patherea_core.index.windows import NumberOfCells
from training.benchmarks import ki67_correction, ki67_coverage, ki67_hotspots
from training.benchmarks.ki67_correction import DETECTORS, one
from training.benchmarks.ki67_coverage import Case, coverages
from training.benchmarks.ki67_simulated import Made, Tumour, field
from training.benchmarks.ki67_smooth import SmoothTumour


def test_the_made_tumour_has_the_index_it_says() -> None:
    made = field(Tumour(0.2, 0.05), 200_000, np.random.default_rng(0))
    assert made.positive.mean() == pytest.approx(0.2, abs=0.01)


def test_cells_of_a_smooth_tumour_are_as_alike_as_it_says() -> None:
    tumour = SmoothTumour(0.2, 0.1)
    fields = [tumour.field(20_000, np.random.default_rng(number)) for number in range(8)]
    assert np.mean([made.share.mean() for made in fields]) == pytest.approx(0.2, abs=0.02)
    assert np.mean([made.share.var() for made in fields]) == pytest.approx(0.1 * 0.16, rel=0.15)


@pytest.mark.parametrize("tumour", [Tumour(0.2, 0.15), Tumour(0.8, 0.05), SmoothTumour(0.5, 0.04)])
def test_the_interval_holds_where_positive_cells_lie_together(tumour: Made) -> None:
    held = coverages(Case(tumour, 1, 100), 100)
    assert held["interval"].held >= 0.93
    assert held["interval"].width < 2.5 * held["wilson"].width


def test_wilson_and_the_bootstrap_do_not_hold_there() -> None:
    held = coverages(Case(Tumour(0.2, 0.15), 1, 500), 100)
    assert held["wilson"].held < 0.8
    assert held["bootstrap"].held < 0.9


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_the_correction_takes_the_bias_away(detector: ki67_correction.Detector) -> None:
    found = [one(detector, 0.3, number, another=False) for number in range(40)]
    raw = float(np.mean([(each.raw.value or 0) - 0.3 for each in found]))
    fixed = float(np.mean([(each.value or 0) - 0.3 for each in found]))
    assert abs(fixed) < 0.01
    assert abs(fixed) < max(abs(raw), 0.01)
    assert all(each.refused_because is None for each in found)


def test_a_finer_grid_never_finds_less() -> None:
    cells = ki67_hotspots.slide(3000)
    kind = NumberOfCells(500)
    first = ki67_hotspots.searched(cells, kind).found.found[0]
    sites = round(first.side_micrometres / kind.site_micrometres)
    best = ki67_hotspots.finer(cells, sites, kind.site_micrometres, 500)
    assert best >= (first.index.value or 0)


def test_the_tables_have_a_row_for_each_case(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ki67_coverage, "SHARES", (0.2,))
    monkeypatch.setattr(ki67_coverage, "ALIKE", (0.05,))
    ki67_coverage.main(["--cells", "50", "--repeats", "2"])
    assert len(capsys.readouterr().out.splitlines()) == 2 + 2
    monkeypatch.setattr(ki67_coverage, "SMOOTH_ALIKE", (0.04,))
    ki67_coverage.main(["--cells", "50", "--repeats", "2", "--smooth"])
    assert len(capsys.readouterr().out.splitlines()) == 2 + 2
    monkeypatch.setattr(ki67_correction, "SHARES", (0.3,))
    ki67_correction.main(["--repeats", "2"])
    assert len(capsys.readouterr().out.splitlines()) == 2 + 6
    ki67_hotspots.main(["--sizes", "12000", "--slides", "1"])
    assert len(capsys.readouterr().out.splitlines()) == 2 + 3 + 2 + 3 + 6
