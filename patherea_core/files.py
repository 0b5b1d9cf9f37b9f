"""Writing a file or folder whole or not at all: under another name beside it, then put in place at once.

Whoever writes a file, or works towards one, holds a lock that the system takes back when he ends, however he
ends. So what a killed program left behind can be told from what a living one needs.
"""

import fcntl
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from patherea_core.errors import OutputError

#: File systems of one machine, on which no lock can be missed. Others may show it on one machine only.
_LOCAL = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})

#: Seconds after which nobody is still at work on a file that did not change, where a lock may be missed.
_LONG_AGO = 7 * 24 * 3600

#: How often a lock is tried for, since whoever had it may just have removed it.
_ATTEMPTS = 3


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``, which becomes ``path`` when the block ends well.

    If the block raises, the temporary file is removed and a file that was at ``path`` stays as it was.

    Raises:
        OutputError: the folder or the file cannot be written.
    """
    handle, temporary = _new_temporary(path)
    try:
        yield temporary
        temporary.chmod(0o644)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(_refusal(path, error)) from error
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one piece.

    Raises:
        OutputError: it cannot be written; a file of that name stays as it was.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def require_writable(path: Path) -> None:
    """Check before long work that ``path`` can be written at its end.

    Raises:
        OutputError: its folder is missing or not writable, or ``path`` is a folder.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OutputError(_refusal(path, error)) from error


@contextmanager
def writing(destination: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an OutputError that names the destination."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {destination}: {error.strerror or error}") from error


@contextmanager
def partial_folder(destination: Path) -> Iterator[Path]:
    """Lend an empty folder beside the destination; it is removed at the end unless it was moved.

    Raises:
        OutputError: the folder cannot be made.
    """
    destination = destination.absolute()
    partial = destination.parent / f".{destination.name}.{secrets.token_hex(6)}.partial"
    made = [parent for parent in destination.parents if not parent.exists()]
    try:
        with writing(destination):
            partial.mkdir(parents=True)
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        for parent in made:
            with suppress(OSError):  # it holds the destination, or somebody's files
                parent.rmdir()


@contextmanager
def at_work_on(path: Path) -> Iterator[None]:
    """Let nobody else work towards the file at ``path`` in the meantime.

    Raises:
        OutputError: somebody does already, or the folder cannot be written.
    """
    lock = path.with_name(f".{path.name}.lock")
    handle = _new_lock(lock)
    if handle is None:
        raise OutputError(
            f"another run is at work on the same results ({path.name}); wait for it, or name another file"
        )
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def temporaries_of(path: Path) -> str:
    """Return the regular expression of the names under which ``path`` is written."""
    return rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}\.part{re.escape(path.suffix)}"


def remove_abandoned(folder: Path, names: str) -> tuple[str, ...]:
    """Remove files that nobody is at work on, and return what they were called, in order.

    A file stays if somebody holds its lock. It also stays if it changed within a week and the folder is one
    of several machines, for there a lock may be missed.

    Args:
        folder: where they lie.
        names: the regular expression of the names of files that can be done without.
    """
    fitting = re.compile(names)
    try:
        found = sorted(path.name for path in folder.iterdir() if fitting.fullmatch(path.name))
    except OSError:
        return ()
    if not found:
        return ()
    latest = float("inf") if _is_local(folder) else time.time() - _LONG_AGO
    return tuple(name for name in found if _removed(folder / name, latest))


def _new_lock(lock: Path) -> int | None:
    """Return a file of that name, open and locked; None if somebody else has it."""
    for _ in range(_ATTEMPTS):
        with writing(lock):
            handle = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        if _claimed(handle, lock):
            return handle
        os.close(handle)
    return None


def _new_temporary(path: Path) -> tuple[int, Path]:
    """Return an empty file beside ``path``, open and locked."""
    while True:
        try:
            handle, name = tempfile.mkstemp(
                dir=path.parent, prefix=f".{path.name}.", suffix=f".part{path.suffix}"
            )
        except OSError as error:
            raise OutputError(_refusal(path, error)) from error
        if _claimed(handle, Path(name)):
            return handle, Path(name)
        os.close(handle)  # whoever removes what is abandoned came in between


def _claimed(handle: int, path: Path) -> bool:
    """Lock an open file, and tell whether nobody else has, and whether it is still the one at ``path``.

    Where there are no locks it counts as locked.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _removed(path: Path, latest: float) -> bool:
    """Remove a file if it did not change after ``latest`` and nobody holds it; tell whether it was."""
    try:
        # Network drives lock only what is open for writing.
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if os.fstat(handle).st_mtime > latest or not _claimed(handle, path):
            return False
        path.unlink()
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _is_local(folder: Path) -> bool:
    """Tell whether a folder lies on a disk of this machine alone; False where that cannot be known."""
    try:
        place = folder.resolve()
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return False
    kind, depth = "", 0
    for mount in mounts:
        before, _, after = mount.partition(" - ")
        # Blanks in names are octal there.
        point = Path(before.split()[4].replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) >= depth:
            kind, depth = after.split()[0], len(point.parts)
    return kind in _LOCAL


def _refusal(path: Path, error: OSError) -> str:
    return f"{path} cannot be written ({error.strerror or error}); name a place that can"
