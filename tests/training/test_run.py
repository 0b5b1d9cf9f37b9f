"""One experiment from the command line: it trains, it looks at the kept part once, and it can be recorded."""

import json
import logging
from pathlib import Path

import pytest

from patherea_core.checkpoint import load_bundle
from patherea_core.config import DecodingConfig, NetworkConfig, Recipe, TrainingConfig
from patherea_core.data.manifest import SampleRecord, class_records
from patherea_core.data.store import DatasetWriter, Sample, read_manifest
from patherea_core.regions import Outline
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from tests.builders import square
from tests.core.workflow.cells import draw_cells
from training.__main__ import main
from training.evaluation_report import read_report
from training.ledger import read_ledger
from training.recipes import EXPERIMENTS, DivisionRule, Experiment

SIDE = 64
TINY = Experiment(
    name="tiny",
    dataset="made-up",
    recipe=Recipe(
        network=NetworkConfig(backbone="test_efficientnet", fpn_channels=8, head_blocks=1),
        training=TrainingConfig(epochs=2, batch_size=2, tile_size=SIDE, validations=1),
        decoding=DecodingConfig(score_threshold=None),
        radius_um=3.0,
    ),
    division=DivisionRule(test="test", validation="val"),
    backbone="tiny",
    initialisation="scratch",
)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXPERIMENTS, "tiny", TINY)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write a dataset with a published split: samples 0 to 3 train, 4 val, 5 and 6 test."""
    with DatasetWriter(tmp_path / "data") as writer:
        for number, fold in enumerate((0, 0, 0, 0, 1, 2, 2)):
            writer.add(_sample(number, fold, square(0, 0, SIDE)))
        writer.finish(
            classes=class_records(Taxonomy.of(["brown", "blue"])),
            mpp=0.5,
            folds=("train", "val", "test"),
            lineage={"dataset": "made-up"},
        )
    return tmp_path / "data"


def _sample(number: int, fold: int, labelled: Outline) -> Sample:
    pixels, points = draw_cells(SIDE, 6, Seed(number))
    record = SampleRecord(
        id=f"s{number}",
        slide=f"slide {number}",
        region="all",
        patient=f"patient {number}",
        fold=fold,
        left=0,
        top=0,
        width=SIDE,
        height=SIDE,
        base_mpp=0.5,
        points=len(points),
    )
    return Sample(record, pixels, points, tuple(f"{number}-{row}" for row in range(6)), labelled)


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
    assert card.provenance["experiment"] == "tiny"
    told = json.loads((out / "report.json").read_text())
    assert told["run"]["recipe_digest"] == record.recipe_digest
    assert (out / "points.csv").read_text().count("\n") == 13


def test_the_kept_part_is_read_at_the_end_only(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "images" / "s6.png").write_bytes(b"no picture")
    out = tmp_path / "run"
    assert main(words(data, out, "--validation-only")) == 0
    assert (out / "model.safetensors").exists()
    assert not (out / "report.json").exists()
    code, message = said(caplog, words(data, out, "--resume"))
    assert code == 2
    assert "s6.png" in message
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
