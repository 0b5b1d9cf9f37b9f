"""Writing a file or folder whole or not at all: under another name beside it, then put in place at once."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from patherea_core.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``, which becomes ``path`` when the block ends well.

    If the block raises, the temporary file is removed and a file that was at ``path`` stays as it was.

    Raises:
        OutputError: the folder or the file cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix
        )
    except OSError as error:
        raise OutputError(_refusal(path, error)) from error
    os.close(handle)
    temporary = Path(name)
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


def _refusal(path: Path, error: OSError) -> str:
    return f"{path} cannot be written ({error.strerror or error}); name a place that can"
