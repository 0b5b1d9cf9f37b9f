"""A report of scores becomes a line of the ledger, or one sentence says why not."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.training.runs import of_f1
from training.__main__ import main
from training.ledger import read_ledger
from training.protocol import Protocol


def reported(thousandths: int) -> dict[str, Any]:
    share = thousandths / 1000
    return of_f1(thousandths).model_dump() | {
        "precision": share,
        "recall": share,
        "f1_interval": [share - 0.01, share + 0.01],
    }


def report(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what ``patherea evaluate --format json`` prints, as far as it is agreed, and more."""
    return {
        "classes": {
            "epithelial": reported(770),
            "lymphocyte": reported(630),
            "stromal": reported(520),
        },
        "mean_f1": 0.64,
        "mean_f1_interval": [0.62, 0.66],
        "detection": reported(800),
        "chance": {"anything": 1},
        "radius_px": 6.0,
        "images": 10,
        "unit": "px",
    } | changes


def words(folder: Path, content: object, **changes: str) -> list[str]:
    (folder / "evaluation.json").write_text(json.dumps(content))
    options = {
        "evaluation": str(folder / "evaluation.json"),
        "ledger": str(folder / "ledger.jsonl"),
        "dataset": "brca-m2c",
        "dataset-digest": "d" * 64,
        "evaluated-on": "test",
        "chosen-on": "validation",
        "method": "P2P",
        "backbone": "ConvNeXt-B",
        "initialisation": "ImageNet",
        "recipe": "paper",
        "recipe-digest": "c" * 64,
        "seed": "0",
        "date": "2025-01-31",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return ["ledger", "add", *(word for name in options for word in (f"--{name}", options[name]))]


def said(caplog: pytest.LogCaptureFixture, given: list[str]) -> tuple[int, list[str]]:
    caplog.clear()
    code = main(given)
    return code, [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]


def test_a_report_becomes_a_record(tmp_path: Path) -> None:
    assert main(words(tmp_path, report(), border="cells of the whole image")) == 0
    (record,) = read_ledger(tmp_path / "ledger.jsonl")
    assert record.protocol == Protocol(radius=6, border="cells of the whole image")
    assert {name: score.f1 for name, score in record.classes.items()} == {
        "epithelial": 0.77,
        "lymphocyte": 0.63,
        "stromal": 0.52,
    }
    assert (record.mean_f1, record.mean_f1_interval) == (0.64, (0.62, 0.66))
    assert (record.detection.f1, record.detection.f1_interval) == (0.8, (0.79, 0.81))
    assert (record.images, record.cells, str(record.date)) == (10, 1000, "2025-01-31")
    assert record.program.startswith("patherea ")


@pytest.mark.parametrize(
    ("changes", "protocol"),
    [
        ({"unit": "um", "radius": 3.0}, Protocol(radius=6)),
        ({"unit": "um", "radius": 3.0, "radius_px": None}, Protocol(radius=3, unit="um")),
        ({"protocol": {"border": "left out"}}, Protocol(radius=6, border="left out")),
        ({"protocol": "in words"}, Protocol(radius=6)),
    ],
    ids=["both", "um", "border", "words"],
)
def test_the_protocol_is_read_from_the_report(
    tmp_path: Path, changes: dict[str, Any], protocol: Protocol
) -> None:
    assert main(words(tmp_path, report(**changes))) == 0
    (record,) = read_ledger(tmp_path / "ledger.jsonl")
    assert record.protocol == protocol


def test_another_pairing_can_be_told(tmp_path: Path) -> None:
    assert main(words(tmp_path, report(), matching="one-to-many")) == 0
    (record,) = read_ledger(tmp_path / "ledger.jsonl")
    assert record.protocol.matching == "one-to-many"


@pytest.mark.parametrize(
    ("content", "changes", "reason"),
    [
        (report(mean_f1=0.9), {}, "mean_f1 is 0.9"),
        (report(radius_px=0), {}, "radius_px"),
        (report(radius_px=None), {}, "it has no radius_px"),
        (report(), {"matching": "unstated"}, "--matching"),
        ([], {}, "evaluation.json cannot be used"),
        (report(), {"evaluation": "none.json"}, "none.json cannot be read"),
        (report(), {"seed": "x"}, "--seed"),
        (report(), {"date": "today"}, "'today' is no date"),
        (report(), {"evaluated_on": "val"}, "chosen on the evaluated part"),
        (report(), {"chosen_on": "luck"}, "--chosen-on"),
        (report(), {"dataset_digest": "short"}, "dataset_digest"),
        (report(), {"dataset_folder": "none"}, "not allowed with"),
        (report(), {"dataset": "bcdata"}, "evaluate with --classes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_run_is_refused_in_one_sentence(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    content: object,
    changes: dict[str, str],
    reason: str,
) -> None:
    code, messages = said(caplog, words(tmp_path, content, **changes))
    assert code == 2
    assert len(messages) == 1
    assert reason in messages[0]
    assert "\n" not in messages[0]
    assert not (tmp_path / "ledger.jsonl").exists()


def test_the_digest_can_be_read_from_the_dataset(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = words(tmp_path, report())
    place = given.index("--dataset-digest")
    given[place : place + 2] = ["--dataset-folder", str(tmp_path)]
    assert said(caplog, given) == (2, [f"{tmp_path} is no dataset: it has no dataset.json"])
