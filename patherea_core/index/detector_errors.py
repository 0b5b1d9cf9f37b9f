"""What a detector does with cells of each kind, and how well that is known from labelled data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import ShapeError
from patherea_core.evaluation.confusion import Confusion
from patherea_core.evaluation.resampling import resampled
from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.index.kinds import Kind, Kinds
from patherea_core.seeding import Seed

#: With fewer groups of labelled data a bootstrap over groups is far too narrow.
LEAST_GROUPS = 8
#: Cells added to each outcome of a kind of true cell: one cell to all of them (Perks, 1947).
_BEFOREHAND = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class DetectorErrors:
    """What a detector does with cells of each kind, from labelled data it did not learn from.

    Attributes:
        groups: (G, 4, 4) cells of each group of the labelled data, say a patient. Rows are the true kind,
            then "no cell"; columns the reported kind, then "missed".
    """

    groups: Ints

    def __post_init__(self) -> None:
        size = len(Kind) + 1
        if self.groups.shape[1:] != (size, size) or not len(self.groups):
            raise ShapeError(f"groups must be (G, {size}, {size}), not {self.groups.shape}")

    @classmethod
    def of(cls, confusions: Sequence[Confusion], kinds: Kinds) -> "DetectorErrors":
        """Return the errors from the confusion of the classes in each group.

        Raises:
            ShapeError: there is no group, or a confusion is of other classes than the kinds.
        """
        classes = len(kinds.of_class)
        if any(confusion.class_count != classes for confusion in confusions):
            raise ShapeError(
                f"the confusions must be of the {classes} classes whose kinds are given, in their order"
            )
        # The last row and column, of no cell and of missed ones, stay what they are.
        kind = np.array([*kinds.of_class, len(Kind)], dtype=np.int64)
        groups = np.zeros((len(confusions), len(Kind) + 1, len(Kind) + 1), dtype=np.int64)
        for group, confusion in zip(groups, confusions, strict=True):
            np.add.at(group, (kind[:, np.newaxis], kind), confusion.matrix)
        return cls(groups)

    @property
    def total(self) -> Ints:
        """(4, 4) cells of all groups."""
        total: Ints = self.groups.sum(axis=0)
        return total

    @property
    def rates(self) -> Floats:
        """(3, 3) detections of each kind (columns) for each true cell of a kind (rows), q + b."""
        rates: Floats = _rates(self.total[np.newaxis].astype(np.float64))[0]
        return rates

    @property
    def known(self) -> Bools:
        """(3,) whether there are labelled cells of each kind."""
        known: Bools = self.total[:-1].sum(axis=1) > 0
        return known


def drawn_rates(errors: DetectorErrors, seed: Seed, draws: int) -> Floats:
    """Return rates that the detector may have on one more slide: (D, 3, 3).

    With at least eight groups, say patients, these are drawn again, and to the rates of all of them is
    added how far those of one group, drawn at random, lie from them: the slide is of another patient, with
    whom the detector errs differently. With fewer groups the cells of each kind are drawn for themselves,
    as if they were independent and all patients alike.

    Args:
        errors: what was seen.
        seed: root of the streams "bootstrap" and "detector errors".
        draws: how often.
    """
    random = seed.stream("detector errors")
    if len(errors.groups) >= LEAST_GROUPS:
        rates = _rates(resampled(errors.groups, seed, draws))
        apart = _deviations(errors)[random.integers(len(errors.groups), size=draws)]
        return np.maximum(rates + apart, 0)
    # Gamma draws of each outcome are Dirichlet draws of the shares, and Poisson rates of what is in vain.
    total = errors.total.astype(np.float64)
    drawn = random.standard_gamma(total + _BEFOREHAND, size=(draws, *total.shape))
    # The kinds keep the numbers of cells that were labelled, of which they are no estimate.
    cells = total[:-1].sum(axis=1)[:, np.newaxis]
    drawn[:, :-1] *= cells / drawn[:, :-1].sum(axis=2, keepdims=True)
    return _rates(drawn)


def _deviations(errors: DetectorErrors) -> Floats:
    """Return how far the rates of each group lie from those of all: (G, 3, 3); 0 for a kind it has not.

    The rates of a group are known from few cells, so they differ more than the detector does. Of the
    variance between groups that of counting is taken off.
    """
    groups = errors.groups.astype(np.float64)
    cells = groups[:, :-1].sum(axis=2, keepdims=True)
    all_cells = np.maximum(cells.sum(axis=1, keepdims=True), 1)
    apart = np.where(cells > 0, _rates(groups) - errors.rates, 0)
    shares = errors.total[:-1, :-1] / np.maximum(errors.total[:-1].sum(axis=1, keepdims=True), 1)
    in_vain = np.maximum(errors.rates - shares, 0)
    counting = np.where(
        cells > 0, shares * (1 - shares) / np.maximum(cells, 1) + in_vain / all_cells, 0
    ).sum(axis=0)
    seen = (apart**2).sum(axis=0)
    kept = np.sqrt(np.clip(1 - counting / np.where(seen > 0, seen, 1), 0, 1))
    deviations: Floats = apart * kept
    return deviations


def _rates(groups: Floats) -> Floats:
    """Return q + b of (D, 4, 4) cells: (D, 3, 3); rows of kinds without a cell are those of b alone."""
    cells = groups[:, :-1].sum(axis=2, keepdims=True)
    all_cells = cells.sum(axis=1, keepdims=True)
    shares = groups[:, :-1, :-1] / np.where(cells > 0, cells, 1)
    return shares + groups[:, -1:, :-1] / np.where(all_cells > 0, all_cells, 1)
