"""Rows of text made from columns, many rows at a time.

A slide has millions of cells, and Python takes microseconds to write one of them; columns of Arrow take
a tenth of that.
"""

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from patherea_core.geometry import Floats, Ints

#: Rows that are turned into text at once; that takes some tens of megabytes.
ROWS = 65_536


def fixed(values: Floats, digits: int) -> pa.Array:
    """Return (N,) numbers as text, with so many digits behind the point, at least one."""
    scaled = np.rint(np.abs(values) * 10**digits).astype(np.int64)
    whole, rest = np.divmod(scaled, 10**digits)
    point = _fractions(digits).take(pa.array(rest))
    sign = chosen(("", "-"), ((values < 0) & (scaled > 0)).astype(np.int64))
    return pc.binary_join_element_wise(sign, pc.cast(pa.array(whole), pa.string()), point, "")


@functools.cache
def _fractions(digits: int) -> pa.Array:
    return pa.array([f".{number:0{digits}}" for number in range(10**digits)])


def hexadecimal(numbers: Ints) -> pa.Array:
    """Return (N,) numbers below 2³² as text of eight hexadecimal digits."""
    digits = numbers.astype(">u4").tobytes().hex().encode("ascii")
    eight: npt.NDArray[np.bytes_] = np.frombuffer(digits, dtype="S8")
    return pc.cast(pa.array(eight, pa.binary(8)), pa.string())


def chosen(texts: Sequence[str], index: Ints) -> pa.Array:
    """Return for each of (N,) rows of ``texts`` that text."""
    return pa.array(texts, pa.string()).take(pa.array(index))


def joined(*columns: pa.Array | str) -> bytes:
    """Return the rows of columns one after the other; a text stands in every row.

    There is at least one column that is no text. Nothing is put between columns or rows.
    """
    rows = pc.binary_join_element_wise(*columns, "")
    if not len(rows):
        return b""
    _, offsets, content = rows.buffers()
    end = np.frombuffer(offsets, dtype=np.int32)[rows.offset + len(rows)]
    text: bytes = content.slice(0, int(end)).to_pybytes()
    return text
