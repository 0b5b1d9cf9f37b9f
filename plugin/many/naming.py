"""What the results of each slide are called, where every slide has its own."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from patherea_core.errors import InputError

#: Stands for the slide in the names of results.
PLACE = "{slide}"

#: The table of all slides, if nobody says.
SLIDES_TABLE = "slides.csv"


def names_each_slide(outs: Sequence[Path]) -> bool:
    """Return whether the results are named slide by slide.

    Raises:
        InputError: some are, and some are not.
    """
    named = [PLACE in str(out) for out in outs]
    if any(named) and not all(named):
        without = outs[named.index(False)]
        raise InputError(
            f"--out {without} does not say {PLACE}, but another --out does; write it in all names, or in none"
        )
    return any(named)


def slide_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return what stands for each slide in the names of results: its file's name without the ending.

    Slides that would then be called the same keep the ending. Small letters and capitals count the same,
    as some file systems do not tell them apart.

    Args:
        paths: of the slides, no two of one name.

    Raises:
        InputError: two names differ in capitals only.
    """
    stems = Counter(path.stem.casefold() for path in paths)
    found = tuple(path.name if stems[path.stem.casefold()] > 1 else path.stem for path in paths)
    if _double(found):
        found = tuple(path.name for path in paths)
    if double := _double(found):
        raise InputError(
            f"results of two slides would be called {double!r}; rename one, or run twice"
        )
    return found


def named(out: Path, slide: str) -> Path:
    """Return the file of one slide's results."""
    return Path(str(out).replace(PLACE, slide))


def table_beside(out: Path) -> Path:
    """Return where the table of all slides lies, if nobody says: beside the results, ``slides.csv``."""
    folder = next(parent for parent in out.parents if PLACE not in str(parent))
    return folder / SLIDES_TABLE


def require_apart(outs: Sequence[Path], names: Sequence[str], table: Path) -> None:
    """Check that no two files of results are one, and none is the table.

    Raises:
        InputError: two are.
    """
    every = [table, *(named(out, name) for name in names for out in outs)]
    counts = Counter(map(_key, every))
    for path in every:
        if counts[_key(path)] > 1:
            raise InputError(f"{path} would be written twice; name one file of results otherwise")


def _key(path: Path) -> str:
    return str(path.absolute()).casefold()


def _double(names: Sequence[str]) -> str | None:
    counts = Counter(name.casefold() for name in names)
    return next((name for name in names if counts[name.casefold()] > 1), None)
