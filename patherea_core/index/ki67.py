"""The Ki-67 index: positive / (positive + negative) tumour cells of a region, a slide or a patient.

All three are the index of samples: of one region, of the regions of a slide, of the regions of all
slides of a patient. Beside the index stand three intervals. ``interval`` is the one to report: it allows
for positive cells lying together (see ``precision``). Wilson's takes cells for independent, which those
of one slide are not, and is the least that is uncertain. The bootstrap draws the groups of cells again;
where few cells are positive, or few groups there are, it is too narrow. How often each holds the truth
is measured in docs/ki67.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import betainc

from patherea_core.errors import InputError
from patherea_core.evaluation.intervals import Interval, percentiles, require_share
from patherea_core.evaluation.proportion import wilson
from patherea_core.evaluation.resampling import resampled
from patherea_core.geometry import Floats, Ints
from patherea_core.index.kinds import Kind, Tally
from patherea_core.index.precision import CountedRows, Precision, exact_interval, precision_of
from patherea_core.index.samples import Sample
from patherea_core.seeding import Seed

#: How the regions are put together: all cells in one pool; the mean of the regions' indices; their mean
#: weighted by what each region stands for.
Weighting: TypeAlias = Literal["pooled", "equal", "weighted"]
#: An index of fewer tumour cells is marked (WHO 2019; Dowsett et al. 2011).
FEW_CELLS = 500


@dataclass(frozen=True, slots=True)
class Index:
    """The Ki-67 index of one region, slide or patient.

    Attributes:
        name: of what.
        tally: the cells, each once.
        value: the index, in [0, 1]; None where it is undefined.
        undefined_because: why it is undefined; None where it is not.
        precision: what the cells are worth; None where the index is undefined, as are the intervals.
        interval: where the index lies, positive cells lying together allowed for.
        wilson: where it would lie if cells were independent; None too unless cells are pooled.
        bootstrap: the same from groups drawn again; None too where all cells are of one kind.
        weighting: how the regions were put together.
        regions: how many regions have tumour cells.
        left_out: names of the regions without tumour cells, which have no index to weigh.
        shared_cells: cells that several regions hold, counted once all the same.
        level: of the intervals.
    """

    name: str
    tally: Tally
    value: float | None
    undefined_because: str | None
    precision: Precision | None
    interval: Interval | None
    wilson: Interval | None
    bootstrap: Interval | None
    weighting: Weighting
    regions: int
    left_out: tuple[str, ...]
    shared_cells: int
    level: float

    @property
    def few_cells(self) -> bool:
        """Whether fewer tumour cells were counted than the 500 that guidelines ask for."""
        return self.tally.tumour < FEW_CELLS

    def chance_below(self, share: float) -> float | None:
        """Return the probability that the true index is below a share; None where that is not known.

        That is where the index is undefined, and where too few cells tell how far positive ones lie together.
        It is that of the Beta distribution of as many independent cells as they are worth, with Jeffreys'
        half a cell of each kind beforehand.
        """
        if self.value is None or self.precision is None or not self.precision.known:
            return None
        worth = self.precision.effective_cells
        positive = self.value * worth
        return float(betainc(positive + 0.5, worth - positive + 0.5, share))


@dataclass(frozen=True, slots=True)
class SlideIndex:
    """The indices of the regions of one slide or patient, and of all of them together."""

    regions: tuple[Index, ...]
    whole: Index


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """How an index is made of its samples."""

    weighting: Weighting = "pooled"
    """How the regions are put together."""
    strata: bool = False
    """Whether the regions are all that is asked about, say the four strata of a global score, and no sample
    of the tumour; then that they differ from each other is no uncertainty."""
    level: float = 0.95
    """Share of intervals that hold the true index."""
    draws: int = 2000
    """How often groups are drawn for the bootstrap."""

    def __post_init__(self) -> None:
        require_share(self.level)
        if self.draws < 1:
            raise InputError(f"a bootstrap needs at least one draw, not {self.draws}")


def region_index(sample: Sample, seed: Seed, options: IndexOptions | None = None) -> Index:
    """Return the index of one region from all of its cells, also those that another region owns."""
    alone = Sample.whole(sample.slide, sample.cells, sample.region)
    return index_of(sample.region, [alone], seed, options)


def slide_index(
    name: str, samples: Sequence[Sample], seed: Seed, options: IndexOptions | None = None
) -> SlideIndex:
    """Return the index of each region and of all together, of a slide or of a patient's slides.

    Args:
        name: of the slide or patient.
        samples: its regions.
        seed: root of the stream "bootstrap".
        options: how; by default cells are pooled.

    Raises:
        InputError: a region has no weight though they are to be weighted.
    """
    each = tuple(region_index(sample, seed, options) for sample in samples)
    return SlideIndex(each, index_of(name, samples, seed, options))


def index_of(
    name: str, samples: Sequence[Sample], seed: Seed, options: IndexOptions | None = None
) -> Index:
    """Return the index of samples put together, each cell counted once.

    Args:
        name: of what.
        samples: in any order; it moves no figure beyond rounding but the bootstrap's draws.
        seed: root of the stream "bootstrap".
        options: how; by default cells are pooled.

    Raises:
        InputError: a region has no weight though they are to be weighted.
    """
    options = options or IndexOptions()
    _require_weights(samples, options.weighting)
    counts = [sample.cells.take(sample.owned).tally for sample in samples]
    tally = sum(counts, start=Tally(0, 0))
    used = [number for number, count in enumerate(counts) if count.tumour]
    left_out = tuple(samples[row].region for row in range(len(samples)) if row not in used)
    shared = sum(sample.shared for sample in samples)
    value = precision = interval = least = bootstrap = None
    if used:
        rows = _rows([samples[row] for row in used], options.weighting)
        value = tally.share if options.weighting == "pooled" else rows.share
        precision, group = precision_of(rows, level=options.level, strata=options.strata)
        worth = precision.effective_cells
        interval = exact_interval(rows.share * worth, worth, level=options.level)
        bootstrap = _bootstrap(rows, group, seed, options)
        if options.weighting == "pooled":
            least = wilson(tally.positive, tally.tumour, level=options.level)
    return Index(
        name,
        tally,
        value,
        None if used else _why_undefined(name, tally),
        precision,
        interval,
        least,
        bootstrap,
        options.weighting,
        len(used),
        left_out,
        shared,
        options.level,
    )


def _require_weights(samples: Sequence[Sample], weighting: Weighting) -> None:
    without = [sample.region for sample in samples if sample.weight is None]
    if weighting == "weighted" and without:
        raise InputError(
            f"region {without[0]!r} has no weight; say what share of the tumour each region stands for"
        )


def _why_undefined(name: str, tally: Tally) -> str:
    if tally.not_counted:
        return f"{name} has no tumour cell among its {tally.not_counted} cells, so it has no Ki-67 index"
    return f"{name} has no cell, so it has no Ki-67 index"


def _rows(samples: Sequence[Sample], weighting: Weighting) -> CountedRows:
    """Return the tumour cells of samples that have some, weighted so that all weigh 1."""
    cells = [sample.cells.take(sample.owned).tumour() for sample in samples]
    counts = np.array([len(some) for some in cells])
    weights: Floats = counts.astype(np.float64)
    if weighting == "equal":
        weights = np.ones(len(samples))
    elif weighting == "weighted":
        weights = np.array([sample.weight for sample in samples], dtype=np.float64)
    names = {sample.slide: 0 for sample in samples}
    numbers = {name: number for number, name in enumerate(names)}
    slide: Ints = np.array([numbers[sample.slide] for sample in samples], dtype=np.int64)
    return CountedRows(
        np.concatenate([some.xy for some in cells]),
        np.concatenate([some.kind == Kind.POSITIVE for some in cells]),
        np.repeat(weights / weights.sum() / counts, counts),
        np.repeat(np.arange(len(samples)), counts),
        np.repeat(slide, counts),
    )


def _bootstrap(
    rows: CountedRows, group: Ints, seed: Seed, options: IndexOptions
) -> Interval | None:
    """Return the percentile interval of the groups drawn again; None where every draw is the same."""
    if not 0 < rows.share < 1:
        return None
    values = np.stack(
        [np.bincount(group, rows.weight * rows.positive), np.bincount(group, rows.weight)], axis=1
    )
    sums = resampled(values, seed, options.draws)
    return percentiles(sums[:, 0] / sums[:, 1], options.level)
