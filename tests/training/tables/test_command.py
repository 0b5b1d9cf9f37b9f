"""The command writes the table where it is asked to, from the ledger that it is given."""

from pathlib import Path

import pytest

from tests.training.runs import run_record
from training.__main__ import main
from training.ledger import append


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder without a ledger."""
    monkeypatch.chdir(tmp_path)


def test_published_rows_need_no_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "brca-m2c"]) == 0
    out = capsys.readouterr().out
    assert "| ACFormer | Table 4 | validation | test | 5 seeds | 0.645 |" in out
    assert "This project" not in out


def test_the_ledger_of_the_working_folder_is_the_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "training").mkdir()
    append(tmp_path / "training" / "ledger.jsonl", run_record())
    assert main(["table", "made-up"]) == 0
    assert "0.600 | 0.800 | 0.700 | 0.900" in capsys.readouterr().out.replace("**", "")


def test_only_runs_of_the_dataset_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(tmp_path / "l.jsonl", run_record())
    assert main(["table", "brca-m2c", "--ledger", "l.jsonl"]) == 0
    assert "This project" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "start"),
    [("markdown", "**F1 on Lizard**"), ("latex", "% needs"), ("html", "<!doctype html>")],
)
def test_a_table_is_written_to_a_file(tmp_path: Path, name: str, start: str) -> None:
    assert main(["table", "lizard", "--format", name, "--out", "table"]) == 0
    assert (tmp_path / "table").read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["made-down"], "there are published rows for lizard, brca-m2c"),
        (["lizard", "--ledger", "none.jsonl"], "there is no ledger none.jsonl"),
        (["lizard", "--out", "none/table"], "cannot be written"),
        (["lizard", "--format", "word"], "--format"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    caplog: pytest.LogCaptureFixture, words: list[str], reason: str
) -> None:
    assert main(["table", *words]) == 2
    (message,) = [record.getMessage() for record in caplog.records]
    assert reason in message
