"""What a file looks like from outside, so that one that is written anew is told from the one before."""

from pathlib import Path

#: A file as it is now; None if it is not there.
Stamp = tuple[int, int] | None

#: What no file looks like.
NEVER: Stamp = (-1, -1)


def stamp(path: Path) -> Stamp:
    """Return a file as it is now."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_ino, facts.st_mtime_ns
