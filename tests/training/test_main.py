"""The front door: help, exit codes, and nothing loaded that is not asked for."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from training.__main__ import SUBCOMMANDS, main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", [subcommand.name for subcommand in SUBCOMMANDS])
def test_every_subcommand_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main([name, "--help"])
    assert exited.value.code == 0
    assert f"usage: python -m training {name}" in capsys.readouterr().out


@pytest.mark.parametrize("subcommand", SUBCOMMANDS, ids=lambda subcommand: subcommand.name)
def test_a_subcommand_is_a_module_with_help_options_and_run(subcommand: object) -> None:
    module = importlib.import_module(subcommand.module)  # type: ignore[attr-defined]
    assert module.__doc__
    assert callable(module.add_options)
    assert callable(module.run)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "COMMAND"),
        (["fly"], "fly"),
        (["table"], "DATASET"),
        (["table", "x", "--no"], "--no"),
        (["table", "no-such", "--ledger", "none.jsonl"], "there is no ledger none.jsonl"),
        (["ledger"], "ACTION"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_ends_with_2_and_one_sentence(
    caplog: pytest.LogCaptureFixture, words: list[str], reason: str
) -> None:
    assert main(words) == 2
    (message,) = [record.getMessage() for record in caplog.records]
    assert reason in message
    assert "\n" not in message


def test_help_loads_no_subcommand() -> None:
    code = (
        "import contextlib, sys\nfrom training.__main__ import main\n"
        "with contextlib.suppress(SystemExit):\n    main(['--help'])\n"
        "print('loaded:', *sorted({'torch', 'numpy', 'pydantic', 'training.ledger'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    assert "published rows + ledger" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"
