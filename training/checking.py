"""What pydantic finds wrong, as one sentence of this project."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from patherea_core.errors import InputError

Model = TypeVar("Model", bound=BaseModel)


def checked(make: Callable[[], Model], what: str, mend: str) -> Model:
    """Return the value that ``make`` makes.

    Raises:
        InputError: it is not valid; ``what`` names it, and ``mend`` says what to do.
    """
    try:
        return make()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = f"{place}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")
        raise InputError(f"{what} cannot be used: {reason}; {mend}") from error
