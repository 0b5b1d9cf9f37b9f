"""Writing a file whole or not at all: under a temporary name beside it, then put in place at once."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


def _refusal(path: Path, error: OSError) -> str:
    return f"{path} cannot be written ({error.strerror}); name a place that can"
