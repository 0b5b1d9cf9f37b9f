"""Files are written whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from patherea_core.errors import OutputError
from patherea_core.files import replacing, require_writable, write_whole


def test_a_file_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [item.name for item in tmp_path.iterdir()] == ["result.csv"]


def test_a_failure_leaves_the_file_before_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    write_whole(path, b"old")

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_bytes(b"ha")
            raise ValueError("the power is gone")

    with pytest.raises(ValueError, match="power"):
        write_half()
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["result.csv"]


def test_the_temporary_file_keeps_the_ending_that_decides_the_form(tmp_path: Path) -> None:
    with replacing(tmp_path / "picture.png") as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent == tmp_path


@pytest.mark.parametrize("write", [require_writable, lambda path: write_whole(path, b"")])
def test_a_missing_folder_is_said_so(tmp_path: Path, write: Callable[[Path], None]) -> None:
    with pytest.raises(OutputError, match=r"absent/result\.csv cannot be written"):
        write(tmp_path / "absent" / "result.csv")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        require_writable(tmp_path)
