"""The file that a pretraining in the archive goes on from."""

import zipfile
from pathlib import Path

import pytest

from patherea_core.errors import InputError
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin.commands.pretrain_checkpoint import AskedPretraining, pack_checkpoint, unpack_checkpoint

ASKED = AskedPretraining(
    config=PretrainingConfig(epochs=3, mpp=0.5),
    folder_id="f" * 24,
    slide_ids=("1" * 24, "2" * 24),
    fields=7,
    seed=5,
    initial_weights="imagenet.pth",
)


@pytest.fixture
def run(tmp_path: Path) -> PretrainingFolder:
    folder = PretrainingFolder(tmp_path / "run")
    folder.checkpoints.mkdir(parents=True)
    for path in (folder.last, folder.settings, folder.identity, folder.metrics):
        path.write_text(path.name)
    return folder


def test_what_is_packed_comes_out_again(run: PretrainingFolder, tmp_path: Path) -> None:
    pack_checkpoint(run, ASKED, tmp_path / "state.zip")
    again = PretrainingFolder(tmp_path / "again")
    assert unpack_checkpoint(tmp_path / "state.zip", again) == ASKED
    for one, other in ((run.last, again.last), (run.metrics, again.metrics)):
        assert one.read_bytes() == other.read_bytes()
    assert not again.curves.exists()  # there was none yet


def test_nothing_else_comes_out(run: PretrainingFolder, tmp_path: Path) -> None:
    path = tmp_path / "state.zip"
    pack_checkpoint(run, ASKED, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../outside", b"no")
        archive.writestr("inside", b"no")
    again = PretrainingFolder(tmp_path / "again")
    unpack_checkpoint(path, again)
    assert not (tmp_path / "outside").exists()
    assert not (again.path / "inside").exists()


def test_what_is_no_state_is_refused(run: PretrainingFolder, tmp_path: Path) -> None:
    path = tmp_path / "state.zip"
    again = PretrainingFolder(tmp_path / "again")
    path.write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"state\.zip is no state that a pretraining can go on"):
        unpack_checkpoint(path, again)
    pack_checkpoint(run, ASKED, path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="or a broken one"):
        unpack_checkpoint(path, again)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("training.json", "{}")  # of a detector
    with pytest.raises(InputError, match="choose the item of another run"):
        unpack_checkpoint(path, again)
