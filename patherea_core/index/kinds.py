"""Which cells the Ki-67 index counts: each class is positive, negative, or not counted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np

from patherea_core.errors import ShapeError, TaxonomyError
from patherea_core.geometry import Bools, Floats, Ints, as_xy
from patherea_core.points import Detections, Points
from patherea_core.taxonomy import Taxonomy


class Kind(IntEnum):
    """What a cell is to the index."""

    POSITIVE = 0
    NEGATIVE = 1
    NOT_COUNTED = 2


#: What the classes of the Ki-67 taxonomy are to the index; normal cells are no tumour.
USUAL: Mapping[str, Kind] = {
    "positive": Kind.POSITIVE,
    "negative": Kind.NEGATIVE,
    "other positive": Kind.NOT_COUNTED,
    "other negative": Kind.NOT_COUNTED,
    "normal": Kind.NOT_COUNTED,
}


@dataclass(frozen=True, slots=True)
class Kinds:
    """What each class of a taxonomy is to the index.

    Attributes:
        of_class: one for each row of the taxonomy.
    """

    of_class: tuple[Kind, ...]

    @classmethod
    def of(cls, taxonomy: Taxonomy, by_name: Mapping[str, Kind] = USUAL) -> Self:
        """Return the kinds of a taxonomy's classes.

        Args:
            taxonomy: the classes.
            by_name: the kind of each; names that the taxonomy lacks are passed over.

        Raises:
            TaxonomyError: the kind of a class is unknown, or no class is positive, or none negative.
        """
        unknown = [name for name in taxonomy.names if name not in by_name]
        if unknown:
            raise TaxonomyError(
                f"the Ki-67 index does not know what {', '.join(map(repr, unknown))} is; say of each "
                "of these classes whether it is positive, negative or not counted"
            )
        kinds = tuple(Kind(by_name[name]) for name in taxonomy.names)
        for wanted, word in ((Kind.POSITIVE, "positive"), (Kind.NEGATIVE, "negative")):
            if wanted not in kinds:
                raise TaxonomyError(
                    f"none of the classes {', '.join(taxonomy.names)} is {word} tumour, so that there is "
                    "no Ki-67 index; say which one is"
                )
        return cls(kinds)


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of cells of each kind; they add up over regions that share no cell."""

    positive: int
    negative: int
    not_counted: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.positive + other.positive,
            self.negative + other.negative,
            self.not_counted + other.not_counted,
        )

    @property
    def tumour(self) -> int:
        """Tumour cells, which are those that are counted."""
        return self.positive + self.negative

    @property
    def share(self) -> float | None:
        """Positive / (positive + negative); None without tumour cells."""
        return self.positive / self.tumour if self.tumour else None


@dataclass(frozen=True, slots=True, eq=False)
class KindedCells:
    """Cells of one slide, and what each is to the index.

    Attributes:
        xy: (N, 2) base pixels.
        kind: (N,) values of ``Kind``.
    """

    xy: Floats
    kind: Ints

    def __post_init__(self) -> None:
        xy = as_xy(self.xy)
        kind = np.asarray(self.kind, dtype=np.int64)
        if kind.shape != (len(xy),):
            raise ShapeError(f"kind must be ({len(xy)},) like the positions, not {kind.shape}")
        if len(kind) and not (kind.min() >= 0 and kind.max() < len(Kind)):
            raise ShapeError(f"kinds are numbers from 0 to {len(Kind) - 1}; see Kind")
        object.__setattr__(self, "xy", xy)
        object.__setattr__(self, "kind", kind)

    @classmethod
    def of(cls, cells: Points | Detections, kinds: Kinds) -> Self:
        """Return labelled or detected cells by their kind.

        Raises:
            TaxonomyError: a cell has a class beyond the last one.
        """
        if len(cells) and cells.class_index.max() >= len(kinds.of_class):
            raise TaxonomyError(
                f"a cell has class {cells.class_index.max()}, but only {len(kinds.of_class)} classes "
                "have a kind; give the taxonomy that the cells were found with"
            )
        return cls(cells.xy, np.array(kinds.of_class, dtype=np.int64)[cells.class_index])

    @classmethod
    def concatenate(cls, parts: Iterable["KindedCells"]) -> Self:
        """Return the rows of all parts, in order."""
        some = list(parts)
        if not some:
            return cls(np.empty((0, 2)), np.empty(0, dtype=np.int64))
        return cls(
            np.concatenate([part.xy for part in some]), np.concatenate([part.kind for part in some])
        )

    def __len__(self) -> int:
        return len(self.xy)

    @property
    def positive(self) -> Bools:
        """(N,) whether a cell is a positive tumour cell."""
        positive: Bools = self.kind == Kind.POSITIVE
        return positive

    @property
    def tally(self) -> Tally:
        """How many cells there are of each kind."""
        counts = np.bincount(self.kind, minlength=len(Kind)).tolist()
        return Tally(*counts)

    def take(self, rows: Bools | Ints) -> "KindedCells":
        """Return the rows that a mask or an index array selects."""
        return KindedCells(self.xy[rows], self.kind[rows])

    def tumour(self) -> "KindedCells":
        """Return the cells that are counted."""
        return self.take(self.kind != Kind.NOT_COUNTED)
