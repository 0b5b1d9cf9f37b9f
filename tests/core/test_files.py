"""Files are written whole or not at all."""

import errno
import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from patherea_core.errors import OutputError
from patherea_core.files import (
    at_work_on,
    remove_abandoned,
    replacing,
    require_writable,
    temporaries_of,
    write_whole,
)


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


def test_what_is_being_written_is_nobodys_to_remove(tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    with replacing(path) as temporary:
        temporary.write_bytes(b"ha")
        assert remove_abandoned(tmp_path, temporaries_of(path)) == ()
        temporary.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"


def left_behind(path: Path) -> Path:
    """Return what a process leaves that is killed while it writes a file."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from patherea_core.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'ha')\n"
        "    print(temporary, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        temporary = Path(process.stdout.readline().strip())
        assert remove_abandoned(path.parent, temporaries_of(path)) == ()
        assert temporary.exists()
        process.kill()
    return temporary


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "result.csv"
    temporary = left_behind(path)
    (tmp_path / ".other.csv.abcdefgh.part.csv").write_bytes(b"")
    assert remove_abandoned(tmp_path, temporaries_of(path)) == (temporary.name,)
    assert [item.name for item in tmp_path.iterdir()] == [".other.csv.abcdefgh.part.csv"]


def test_on_a_drive_of_several_machines_only_what_is_old_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patherea_core.files._LOCAL", frozenset())
    path = tmp_path / "result.csv"
    names = {}
    for name, days in {"abcdefgh": 6, "ijklmnop": 8}.items():
        names[name] = tmp_path / f".result.csv.{name}.part.csv"
        names[name].write_bytes(b"")
        changed = time.time() - days * 24 * 3600
        os.utime(names[name], (changed, changed))
    assert remove_abandoned(tmp_path, temporaries_of(path)) == (names["ijklmnop"].name,)


@given(
    name=st.text(st.characters(codec="ascii", exclude_characters="/\0"), min_size=1, max_size=20)
)
def test_the_name_of_a_temporary_file_is_known_again(name: str) -> None:
    assume(name not in {".", ".."})
    path = Path("/folder") / name
    given_name = f".{name}.ab_cd12x.part{path.suffix}"
    assert re.fullmatch(temporaries_of(path), given_name)
    assert not re.fullmatch(temporaries_of(path), name)
    assert not re.fullmatch(temporaries_of(path.with_name(f"{name}x")), given_name)


def test_two_do_not_work_towards_one_file(tmp_path: Path) -> None:
    path = tmp_path / "result.csv"
    with at_work_on(path):
        with at_work_on(tmp_path / "other.csv"):
            pass
        with (
            pytest.raises(OutputError, match=r"another run is at work .*result\.csv"),
            at_work_on(path),
        ):
            pass
    with at_work_on(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_a_killed_process_left_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / ".result.csv.lock").write_bytes(b"")
    with at_work_on(tmp_path / "result.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_files_are_written_where_there_are_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_handle: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("fcntl.flock", refuse)
    with at_work_on(tmp_path / "result.csv"):
        write_whole(tmp_path / "result.csv", b"whole")
    assert [item.name for item in tmp_path.iterdir()] == ["result.csv"]


def test_a_file_that_is_taken_away_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock
    taken: list[Path] = []

    def late(handle: int, how: int) -> None:
        if not taken:
            taken.extend(tmp_path.iterdir())
            taken[0].unlink()
        lock(handle, how)

    monkeypatch.setattr("fcntl.flock", late)
    write_whole(tmp_path / "result.csv", b"whole")
    assert [item.name for item in tmp_path.iterdir()] == ["result.csv"]
    assert len(taken) == 1
