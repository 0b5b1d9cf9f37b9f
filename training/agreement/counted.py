"""What is counted slide by slide: grades that are the same, and figures close to the reference.

Intervals are percentiles of a bootstrap over patients, since slides of one patient resemble each other. Of
few patients there is none: they know too little of others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.evaluation.intervals import percentiles
from patherea_core.evaluation.resampling import resampled
from patherea_core.geometry import Floats, Ints
from patherea_core.seeding import Seed
from training.agreement.grades import Grades, grade_tables, plain_kappa, weighted_kappa

#: A figure is close that differs from the reference by up to that share of it.
CLOSE = 0.20
#: Patients, or slides, below which none is drawn again.
FEWEST_DRAWN = 10


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """What is counted slide by slide, with intervals of ten patients or more drawn again.

    Attributes:
        groups: how many patients, or slides where those are unknown, were drawn.
        close: share of slides within a fifth of the reference; where that is 0 %, only 0 % is.
        grades: (T, T) slides: rows for the reference's grade, columns for that of who measured.
        same_grade: share of slides of the same grade.
        kappa: Cohen's, of the grades.
        weighted: Cohen's with linear weights.
    """

    groups: int
    close: Estimate
    grades: Ints
    same_grade: Estimate
    kappa: Estimate
    weighted: Estimate

    def figures(self) -> dict[str, object]:
        """Return all figures ready for JSON."""
        return {
            "groups": self.groups,
            "within_20_percent": self.close.figures(),
            "grades": self.grades.tolist(),
            "same_grade": self.same_grade.figures(),
            "kappa": self.kappa.figures(),
            "weighted_kappa": self.weighted.figures(),
        }


def counted(
    figures: Floats, patients: Sequence[str], grades: Grades, seed: Seed, level: float
) -> Counted:
    """Return what is counted over slides.

    Args:
        figures: (S, 2) percent: of the reference, and of who measured.
        patients: of each slide, drawn together.
        grades: what the index means.
        seed: root of the stream "bootstrap".
        level: of the intervals.
    """
    x, y = figures.T
    near = _close(x, y)
    tables = grade_tables(grades.of(x), grades.of(y), patients, len(grades.names))
    closeness = grade_tables(np.zeros_like(near), near, patients, 2)[:, 0]
    groups = len(tables)
    drawn = resampled(np.concatenate([tables.reshape(groups, -1), closeness], axis=1), seed, 2000)
    drawn_tables = drawn[:, :-2].reshape(-1, *tables.shape[1:])
    whole = tables.sum(axis=0)

    def estimate(score: Callable[[Floats], Floats], once: Ints, draws: Floats) -> Estimate:
        value = float(score(once.astype(np.float64)))
        if not np.isfinite(value):
            return Estimate(None)
        return Estimate(value, percentiles(score(draws), level) if groups >= FEWEST_DRAWN else None)

    return Counted(
        groups,
        estimate(_second, closeness.sum(axis=0), drawn[:, -2:]),
        whole,
        estimate(_same, whole, drawn_tables),
        estimate(plain_kappa, whole, drawn_tables),
        estimate(weighted_kappa, whole, drawn_tables),
    )


def _second(counts: Floats) -> Floats:
    """Return the share of the second of (…, 2) counts."""
    share: Floats = counts[..., 1] / counts.sum(axis=-1)
    return share


def _same(tables: Floats) -> Floats:
    """Return the share on the diagonal of (…, T, T) tables."""
    share: Floats = np.trace(tables, axis1=-2, axis2=-1) / tables.sum(axis=(-2, -1))
    return share


def _close(reference: Floats, measured: Floats) -> Ints:
    """Return 1 for each slide that is within a fifth of the reference, both ends included."""
    # Half a millionth of a percent, so that rounding does not push 24 away from 20.
    return (np.abs(measured - reference) <= CLOSE * reference + 5e-7).astype(np.int64)
