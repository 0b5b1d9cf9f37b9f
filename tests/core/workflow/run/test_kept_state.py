"""States are written whole or not at all, and a broken one is said to be."""

from pathlib import Path

import pytest
import torch

from patherea_core.errors import InputError, OutputError
from patherea_core.workflow.run.kept_state import WholeStates, read_state

STATE = {"epoch": 4, "state_dict": {"weights": torch.arange(1000.0)}}


def test_a_state_comes_back(tmp_path: Path) -> None:
    WholeStates().save_checkpoint(STATE, tmp_path / "last.ckpt")
    state = read_state(tmp_path / "last.ckpt")
    assert state["epoch"] == 4
    assert torch.equal(state["state_dict"]["weights"], torch.arange(1000.0))
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("error", [OSError("no space"), RuntimeError("write failed")])
def test_a_full_disk_leaves_the_state_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(_state: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    WholeStates().save_checkpoint(STATE, tmp_path / "last.ckpt")
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OutputError, match=r"last\.ckpt \(.*make room"):
        WholeStates().save_checkpoint({"epoch": 5}, tmp_path / "last.ckpt")
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
    assert read_state(tmp_path / "last.ckpt")["epoch"] == 4


@pytest.mark.parametrize("kept", [0, 1, 700, 3000])
def test_a_state_that_was_cut_is_said_to_be_broken(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "last.ckpt"
    WholeStates().save_checkpoint(STATE, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"last\.ckpt cannot be read; remove that file"):
        read_state(path)


def test_a_missing_state_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_state(tmp_path / "last.ckpt")


def test_opening_a_state_runs_no_code(tmp_path: Path) -> None:
    torch.save({"epoch": Path("anything but data")}, tmp_path / "last.ckpt")
    with pytest.raises(InputError, match="cannot be read"):
        read_state(tmp_path / "last.ckpt")
