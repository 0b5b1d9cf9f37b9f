"""What the stain of a slide says of the classes of its cells, as one value. Pure."""

from dataclasses import dataclass

from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.index.stain_check import StainCheck, remarks


@dataclass(frozen=True, slots=True, eq=False)
class CheckedSlide:
    """A stain check, and what it was made of.

    Attributes:
        slide: its name.
        base_mpp: micrometres per base pixel.
        radius_um: micrometres around each cell that were read.
        check: the figures.
    """

    slide: str
    base_mpp: float
    radius_um: float
    check: StainCheck

    def to_dict(self) -> dict[str, object]:
        """Return all figures ready for JSON."""
        return {
            "slide": self.slide,
            "base_mpp": self.base_mpp,
            "radius_um": self.radius_um,
            **self.check.to_dict(),
            "remarks": list(remarks(self.check)),
        }

    @property
    def disagreeing(self) -> int:
        """How many cells have a class that their stain clearly contradicts."""
        return int(self.check.disagrees.sum())


def share_words(share: Estimate) -> str:
    """Return a share of cells as people say it, with its interval if it has one."""
    if share.value is None:
        return "–"
    interval = share.interval
    if interval is None:
        return f"{100 * share.value:.1f} %"
    return f"{100 * share.value:.1f} % ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def kappa_words(kappa: Estimate) -> str:
    """Return a kappa as people say it, with its interval if it has one."""
    if kappa.value is None:
        return "undefined"
    interval = kappa.interval
    words = f"{kappa.value:.2f}"
    return words if interval is None else f"{words} ({interval.low:.2f} to {interval.high:.2f})"
