"""Arrays of numbers as ``ndarray.dump`` leaves them: pickles, of which nothing is run.

A pickle may call whatever it names. This reader lets it name only what such an array is made of, and puts
classes of its own in their places, which keep what they are given; the array is then built from its bytes.
So even a forged state never reaches NumPy.
"""

import pickle
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from patherea_core.errors import InputError

#: Kind and bytes of numbers as a pickle names them; objects, text and records are none.
_NUMBER = re.compile(r"[biuf][0-9]{1,2}")
#: What a broken pickle stumbles over.
_BROKEN = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)


def read_dumped(path: Path) -> npt.NDArray[Any]:
    """Return the array of a file that ``ndarray.dump`` wrote.

    Raises:
        InputError: the file cannot be read, or holds anything but one array of numbers.
    """
    try:
        with path.open("rb") as file:
            return _array(file)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    except _BROKEN as error:
        raise InputError(
            f"{path} is a pickle, which can run any program when it is read, and only an array of numbers "
            f"is read from one, but {error}; where you trust it, load it and write it again with numpy.save"
        ) from error


def _array(file: BinaryIO) -> npt.NDArray[Any]:
    found = _ArrayOnly(file).load()
    if not isinstance(found, _Array):
        raise pickle.UnpicklingError(f"it holds a {type(found).__name__}")
    return found.built()


class _Number:
    """What a pickle says of the kind of number of its array, in place of ``numpy.dtype``."""

    def __init__(self, code: str, *_: object) -> None:
        if not _NUMBER.fullmatch(code):
            raise pickle.UnpicklingError(f"it holds an array of {code}, not of numbers")
        self.kind = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.kind = self.kind.newbyteorder(state[1])


class _Array:
    """What a pickle says of its array, in place of ``numpy.ndarray``."""

    def __init__(self, *_: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def built(self) -> npt.NDArray[Any]:
        """Return the array that the state describes."""
        _, shape, number, by_columns, content = self.state
        values = np.frombuffer(content, number.kind)
        return values.reshape(shape, order="F" if by_columns else "C")


def _encoded(text: str, *_: object) -> bytes:
    """Return the bytes that old protocols write as text, in place of ``_codecs.encode``."""
    return text.encode("latin1")


_STAND_INS: dict[tuple[str, str], Callable[..., object]] = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Number,
    ("_codecs", "encode"): _encoded,
}


class _ArrayOnly(pickle.Unpickler):
    """Knows what an array is made of, and nothing else."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        """Return the stand-in for what a pickle names."""
        stand_in = _STAND_INS.get((module, name))
        if stand_in is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return partial(stand_in)  # a fresh one, so that a pickle can set no attribute of ours
