"""Cells one by one, as most layouts hold them, and how they become columns."""

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import Bools, Floats
from plugin.readers.cell_table import CellTable, coded

#: The class of cells in a file that tells cells from no cells only.
UNCLASSED = "cell"
_LIMITS = {"score": (0.0, 1.0), "radius": (sys.float_info.min, sys.float_info.max)}


class Cell(NamedTuple):
    """One cell as a file has it, in base pixels.

    Attributes:
        image: the image that it lies in.
        x: rightwards.
        y: downwards.
        class_name: its class.
        score: probability of that class; None where the file has none.
    """

    image: str
    x: float
    y: float
    class_name: str
    score: float | None = None


def table_of(source: Path, cells: Iterable[Cell], images: Sequence[str] = ()) -> CellTable:
    """Return cells as columns; those without a score get 1, unless none has one.

    Args:
        source: the file, for messages.
        cells: its cells.
        images: images that it names besides those of the cells.

    Raises:
        InputError: a position or score is no such number; the message names the cell.
    """
    rows = list(cells)
    image_names, image_index = coded(cell.image for cell in rows)
    class_names, class_index = coded(cell.class_name for cell in rows)
    scored = any(cell.score is not None for cell in rows)
    scores = [1.0 if cell.score is None else cell.score for cell in rows] if scored else []
    return CellTable(
        source=source,
        image_names=tuple(dict.fromkeys((*image_names, *images))),
        image_index=image_index,
        class_names=class_names,
        class_index=class_index,
        xy=np.column_stack(
            [
                checked(source, "x", [cell.x for cell in rows]),
                checked(source, "y", [cell.y for cell in rows]),
            ]
        ),
        score=checked(source, "score", scores) if scored else None,
    )


def limits(name: str) -> tuple[float, float]:
    """Return the least and the greatest number that a column may hold; all are finite."""
    return _LIMITS.get(name, (-sys.float_info.max, sys.float_info.max))


def broken(name: str, values: Floats) -> Bools:
    """Tell which of (N,) values of a column cannot serve: (N,) mask."""
    least, greatest = limits(name)
    return ~((values >= least) & (values <= greatest))


def fault(name: str, value: object) -> str:
    """Return what is wrong with a value of a column, for the end of a sentence."""
    wanted = {"score": "number from 0 to 1", "radius": "positive number"}.get(name, "number")
    return f"has {value!r} in column {name}, which is no {wanted}"


def checked(source: Path, name: str, values: Sequence[object]) -> Floats:
    """Return one column as (N,) numbers.

    Raises:
        InputError: a value cannot serve; the message names the cell.
    """
    numbers = np.fromiter((_number(value) for value in values), np.float64, len(values))
    refused = np.flatnonzero(broken(name, numbers))
    if len(refused):
        row = int(refused[0])
        raise InputError(f"cell {row + 1} of {source} {fault(name, values[row])}")
    return numbers


def class_name(value: object) -> str:
    """Return the name of a class that a file gives as a name, a number or not at all."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return (UNCLASSED if value is None else str(value).strip()) or UNCLASSED


def require_unique(source: Path, what: str, ids: Iterable[object]) -> None:
    """Check that no id occurs twice; None is no id.

    Raises:
        InputError: one does; the message names it.
    """
    seen: set[object] = set()
    for value in ids:
        if value is not None and value in seen:
            raise InputError(
                f"{source} has two {what} with the id {value!r}; each cell needs its own"
            )
        seen.add(value)


def each(
    source: Path, what: str, items: Iterable[Any], read: Callable[[Any], list[Cell]]
) -> list[Cell]:
    """Return the cells of all items of a file, read one by one.

    Raises:
        InputError: an item cannot be read; the message names it by its number.
    """
    cells: list[Cell] = []
    for number, item in enumerate(items, start=1):
        try:
            cells += read(item)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{what} {number} of {source} cannot be read as a cell: "
                f"{type(error).__name__} {error}"
            ) from error
    return cells


def _number(value: object) -> float:
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    )
