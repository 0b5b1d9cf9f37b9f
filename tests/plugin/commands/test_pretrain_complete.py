"""A complete run says what it was made of, and warns of a command that names something else."""

import logging
from pathlib import Path

import pytest

from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin.commands.pretrain_complete import say_what_it_learnt_from
from tests.plugin.backbone_files import backbone_file, pretraining

COMMAND = "patherea pretrain slides --slide-mpp 0.5 --out run --seed 0"


def run_of(
    folder: Path, command: str | None = COMMAND, held_out: str = "1 image of slides"
) -> Path:
    """Leave the backbone of a run that was started with a command, and return the folder of the run."""
    provenance = {} if command is None else {"command": command}
    changes = {"tiles": "11 images of slides", "held_out": held_out, "provenance": provenance}
    card = pretraining(0.5).model_copy(update=changes)
    backbone_file(folder, "resnet10t", whole=False, pretraining=card)
    return folder


def told(run: Path, command: str, caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Return the levels and messages of what is said to a command."""
    with caplog.at_level(logging.INFO):
        say_what_it_learnt_from(PretrainingFolder(run), command.split())
    return [(record.levelno, record.getMessage()) for record in caplog.records]


def test_a_complete_run_says_what_it_learnt_from(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert told(run_of(tmp_path), COMMAND, caplog) == [
        (
            logging.INFO,
            f"the run in {tmp_path} is complete: it learnt from 11 images of slides in 3 epochs, with 1 image"
            " of slides held out; nothing is left to train",
        )
    ]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("others --slide-mpp 0.5", "others --slide-mpp 0.5"),
        ("slides --slide-mpp 0.25", "slides --slide-mpp 0.25"),
        ("slides", "slides"),
        ("slides --slide-mpp 0.5 --without-fold test", "--without-fold test"),
        ("--folder 0123 --fields 100", "--folder 0123 --fields 100"),
    ],
)
def test_a_command_that_names_something_else_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, words: str, named: str
) -> None:
    _, (level, message) = told(run_of(tmp_path), f"patherea pretrain {words} --out run", caplog)
    assert level == logging.WARNING
    assert f"{named}, but the run in {tmp_path} was made of slides --slide-mpp 0.5" in message
    assert message.endswith("name another --out to learn from something else")


def test_where_the_run_is_kept_and_what_else_is_said_is_no_other_thing_to_look_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = "patherea pretrain slides --slide-mpp 0.5 --out elsewhere --licence CC0"
    assert len(told(run_of(tmp_path, held_out="the same"), words, caplog)) == 1
    assert "11 images of slides in 3 epochs; nothing" in caplog.text


def test_a_card_without_a_command_and_a_file_without_a_card_warn_of_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(told(run_of(tmp_path, None), COMMAND, caplog)) == 1
    caplog.clear()
    (tmp_path / "backbone.safetensors").write_bytes(b"a backbone")
    ((_, message),) = told(tmp_path, COMMAND, caplog)
    assert message == f"the run in {tmp_path} is complete: nothing is left to train"
