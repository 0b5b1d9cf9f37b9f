"""The Ki-67 index corrected for what the detector is known to do wrong, with its uncertainty.

On labelled data one sees of the true cells of kind i (positive, negative, not counted) which share
q[i, j] is reported as kind j; the rest is missed. One also sees how many detections of kind j belong to no
cell, b[j] for each true cell. Where the detector does the same on a slide with N[i] true cells, it
reports

    n[j] = sum over i of N[i] · (q[i, j] + b[j]),

which is solved for N, and the index is N[positive] / (N[positive] + N[negative]). With two kinds,
nothing missed and nothing found in vain this is the estimator of Rogan and Gladen (1978). Its
uncertainty is drawn: of the reported shares, from as many independent cells as the index is worth; of q
and b, from the labelled data as ``drawn_rates`` says, the slide being one more patient's. What cannot be
corrected says why; the raw index remains beside it, always.
"""

from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError
from patherea_core.evaluation.intervals import Interval, percentiles
from patherea_core.geometry import Floats
from patherea_core.index.detector_errors import DetectorErrors, drawn_rates
from patherea_core.index.ki67 import Index
from patherea_core.index.kinds import Kind
from patherea_core.seeding import Seed

#: A determinant below this is zero but for rounding; those of shares are of the order of 1.
_SINGULAR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedIndex:
    """What the index would be if the detector made no errors.

    Attributes:
        raw: the index that was corrected.
        value: the corrected index, in [0, 1]; None where it cannot be corrected.
        interval: where it lies; None where there is no value.
        refused_because: why it cannot be corrected; None where it can.
        at_the_end: whether the value would lie outside [0, 1], by no more than noise, and was moved there.
        tumour_cells: how many tumour cells there would be; None where there is no value.
        groups: groups of labelled data that the errors are known from.
        draws: (D,) what the index may be, in order, within [0, 1].
    """

    raw: Index
    value: float | None
    interval: Interval | None
    refused_because: str | None
    at_the_end: bool
    tumour_cells: float | None
    groups: int
    draws: Floats

    def chance_below(self, share: float) -> float | None:
        """Return the share of draws below a share; None where there is no value, or the raw one has none."""
        if self.value is None or self.raw.chance_below(share) is None:
            return None
        return int(np.searchsorted(self.draws, share)) / len(self.draws)


def corrected(
    index: Index, errors: DetectorErrors, seed: Seed, *, draws: int = 2000
) -> CorrectedIndex:
    """Return the index corrected for a detector's errors.

    The detector must do on the slide what it did on the labelled data: same stain, scanner, tissue and
    threshold of the score. Of the kinds that have no labelled cells, only "not counted" may be left out; then
    it is taken not to occur.

    Args:
        index: from detections, not from a person's labels.
        errors: on labelled data it did not learn from.
        seed: root of the streams "index correction", "detector errors" and "bootstrap".
        draws: how often the figures are drawn.

    Raises:
        InputError: there is not one draw.
    """
    if draws < 1:
        raise InputError(f"a correction needs at least one draw, not {draws}")
    reason = _no_labels(index, errors)
    if index.value is None or index.precision is None or reason:
        return _refused(index, errors, reason or index.undefined_because or "")
    kinds = np.flatnonzero(errors.known)
    reported = _reported(index)
    matrix = errors.rates[np.ix_(kinds, kinds)]
    determinant = float(np.linalg.det(matrix))
    drawn = drawn_rates(errors, seed, draws)[:, kinds[:, np.newaxis], kinds]
    wrong = float(np.mean(np.linalg.det(drawn) <= _SINGULAR))
    tail = (1 - index.level) / 2
    if determinant <= _SINGULAR or wrong > tail:
        return _refused(
            index,
            errors,
            "the labelled data do not show that the detector tells positive from negative cells; label more "
            "cells, or take a better model",
        )
    true = _solved(matrix[np.newaxis], reported[np.newaxis, kinds])[0]
    shares = _shares(_solved(drawn, _drawn_reports(index, seed, draws)[:, kinds]))
    return _result(index, errors, true, shares)


