"""How far figures of the same slides agree with a reference: one comparison for each who measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau

from patherea_core.data.finding import counted as counted_words
from patherea_core.errors import InputError
from patherea_core.evaluation.agreement.intraclass import Intraclass, intraclass
from patherea_core.evaluation.agreement.limits import Estimate, Limits
from patherea_core.evaluation.intervals import require_share
from patherea_core.geometry import Floats
from patherea_core.seeding import Seed
from training.agreement.counted import FEWEST_DRAWN, Counted, counted
from training.agreement.deming import deming
from training.agreement.grades import Grades
from training.agreement.passing_bablok import Line, passing_bablok
from training.agreement.slide_table import SlideTable

#: Slides below which nothing is compared, and below which a reader is warned (CLSI EP09 asks for 40).
FEWEST, ADVISED = 3, 40
#: Slides below which no line is fitted: the ranks of so few bound no slope.
FEWEST_OF_LINE = 10
_NO_LINE = Line(Estimate(None), Estimate(None))


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """One who measured against the reference, of S slides that both measured.

    Attributes:
        name: who measured.
        reference: whom with; several are the mean of their figures.
        is_person: whether it is one of the readers, measured against the others.
        figures: (S, 2) percent: the reference's, and those of who measured.
        left_out: slides that one of them did not measure.
        limits: Bland and Altman's, who measured less the reference.
        correlations: intraclass.
        line: Passing and Bablok's, the reference as x; undefined of fewer than 10 slides.
        deming: Deming's, the same way.
        tau: Kendall's rank correlation; None if one of them has one figure only.
        counted: what is counted slide by slide.
    """

    name: str
    reference: tuple[str, ...]
    is_person: bool
    figures: Floats
    left_out: int
    limits: Limits
    correlations: Intraclass
    line: Line
    deming: Line
    tau: float | None
    counted: Counted

    @property
    def slides(self) -> int:
        """How many slides both measured."""
        return len(self.figures)

    def to_dict(self) -> dict[str, object]:
        """Return all figures ready for JSON; what is undefined is None."""
        return {
            "name": self.name,
            "reference": list(self.reference),
            "is_person": self.is_person,
            "slides": self.slides,
            "left_out": self.left_out,
            **self.limits.figures(),
            **self.correlations.figures(),
            "passing_bablok": self.line.figures(),
            "deming": self.deming.figures(),
            "kendall_tau": self.tau,
            **self.counted.figures(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """All comparisons of a table.

    Attributes:
        comparisons: of those who are no reference, in the order of the table; then of each reader of
            several with the others.
        grades: what the index means.
        by_patient: whether patients were drawn for intervals, or slides.
        level: of all intervals.
    """

    comparisons: tuple[Comparison, ...]
    grades: Grades
    by_patient: bool
    level: float


def study_of(
    table: SlideTable,
    reference: Sequence[str],
    grades: Grades,
    seed: Seed,
    level: float = 0.95,
) -> Study:
    """Return how far every column agrees with the reference, and readers of it with each other.

    Args:
        table: the figures.
        reference: names of one column or of several, whose mean it is where all of them measured.
        grades: what the index means.
        seed: root of the stream "bootstrap".
        level: of all intervals.

    Raises:
        InputError: a column is missing, there is none to compare, or both measured too few slides.
    """
    require_share(level)
    readers = {name: table.column(name) for name in reference}
    others = [name for name in table.columns if name not in readers]
    if not others and len(readers) < 2:
        raise InputError(
            f"{table.source} has no column besides {', '.join(readers)} to compare; add one"
        )
    pairs = [_Pair(table, name, tuple(readers)) for name in others]
    if len(readers) > 1:
        pairs += [
            _Pair(table, name, tuple(other for other in readers if other != name))
            for name in readers
        ]
    found = tuple(_comparison(pair, grades, seed, level, pair.name in readers) for pair in pairs)
    return Study(found, grades, table.by_patient, level)


def remarks(study: Study) -> tuple[str, ...]:
    """Return in sentences what a reader must know before he trusts the figures."""
    found = []
    for one in study.comparisons:
        who = f"{one.name} against {' and '.join(one.reference)}"
        found += [f"{who}: {sentence}" for sentence in _of_few(one)]
        if one.tau is None or one.tau <= 0:
            found.append(f"{who}: the figures do not rise together, so that a line means nothing")
        if one.line.linear_p is not None and one.line.linear_p < 1 - study.level:
            found.append(
                f"{who}: the relation is no line (CUSUM test, p = {one.line.linear_p:.3f}), so that slope "
                "and intercept do not sum it up"
            )
    if any(one.counted.groups < one.slides for one in study.comparisons):
        found.append(
            "some slides are of one patient: intervals of bias, limits, correlations and lines take slides "
            "for independent and are too narrow"
        )
    return tuple(found)


def _of_few(one: Comparison) -> Iterator[str]:
    """Yield what too few slides, or slides of too few patients, keep from being known."""
    if one.slides < FEWEST_OF_LINE:
        yield (
            f"ONLY {one.slides} SLIDES. They describe themselves and prove no agreement; no line is fitted "
            f"to fewer than {FEWEST_OF_LINE}, and the limits, correlations and grades may be far off. Give "
            "this number with every figure, and call it a small comparison"
        )
    elif one.slides < ADVISED:
        yield f"{one.slides} slides are few; {ADVISED} are advised (CLSI EP09)"
    if one.counted.groups < FEWEST_DRAWN:
        groups = counted_words(one.counted.groups, "patient or slide", "patients or slides")
        yield (
            f"shares and kappas have no intervals, since {groups} drawn again "
            f"would make them too narrow; {FEWEST_DRAWN} are needed"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """One who measured, and whom he is compared with."""

    table: SlideTable
    name: str
    against: tuple[str, ...]

    def figures(self) -> Floats:
        """Return (all slides, 2) percent: of the reference, and of who measured; NaN where unknown."""
        # The mean of readers one of whom did not measure is another reference, so it is none.
        mean = np.mean([self.table.column(reader) for reader in self.against], axis=0)
        return np.stack([mean, self.table.column(self.name)], axis=1)


def _comparison(
    pair: _Pair,
    grades: Grades,
    seed: Seed,
    level: float,
    is_person: bool,  # noqa: FBT001  private
) -> Comparison:
    both = pair.figures()
    complete = np.isfinite(both).all(axis=1)
    figures = both[complete]
    if len(figures) < FEWEST:
        slides = counted_words(len(figures), "slide", "slides")
        raise InputError(
            f"{pair.name} and {' and '.join(pair.against)} both measured {slides} of {pair.table.source}, too"
            f" few to compare; give at least {FEWEST}, or leave the column out with --ignore"
        )
    x, y = figures.T
    enough = len(figures) >= FEWEST_OF_LINE
    patients = [pair.table.patients[row] for row in np.flatnonzero(complete)]
    return Comparison(
        name=pair.name,
        reference=pair.against,
        is_person=is_person,
        figures=figures,
        left_out=len(both) - len(figures),
        limits=Limits.between(y, x, level),
        correlations=intraclass(figures, level),
        line=passing_bablok(x, y, level) if enough else _NO_LINE,
        deming=deming(x, y, level=level) if enough else _NO_LINE,
        tau=float(kendalltau(x, y).statistic) if np.ptp(x) and np.ptp(y) else None,
        counted=counted(figures, patients, grades, seed, level),
    )
