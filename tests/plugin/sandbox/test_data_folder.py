"""A data folder belongs to one sandbox at a time and keeps its administrator's password to itself."""

import os
from pathlib import Path

import pytest

from patherea_core.errors import InputError, OutputError
from plugin.sandbox.data_folder import DataFolder


def test_it_is_made_with_all_it_needs(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "new" / "folder") as folder:
        assert folder.assetstore.is_dir()
        assert folder.logs.is_dir()
        assert folder.work.is_dir()


def test_a_second_sandbox_is_refused(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path),
        pytest.raises(InputError, match="another sandbox is using"),
        DataFolder(tmp_path),
    ):
        pass


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with DataFolder(tmp_path):
            pass


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), DataFolder(tmp_path / "file"):
        pass


def test_the_password_is_drawn_once(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        drawn = folder.credentials()
        assert folder.credentials() == drawn
    assert drawn.login == "admin"
    assert len(drawn.password) >= 16


def test_two_folders_have_two_passwords(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "a") as a, DataFolder(tmp_path / "b") as b:
        assert a.credentials().password != b.credentials().password


def test_only_the_owner_reads_the_password(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        with DataFolder(tmp_path) as folder:
            folder.credentials()
    finally:
        os.umask(former)
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"login": "admin"}', '{"x": 1}'])
def test_broken_credentials_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "credentials.json").write_text(text)
    with DataFolder(tmp_path) as folder, pytest.raises(InputError, match="is no sandbox's"):
        folder.credentials()
