"""One experiment from the command line: it trains, it looks at the kept part once, and it can be recorded."""

import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from patherea_core.checkpoint import load_bundle
from patherea_core.data.store import read_manifest
from patherea_core.evaluation.figures import evaluation_figures
from patherea_core.progress import Silent
from plugin.commands.evaluate_files import EvaluateFilesRequest
from plugin.commands.evaluate_files import run as evaluate_files
from plugin.radius import Radius
from tests.training.builders import small_recipe, write_split
from training.__main__ import main
from training.evaluation_report import read_report
from training.ledger import read_ledger
from training.published_results import BENCHMARKS
from training.recipes import EXPERIMENTS, DivisionRule, Experiment

TINY = Experiment(
    name="tiny",
    dataset="made-up",
    recipe=small_recipe(epochs=2, batch_size=2),
    division=DivisionRule(test="test", validation="val"),
    backbone="tiny",
    initialisation="scratch",
)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPERIMENTS, "tiny", TINY)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write a dataset with a published split: samples 0 to 3 train, 4 and 5 val, 6 and 7 test."""
    folds = (0, 0, 0, 0, 1, 1, 2, 2)
    return write_split(tmp_path / "data", "made-up", ("train", "val", "test"), folds)


def words(data: Path, out: Path, *more: str) -> list[str]:
    given = ["run", "tiny", "--data", str(data), "--out", str(out), "--device", "cpu"]
    return [*given, "--workers", "0", "--epochs", "1", *more]


def said(caplog: pytest.LogCaptureFixture, given: list[str]) -> tuple[int, str]:
    caplog.clear()
    code = main(given)
    return code, "\n".join(
        record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR
    )


def test_an_experiment_is_trained_scored_and_recorded(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, out = tmp_path / "ledger.jsonl", tmp_path / "run"
    assert main(words(data, out, "--seed", "3", "--ledger", str(ledger))) == 0
    assert "mean" in capsys.readouterr().out
    report = read_report(out / "report.json")
    assert (report.images, report.radius_px) == (2, 6)
    (record,) = read_ledger(ledger)
    assert record.mean_f1 == report.mean_f1
    assert (record.dataset_digest, record.seed) == (read_manifest(data).digest(), 3)
    assert (record.evaluated_on, record.chosen_on, record.split) == (
        "test",
        "validation",
        "published",
    )
    assert (record.images, record.cells, record.fold) == (2, 12, None)
    card = load_bundle(out / "model.safetensors").card
    assert card.metrics["test_mean_f1"] == report.mean_f1
    assert card.intervals["test_mean_f1"] == report.mean_f1_interval
    assert {name.split("_")[0] for name in card.intervals} == {"validation", "test"}
    assert "2 images of 2 patients (made-up, test), looked at when nothing was left" in str(
        card.measured_on
    )
    assert card.provenance["experiment"] == "tiny"
    again = "python -m training run tiny --data data --out run --seed 3 --epochs 1"
    assert card.provenance["command"] == again
    told = json.loads((out / "report.json").read_text())
    assert told["run"]["recipe_digest"] == record.recipe_digest
    assert (out / "points.csv").read_text().count("\n") == 13


def test_the_kept_part_is_read_at_the_end_only(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "images" / "sample-6.png").write_bytes(b"no picture")
    out = tmp_path / "run"
    assert main(words(data, out, "--validation-only")) == 0
    assert (out / "model.safetensors").exists()
    assert not (out / "report.json").exists()
    code, message = said(caplog, words(data, out, "--resume"))
    assert code == 2
    assert "sample-6.png" in message
    assert not (out / "report.json").exists()


def test_the_kept_part_is_looked_at_once(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "run"
    assert main(words(data, out)) == 0
    before = (out / "report.json").read_bytes()
    code, message = said(caplog, words(data, out, "--resume"))
    assert code == 2
    assert "whose test part is looked at once" in message
    assert (out / "report.json").read_bytes() == before


def test_anybody_finds_the_figures_again(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert main(words(data, out)) == 0
    again = evaluate_files(
        EvaluateFilesRequest(
            detections=out / "cells.csv",
            points=out / "points.csv",
            regions=out / "regions.geojson",
            radius=Radius(6.0, "px"),
            classes=("brown", "blue"),
            allow_missing=True,
        ),
        Silent(),
    ).evaluation
    told = json.loads((out / "report.json").read_text())
    figures = json.loads(json.dumps(evaluation_figures(again)))
    assert sum(figures["detection"][kind] for kind in ("tp", "fp")) > 0
    for name in ("classes", "mean_f1", "mean_f1_interval", "detection", "confusion", "intervals"):
        assert figures[name] == told[name]


def test_a_run_whose_report_was_taken_away_is_not_recorded_again(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger, out = tmp_path / "ledger.jsonl", tmp_path / "run"
    assert main(words(data, out, "--ledger", str(ledger))) == 0
    (out / "report.json").unlink()
    code, message = said(caplog, words(data, out, "--resume", "--ledger", str(ledger)))
    assert code == 2
    assert "records the run of line 1 again" in message
    assert len(read_ledger(ledger)) == 1


def test_another_part_to_choose_on_is_told_by_the_ledger(data: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    more = ["--fold", "val", "--part", "2/4", "--ledger", str(ledger)]
    assert main(words(data, tmp_path / "run", *more)) == 0
    (record,) = read_ledger(ledger)
    assert (record.evaluated_on, record.chosen_on) == ("val", "training")
    assert record.split == "published, validated on part 2 of 4"
    assert (record.images, record.fold) == (2, None)


def test_the_list_is_there_before_torch_is() -> None:
    code = (
        "import sys; from training.__main__ import main; main(['run', '--list']);"
        "sys.exit('torch' in sys.modules or 'lightning' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_list_needs_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--list"]) == 0
    assert "brca-m2c/mobilenetv2 " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--fold", "dev"], "no fold 'dev'; its folds are: train, val, test"),
        (["--part", "0/5"], "--part '0/5' is no part like 2/5"),
        (["--part", "2"], "--part '2' is no part like 2/5"),
        (["--part", "1/9"], "9 parts need at least 9 patients, but there are 6"),
        (["--epochs", "0"], "--epochs must be at least 1"),
        (["--seed", "-1"], "a seed must be a whole number"),
        (["--weights", "none.safetensors"], "would leave none.safetensors unused"),
        (["--resume"], "holds no run to go on with"),
        (["--validation-only", "--ledger", "l"], "scores nothing that --ledger could keep"),
        (["--ledger", "none/l.jsonl"], "there is no folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_run_is_refused_in_one_sentence_and_writes_nothing(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, more: list[str], reason: str
) -> None:
    code, message = said(caplog, words(data, tmp_path / "run", *more))
    assert code == 2
    assert reason in message
    assert "\n" not in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["run"], "a training needs the name of a recipe"),
        (["run", "tiny"], "a training needs --data DIR"),
        (["run", "huge", "--data", "d", "--out", "o"], "there is no recipe 'huge'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_missing_is_named(
    caplog: pytest.LogCaptureFixture, given: list[str], reason: str
) -> None:
    code, message = said(caplog, given)
    assert code == 2
    assert reason in message


def test_another_dataset_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(EXPERIMENTS, "tiny", replace(TINY, dataset="lizard"))
    code, message = said(caplog, words(data, tmp_path / "run"))
    assert code == 2
    assert "is for lizard, but the dataset is made-up" in message


def test_classes_that_the_table_lacks_are_refused_before_the_training(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(BENCHMARKS, "made-up", BENCHMARKS["lizard"])
    code, message = said(caplog, words(data, tmp_path / "run", "--ledger", str(tmp_path / "l")))
    assert code == 2
    assert "but the dataset has brown, blue" in message
    assert not (tmp_path / "run").exists()
