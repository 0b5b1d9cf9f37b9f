"""The ordered cell classes of a dataset or model.

The row of a class is its index everywhere: in the taxonomy, in ``class_index`` arrays, in CSV files
and in the columns of the network's logits. Background is not a class; it is the last logit column.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from patherea_core.errors import TaxonomyError

#: Distinguishable colours, used in order for classes that come without one (after Okabe and Ito).
PALETTE = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#999999")


@dataclass(frozen=True, slots=True)
class CellClass:
    """One kind of cell.

    Attributes:
        name: what the pathologist calls it; the group of its points in DSA.
        color: ``#rrggbb``, how it is drawn.
    """

    name: str
    color: str

    def __post_init__(self) -> None:
        if not self.name.strip() or self.name != self.name.strip():
            raise TaxonomyError(
                f"a cell class needs a name without outer blanks, not {self.name!r}"
            )
        if not re.fullmatch(r"#[0-9a-f]{6}", self.color):
            raise TaxonomyError(f"the colour of {self.name!r} must be #rrggbb, not {self.color!r}")


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The ordered cell classes; T of them."""

    classes: tuple[CellClass, ...]

    def __post_init__(self) -> None:
        if not self.classes:
            raise TaxonomyError("a taxonomy needs at least one cell class; name the classes")
        names = [cell_class.name for cell_class in self.classes]
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise TaxonomyError(f"cell class {double[0]!r} is named twice; name each class once")

    @classmethod
    def of(cls, names: Iterable[str], colours: Mapping[str, str] = MappingProxyType({})) -> Self:
        """Return the taxonomy of these names, in this order; colours that are not given are the palette's."""
        return cls(
            tuple(
                CellClass(name, colours.get(name, PALETTE[row % len(PALETTE)]))
                for row, name in enumerate(names)
            )
        )

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """The names in order."""
        return tuple(cell_class.name for cell_class in self.classes)

    @property
    def background_index(self) -> int:
        """The logit column of "no cell": the one after the last class."""
        return len(self.classes)

    def index(self, name: str) -> int:
        """Return the row of a class.

        Raises:
            TaxonomyError: no class has that name; the message lists those there are.
        """
        try:
            return self.names.index(name)
        except ValueError:
            known = ", ".join(self.names)
            raise TaxonomyError(
                f"cell class {name!r} is unknown; the classes are: {known}"
            ) from None

    def require_same(self, other: Sequence[str], what: str) -> None:
        """Raise TaxonomyError unless ``other`` names the same classes in the same order."""
        if tuple(other) != self.names:
            raise TaxonomyError(
                f"{what} has the classes {', '.join(other)}, but {', '.join(self.names)} are wanted"
            )
