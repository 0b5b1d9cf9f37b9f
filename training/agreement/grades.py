"""Grades that a Ki-67 index means, and how far two who measured agree about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import Floats, Ints
from patherea_core.index.guidelines import IKWG_GLOBAL, WHO_NET, Guideline

#: Guidelines whose ranges can be named instead of cut-offs.
NAMED: dict[str, Guideline] = {"net": WHO_NET, "breast": IKWG_GLOBAL}


@dataclass(frozen=True, slots=True)
class Grades:
    """Ranges of the index, from low to high.

    Attributes:
        names: of the ranges.
        cut_offs: percent where each but the last ends.
        includes_end: whether an index of just that belongs to the range below.
        source: where they are written; empty for cut-offs of one's own.
    """

    names: tuple[str, ...]
    cut_offs: tuple[float, ...]
    includes_end: tuple[bool, ...]
    source: str = ""

    @classmethod
    def named(cls, text: str) -> Self:
        """Return the grades of a guideline, or of cut-offs in percent parted by commas, say 5,30.

        Raises:
            InputError: it is neither, or the cut-offs do not rise.
        """
        if text in NAMED:
            guideline = NAMED[text]
            bands, inner = guideline.bands, guideline.bands[:-1]
            return cls(
                tuple(band.name for band in bands),
                tuple(100 * band.up_to for band in inner),
                tuple(band.includes_end for band in inner),
                guideline.source,
            )
        try:
            ends = [float(part) for part in text.split(",")]
        except ValueError:
            ends = []
        if not ends or ends != sorted(set(ends)) or not 0 < ends[0] <= ends[-1] < 100:
            raise InputError(
                f"grades are {', '.join(NAMED)}, or cut-offs in percent that rise, say 5,30; not {text!r}"
            )
        words = [f"{end:g}" for end in ends]
        between = (f"{low} to {high}" for low, high in pairwise(words))
        return cls(
            (f"below {words[0]}", *between, f"from {words[-1]}"),
            tuple(ends),
            (False,) * len(ends),
        )

    def of(self, percent: Floats) -> Ints:
        """Return the row of the range of each of (S,) indices."""
        # Rounding must not lift 3 % above its cut-off, nor 0.03 · 100 above 3.
        rounded = np.round(percent, 9)
        above = [
            rounded > np.round(end, 9) if included else rounded >= np.round(end, 9)
            for end, included in zip(self.cut_offs, self.includes_end, strict=True)
        ]
        row: Ints = np.sum(above, axis=0, dtype=np.int64)
        return row


def grade_tables(first: Ints, second: Ints, groups: Sequence[str], count: int) -> Ints:
    """Return (G, count, count) numbers of slides of each group: rows for the first's grade."""
    _, group = np.unique(np.array(groups), return_inverse=True)
    where = (group * count + first) * count + second
    size = int(group.max()) + 1
    return np.bincount(where, minlength=size * count**2).reshape(size, count, count)


def weighted_kappa(tables: Floats) -> Floats:
    """Return Cohen's kappa with linear weights of (…, T, T) tables; NaN where it is undefined.

    A grade that is missed by two costs twice one that is missed by one (Cohen 1968). With two grades it is
    the plain kappa.
    """
    count = tables.shape[-1]
    line = np.arange(count)
    cost = np.abs(line[:, np.newaxis] - line)
    return _kappa(tables, cost)


def plain_kappa(tables: Floats) -> Floats:
    """Return Cohen's kappa of (…, T, T) tables; NaN where it is undefined."""
    count = tables.shape[-1]
    return _kappa(tables, 1 - np.eye(count))


def _kappa(tables: Floats, cost: Floats | Ints) -> Floats:
    total = tables.sum(axis=(-2, -1))
    rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
    paid = (tables * cost).sum(axis=(-2, -1)) * total
    by_chance = np.einsum("...i,ij,...j->...", rows, cost, columns)
    kappa = np.full(np.shape(total), np.nan)
    np.divide(paid, by_chance, out=kappa, where=by_chance > 0)
    return 1 - kappa
