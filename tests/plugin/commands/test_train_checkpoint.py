"""All that a training goes on from, in one file."""

import zipfile
from pathlib import Path

import pytest
import torch

from patherea_core.bundle_card import CardWords
from patherea_core.errors import InputError
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.kept_state import read_state
from plugin.commands.train_checkpoint import AskedTraining, pack_checkpoint, unpack_checkpoint

ASKED = AskedTraining(recipe="small", epochs=7, seed=3, words=CardWords(name="mine"))


def write_run(path: Path) -> RunFolder:
    """Make a run folder with what stands for its files."""
    run = RunFolder(path)
    run.checkpoints.mkdir(parents=True)
    for part in (run.last, run.recipe, run.identity, run.metrics, run.model):
        part.write_text(part.name)
    torch.save({"history": [], "optimizer_states": torch.ones(1000)}, run.best)
    return run


def files_of(run: RunFolder) -> dict[str, str]:
    """Return the contents of a run's files but for its best state."""
    paths = sorted(path for path in run.path.rglob("*") if path.is_file() and path != run.best)
    return {str(path.relative_to(run.path)): path.read_text() for path in paths}


def test_a_run_comes_back_without_what_it_does_not_go_on_from(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    pack_checkpoint(run, ASKED, tmp_path / "file")
    again = RunFolder(tmp_path / "again")
    assert unpack_checkpoint(tmp_path / "file", again) == ASKED
    expected = files_of(run)
    del expected["model.safetensors"]
    assert files_of(again) == expected
    assert read_state(again.best) == {"history": []}  # all that a model is made of, and no more
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"file"}


def test_the_last_state_is_written_before_the_best_which_is_never_older(tmp_path: Path) -> None:
    pack_checkpoint(write_run(tmp_path / "run"), ASKED, tmp_path / "file")
    with zipfile.ZipFile(tmp_path / "file") as archive:
        names = archive.namelist()
    assert names.index("checkpoints/last.ckpt") < names.index("checkpoints/best.ckpt")


def test_what_leads_out_of_the_folder_or_is_of_no_run_is_left_alone(tmp_path: Path) -> None:
    pack_checkpoint(write_run(tmp_path / "run"), ASKED, tmp_path / "file")
    with zipfile.ZipFile(tmp_path / "file", "a") as archive:
        archive.writestr("../evil", "")
        archive.writestr("more.py", "")
    again = RunFolder(tmp_path / "deep" / "again")
    unpack_checkpoint(tmp_path / "file", again)
    assert not {"../evil", "more.py"} & set(files_of(again))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["again"]


def packed_with(path: Path, content: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize(
    "content",
    [None, {}, {"dataset.json": "{}"}, {"training.json": "{"}, {"training.json": '{"new": 1}'}],
)
def test_another_file_is_refused(tmp_path: Path, content: dict[str, str] | None) -> None:
    path = tmp_path / "notes.zip"
    if content is None:
        path.write_bytes(b"PK, but no zip")
    else:
        packed_with(path, content)
    with pytest.raises(InputError, match=r"notes\.zip is no state that a training can go on from"):
        unpack_checkpoint(path, RunFolder(tmp_path / "run"))