def _result(index: Index, errors: DetectorErrors, true: Floats, shares: Floats) -> CorrectedIndex:
    """Return the correction from the true cells and from (D,) drawn shares, NaN where there is none."""
    tumour = float(true[0] + true[1])
    bounds = percentiles(shares, index.level)
    if tumour <= 0 or bounds is None:
        return _refused(
            index,
            errors,
            "fewer tumour cells were reported than the detector finds where there is none; the labelled data "
            "are of another kind of tissue",
        )
    value = float(true[0]) / tumour
    if bounds.low > 1 or bounds.high < 0:
        return _refused(
            index,
            errors,
            f"corrected the index would be {100 * value:.1f} %, which no noise explains: the detector does "
            "something else on this slide than on the labelled data; label some of this slide",
        )
    moved = min(max(value, 0.0), 1.0)
    return CorrectedIndex(
        raw=index,
        value=moved,
        # Half a cell was lent to each kind, so without any positive cell the draws lie above the index.
        interval=Interval(min(max(bounds.low, 0.0), moved), max(min(bounds.high, 1.0), moved)),
        refused_because=None,
        at_the_end=moved != value,
        tumour_cells=tumour,
        groups=len(errors.groups),
        draws=np.sort(np.clip(shares[np.isfinite(shares)], 0, 1)),
    )


def _refused(index: Index, errors: DetectorErrors, reason: str) -> CorrectedIndex:
    return CorrectedIndex(
        raw=index,
        value=None,
        interval=None,
        refused_because=reason,
        at_the_end=False,
        tumour_cells=None,
        groups=len(errors.groups),
        draws=np.empty(0),
    )


def _no_labels(index: Index, errors: DetectorErrors) -> str | None:
    for kind in (Kind.POSITIVE, Kind.NEGATIVE):
        if not errors.known[kind]:
            return f"the labelled data have no {kind.name.lower()} tumour cell; label some"
    if not errors.known[Kind.NOT_COUNTED] and index.tally.not_counted:
        return (
            f"{index.tally.not_counted} cells were reported that are not counted, but the labelled data have "
            "none; label some"
        )
    return None


def _reported(index: Index) -> Floats:
    """Return the cells of each kind, the tumour cells shared as the index says, weighted or not."""
    value, tally = index.value or 0.0, index.tally
    return np.array([value * tally.tumour, (1 - value) * tally.tumour, tally.not_counted])


def _drawn_reports(index: Index, seed: Seed, draws: int) -> Floats:
    """Return reported shares of the kinds that would have given these cells: (D, 3)."""
    assert index.value is not None
    assert index.precision is not None
    random = seed.stream("index correction")
    worth, effect = index.precision.effective_cells, index.precision.design_effect
    positive = random.beta(
        index.value * worth + 0.5, (1 - index.value) * worth + 0.5, size=(draws, 1)
    )
    tally = index.tally
    counted = np.ones((draws, 1))
    if tally.not_counted:
        counted = random.beta(
            tally.tumour / effect + 0.5, tally.not_counted / effect + 0.5, size=(draws, 1)
        )
    return np.concatenate([counted * positive, counted * (1 - positive), 1 - counted], axis=1)


def _solved(matrices: Floats, reported: Floats) -> Floats:
    """Return the true cells of each draw: (D, K); NaN where a matrix is singular."""
    regular = np.abs(np.linalg.det(matrices)) > _SINGULAR
    safe = np.where(regular[:, np.newaxis, np.newaxis], matrices, np.eye(matrices.shape[1]))
    true = np.linalg.solve(safe.transpose(0, 2, 1), reported[..., np.newaxis])[..., 0]
    return np.where(regular[:, np.newaxis], true, np.nan).astype(np.float64)


def _shares(true: Floats) -> Floats:
    """Return the index of each row of (D, K) true cells; NaN where there is no tumour cell."""
    tumour = true[:, 0] + true[:, 1]
    share = np.full(len(true), np.nan)
    np.divide(true[:, 0], tumour, out=share, where=tumour > 0)
    return share
