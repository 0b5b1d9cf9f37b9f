"""The values that the archive passes to a command, by the names of its parameters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from patherea_core.errors import InputError

Values: TypeAlias = Mapping[str, Any]

_Number = TypeVar("_Number", int, float)


def needed(values: Values, name: str) -> str:
    """Return a value that must not be empty.

    Raises:
        InputError: it is.
    """
    if not values[name]:
        raise InputError(f"--{name} is needed; see --help")
    return str(values[name])


def path(values: Values, name: str) -> Path | None:
    """Return a path; None if it is left out."""
    return Path(values[name]) if values[name] else None


def unless_zero(number: _Number) -> _Number | None:
    """Return a number; None for 0, since in the archive's page a number cannot be left empty."""
    return number or None
