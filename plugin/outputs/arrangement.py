"""Which annotations the cells of a slide become.

The archive's viewer shows and hides whole annotations, and has no other filter: neither by class nor by
score. So classes, and cells of which the model is less sure, can be annotations of their own.
"""

from dataclasses import dataclass
from typing import Literal

from patherea_core.errors import InputError

#: How a map of the density is drawn.
DensityForm = Literal["heat map", "grid"]

#: Cells on a slide up to which the viewer shows them as soon as it is opened; see docs/large-results.md.
SHOWN_AT_ONCE = 100_000


def shown_at_once(count: int) -> bool:
    """Tell whether the viewer shows so many cells of a slide as soon as it is opened."""
    return count <= SHOWN_AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """How the cells of a slide are shared out among annotations.

    Attributes:
        per_class: whether each class gets annotations of its own.
        sure_from: score below which cells get annotations of their own, called "low confidence", which the
            viewer hides at first; None takes all cells for sure.
        density: how a further annotation shows where cells are dense; None for none, "auto" for a heat map
            if the cells are more than are shown at once.
    """

    per_class: bool = False
    sure_from: float | None = None
    density: DensityForm | Literal["auto"] | None = None

    def __post_init__(self) -> None:
        if self.sure_from is not None and not 0 <= self.sure_from <= 1:
            raise InputError(
                f"the score from which cells are sure must lie between 0 and 1, not {self.sure_from:g}"
            )

    @property
    def is_one(self) -> bool:
        """Whether one annotation is wanted, if the cells are not too many for it."""
        return not self.per_class and self.sure_from is None and self.density in {None, "auto"}

    def density_of(self, count: int) -> DensityForm | None:
        """Return how the density of so many cells is shown."""
        if self.density == "auto":
            return None if shown_at_once(count) else "heat map"
        return self.density


#: All cells in one annotation.
ONE = Arrangement()
