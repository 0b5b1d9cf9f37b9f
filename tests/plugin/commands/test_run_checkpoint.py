"""All that a run goes on from, in one file, whether a training or a pretraining."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from patherea_core.bundle_card import CardWords
from patherea_core.config import Settings
from patherea_core.errors import InputError, OutputError
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.kept_state import read_state
from patherea_core.workflow.run.places import RunPlaces
from plugin.commands import pretrain_checkpoint, train_checkpoint
from plugin.commands.pretrain_checkpoint import AskedPretraining
from plugin.commands.run_checkpoint import RunParts, pack_parts
from plugin.commands.train_checkpoint import AskedTraining


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of run: the word for it, its folder, how it was asked for, and its two functions."""

    word: str
    folder: type[RunPlaces]
    asked: Settings
    pack: Callable[..., None]
    unpack: Callable[..., Any]

    def write_run(self, path: Path) -> Any:  # noqa: ANN401  a folder of its kind
        """Make a run folder with what stands for its files."""
        run: Any = self.folder(path)
        run.checkpoints.mkdir(parents=True)
        settings = run.recipe if isinstance(run, RunFolder) else run.settings
        for part in (run.last, settings, run.identity, run.metrics, run.path / "more.txt"):
            part.write_text(part.name)
        return run


TRAINING = Kind(
    "training",
    RunFolder,
    AskedTraining(recipe="small", epochs=7, seed=3, words=CardWords(name="mine")),
    train_checkpoint.pack_checkpoint,
    train_checkpoint.unpack_checkpoint,
)
PRETRAINING = Kind(
    "pretraining",
    PretrainingFolder,
    AskedPretraining(
        config=PretrainingConfig(epochs=3, mpp=0.5),
        folder_id="f" * 24,
        slide_ids=("1" * 24, "2" * 24),
        fields=7,
        seed=5,
        initial_weights="imagenet.pth",
    ),
    pretrain_checkpoint.pack_checkpoint,
    pretrain_checkpoint.unpack_checkpoint,
)


@pytest.fixture(params=[TRAINING, PRETRAINING], ids=lambda kind: str(kind.word))
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def files_of(run: RunPlaces) -> dict[str, bytes]:
    """Return the contents of a run's files."""
    paths = sorted(path for path in run.path.rglob("*") if path.is_file())
    return {str(path.relative_to(run.path)): path.read_bytes() for path in paths}


def test_a_run_comes_back_without_what_it_does_not_go_on_from(kind: Kind, tmp_path: Path) -> None:
    run, again = kind.write_run(tmp_path / "run"), kind.folder(tmp_path / "again")
    kind.pack(run, kind.asked, tmp_path / "file")
    assert kind.unpack(tmp_path / "file", again) == kind.asked
    expected = files_of(run)
    del expected["more.txt"]
    assert files_of(again) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "file", "run"]


def test_the_file_is_as_it_always_was(kind: Kind, tmp_path: Path) -> None:
    again = kind.folder(tmp_path / "again")
    kind.pack(kind.write_run(tmp_path / "run"), kind.asked, tmp_path / "file")
    settings = "recipe.json" if kind is TRAINING else "settings.json"
    parts = ["checkpoints/last.ckpt", settings, "run.json", "metrics.csv"]
    with zipfile.ZipFile(tmp_path / "file") as archive:
        assert archive.namelist() == [f"{kind.word}.json", *parts]
    with zipfile.ZipFile(tmp_path / "older", "w") as archive:
        archive.writestr(f"{kind.word}.json", kind.asked.model_dump_json(exclude_defaults=True))
        archive.writestr("checkpoints/last.ckpt", "a state")
    assert kind.unpack(tmp_path / "older", again) == kind.asked
    assert again.last.read_text() == "a state"


def test_what_leads_out_of_the_folder_or_is_of_no_run_is_left_alone(
    kind: Kind, tmp_path: Path
) -> None:
    kind.pack(kind.write_run(tmp_path / "run"), kind.asked, tmp_path / "file")
    with zipfile.ZipFile(tmp_path / "file", "a") as archive:
        archive.writestr("../evil", "")
        archive.writestr("more.py", "")
    again = kind.folder(tmp_path / "deep" / "again")
    kind.unpack(tmp_path / "file", again)
    assert not {"../evil", "more.py"} & set(files_of(again))
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["again"]


def refused(kind: Kind, path: Path) -> None:
    message = rf"{path.name} is no state that a {kind.word} can go on from, or a broken one"
    with pytest.raises(InputError, match=message):
        kind.unpack(path, kind.folder(path.parent / "again"))


@pytest.mark.parametrize("content", [{}, {"dataset.json": "{}"}, {"": "{"}, {"": '{"new": 1}'}])
def test_another_file_is_refused(kind: Kind, tmp_path: Path, content: dict[str, str]) -> None:
    with zipfile.ZipFile(tmp_path / "notes", "w") as archive:
        for name, text in content.items():
            archive.writestr(name or f"{kind.word}.json", text)
    refused(kind, tmp_path / "notes")


def test_a_file_that_is_cut_or_no_archive_is_refused(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes(b"PK, but no zip")
    refused(kind, path)
    kind.pack(kind.write_run(tmp_path / "run"), kind.asked, path)
    path.write_bytes(path.read_bytes()[:-40])
    refused(kind, path)


@pytest.mark.parametrize(
    ("kind", "other"), [(TRAINING, PRETRAINING), (PRETRAINING, TRAINING)], ids=["first", "second"]
)
def test_the_state_of_another_kind_of_run_is_refused(
    kind: Kind, other: Kind, tmp_path: Path
) -> None:
    other.pack(other.write_run(tmp_path / "run"), other.asked, tmp_path / "file")
    refused(kind, tmp_path / "file")


def test_a_file_that_cannot_be_packed_leaves_the_one_before(kind: Kind, tmp_path: Path) -> None:
    def full(_part: Path, _scratch: Path) -> Path:
        raise OSError(28, "No space left on device")

    run, path = kind.write_run(tmp_path / "run"), tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(OutputError, match="No space left"):
        pack_parts(RunParts(kind.word, run, (run.last,)), kind.asked, path, full)
    assert path.read_bytes() == b"before"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "run"]


def test_of_the_best_state_no_more_is_packed_than_a_model_is_made_of(tmp_path: Path) -> None:
    run = TRAINING.write_run(tmp_path / "run")
    torch.save({"history": [], "optimizer_states": torch.ones(1000)}, run.best)
    TRAINING.pack(run, TRAINING.asked, tmp_path / "file")
    again = RunFolder(tmp_path / "again")
    TRAINING.unpack(tmp_path / "file", again)
    assert read_state(again.best) == {"history": []}
    # While a training runs, the best state that is packed is never older than the last.
    with zipfile.ZipFile(tmp_path / "file") as archive:
        names = archive.namelist()
    assert names.index("checkpoints/last.ckpt") < names.index("checkpoints/best.ckpt")
