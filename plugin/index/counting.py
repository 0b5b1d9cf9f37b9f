"""All Ki-67 figures of a slide, or of a patient's slides, from its cells and regions. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import shapely

from patherea_core.errors import InputError
from patherea_core.index.correction import CorrectedIndex, corrected
from patherea_core.index.detector_errors import DetectorErrors
from patherea_core.index.guidelines import Estimate, Grading, grading, shortfalls
from patherea_core.index.hotspots import HotspotOptions, Hotspots, hotspots
from patherea_core.index.ki67 import Index, IndexOptions, index_of, region_index
from patherea_core.index.kinds import KindedCells
from patherea_core.index.samples import CountingRegion, Sample, samples_of
from patherea_core.index.stopping import MoreCells, more_cells
from patherea_core.regions import inside
from patherea_core.seeding import Seed
from plugin.index.methods import METHODS, Method, Window
from plugin.index.needs import require_cells_inside, unsought_because
from plugin.index.notes import notes_of


@dataclass(frozen=True, slots=True, eq=False)
class CellsOfSlide:
    """The cells of one slide, and where they are counted.

    Attributes:
        name: of the slide.
        cells: all of them.
        regions: where to count; all over the slide if there is none.
        mpp: micrometres per base pixel; None if it is not known, and then there are no hotspots.
        weight: what all of the slide stands for, if it has no regions; None if that was not said.
    """

    name: str
    cells: KindedCells
    regions: tuple[CountingRegion, ...] = ()
    mpp: float | None = None
    weight: float | None = None

    def counted(self) -> KindedCells:
        """Return the cells that some region holds; all without regions."""
        if not self.regions:
            return self.cells
        whole = shapely.union_all([region.outline for region in self.regions])
        return self.cells.take(inside(whole, self.cells.xy))


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSettings:
    """How to count.

    Attributes:
        method: the way.
        window: of hotspots; None takes those of the method.
        hotspots: how many; 0 for none.
        half_width: half of the interval that one would like, a share of 1.
        seed: root of all draws.
    """

    method: Method = METHODS["global"]
    window: Window | None = None
    hotspots: int = 3
    half_width: float = 0.02
    seed: Seed = Seed(0)  # noqa: RUF009  immutable

    def __post_init__(self) -> None:
        if not 0 < self.half_width < 0.5:
            raise InputError(
                f"half of the interval must lie between 0 and 50 points, not {100 * self.half_width:g}"
            )
        if self.hotspots < (1 if self.method.in_hotspot else 0):
            raise InputError(f"method {self.method.name!r} needs at least one hotspot")


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """An index as counted, and corrected for the detector's errors.

    Attributes:
        counted: the raw one.
        corrected: None if the errors are not known.
    """

    counted: Index
    corrected: CorrectedIndex | None = None

    @property
    def best(self) -> Estimate:
        """The corrected one if it can be had, else the raw one."""
        fixed = self.corrected
        return self.counted if fixed is None or fixed.value is None else fixed


@dataclass(frozen=True, slots=True, eq=False)
class Ki67Count:
    """The figures.

    Attributes:
        settings: how they were counted.
        headline: the index of the method: of the first hotspot, or of all regions.
        is_hotspot: whether the headline is a hotspot's.
        whole: the index of all that was counted.
        regions: the index of each region, in their order.
        hotspots: where the index is highest; None if nobody looked.
        spots: the index of each hotspot.
        lacks: what the headline lacks of what the guideline asks for, a sentence each.
        more: how many more cells make its interval as narrow as wanted; None where it is undefined.
        outside: cells outside of every region, which take no part.
        notes: what a person must know besides, a sentence each.
    """

    settings: CountSettings
    headline: Estimated
    is_hotspot: bool
    whole: Estimated
    regions: tuple[Estimated, ...]
    hotspots: Hotspots | None
    spots: tuple[Estimated, ...]
    lacks: tuple[str, ...]
    more: MoreCells | None
    outside: int
    notes: tuple[str, ...]

    @property
    def grades(self) -> Grading | None:
        """The grade and its chances, of the corrected index if it can be had."""
        return grading(self.headline.best, self.settings.method.guideline)

    @property
    def raw_grades(self) -> Grading | None:
        """The same of the raw index."""
        return grading(self.headline.counted, self.settings.method.guideline)


def count(
    name: str,
    slides: Sequence[CellsOfSlide],
    settings: CountSettings,
    errors: DetectorErrors | None = None,
) -> Ki67Count:
    """Return the figures of one slide, or of all slides of a patient.

    Args:
        name: of the slide or patient.
        slides: their cells; hotspots are sought if it is one, with known pixels.
        settings: how.
        errors: what the detector does wrong; None if that is not known.

    Raises:
        InputError: the method needs what is not there, say weights of regions or the size of pixels; or the
            regions hold no cell.
    """
    method, seed = settings.method, settings.seed
    outside = _outside(slides)
    samples = [sample for slide in slides for sample in _samples(slide)]
    _require_parts(slides, method)
    options = IndexOptions(weighting=method.guideline.weighting, strata=method.guideline.strata)

    def estimated(index: Index) -> Estimated:
        return Estimated(index, None if errors is None else corrected(index, errors, seed))

    parts = tuple(_parts(slides, seed))
    whole = estimated(index_of(name, samples, seed, options))
    found = _hotspots(slides, settings)
    spots = tuple(estimated(spot.index) for spot in found.found) if found else ()
    is_hotspot = method.in_hotspot and bool(spots)
    headline = spots[0] if is_hotspot else whole
    missing = _none(found) if method.in_hotspot and not is_hotspot else ()
    return Ki67Count(
        settings=settings,
        headline=headline,
        is_hotspot=is_hotspot,
        whole=whole,
        regions=tuple(estimated(index) for index in parts),
        hotspots=found,
        spots=spots,
        lacks=(*missing, *shortfalls(headline.counted, method.guideline)),
        more=more_cells(headline.counted, settings.half_width),
        outside=outside,
        notes=(
            *_unsought(slides, settings),
            *notes_of(whole.counted, parts, found, method, settings.window),
        ),
    )


def _samples(slide: CellsOfSlide) -> Sequence[Sample]:
    if not slide.regions:
        return (replace(Sample.whole(slide.name, slide.cells, slide.name), weight=slide.weight),)
    return samples_of(slide.cells, slide.regions, slide.name)


def _parts(slides: Sequence[CellsOfSlide], seed: Seed) -> Iterator[Index]:
    """Yield the index of each region, and of each of several slides that has none."""
    for slide in slides:
        for sample in _samples(slide) if slide.regions or len(slides) > 1 else ():
            index = region_index(sample, seed)
            if slide.regions and len(slides) > 1:
                yield replace(index, name=f"{slide.name}, {sample.region}")
            else:
                yield index


def _hotspots(slides: Sequence[CellsOfSlide], settings: CountSettings) -> Hotspots | None:
    slide = slides[0]
    unsought = unsought_because(len(slides), slide.mpp)
    if unsought and settings.method.in_hotspot:
        raise InputError(unsought)
    if unsought or not settings.hotspots or slide.mpp is None:
        return None
    kind = settings.window or settings.method.window
    options = HotspotOptions(kind=kind, count=settings.hotspots)
    return hotspots(slide.counted(), slide.mpp, settings.seed, options)


def _outside(slides: Sequence[CellsOfSlide]) -> int:
    """Return how many cells no region holds; regions that hold none of them are refused."""
    cells = sum(len(slide.cells) for slide in slides)
    outside = cells - sum(len(slide.counted()) for slide in slides)
    require_cells_inside(cells, outside)
    return outside


def _require_parts(slides: Sequence[CellsOfSlide], method: Method) -> None:
    """Refuse to weigh what has no parts."""
    if method.guideline.weighting == "weighted" and not any(
        slide.regions or slide.weight for slide in slides
    ):
        raise InputError(
            "the weighted index needs regions that stand for parts of the tumour; outline them, name them"
            " with --regions, and give the share of each with --weight NAME=SHARE"
        )


def _unsought(slides: Sequence[CellsOfSlide], settings: CountSettings) -> Iterator[str]:
    """Yield why the wanted hotspots were not sought."""
    because = unsought_because(len(slides), slides[0].mpp)
    if settings.hotspots and because:
        yield f"No hotspot is shown: {because}."


def _none(found: Hotspots | None) -> tuple[str, ...]:
    why = (found.none_because if found else None) or "nobody looked for one"
    return (f"there is no hotspot, so the index is that of all cells: {why}",)
