"""Where to look on one slide for cells, and what is found of the slide before."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely

from patherea_core.bundle_card import BundleCard
from patherea_core.errors import InputError, SlideError
from patherea_core.geometry import Floats
from patherea_core.regions import Outline, as_outline
from patherea_core.slides import SlideReader
from patherea_core.workflow.detection.plan import DetectionSettings, Plan
from patherea_core.workflow.predict import Detector
from plugin.class_thresholds import by_row
from plugin.slides.check import Check, Verdict
from plugin.slides.preflight import pixel_size_check, preflight
from plugin.slides.tissue import tissue_outline

log = logging.getLogger(__name__)

#: Square millimetres up to which it does not pay to look for tissue first, as in a region that somebody drew.
_LITTLE = 1.0

#: Share of a region that arithmetic may lose.
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSettings:
    """How to detect, whatever the slide.

    Attributes:
        name: what an annotation is called.
        region: where to look, in base pixels; None for everything.
        tile_size: side of a tile in working pixels; None lets the program choose.
        threshold: least probability of a detection; None takes the model's own.
        class_thresholds: the same for single classes, by their names.
        everywhere: whether to look where there is no tissue as well.
        outlined: whether the outline of the tissue is wanted too.
    """

    name: str = "Cells"
    region: Outline | None = None
    tile_size: int | None = None
    threshold: float | None = None
    class_thresholds: Mapping[str, float] = field(default_factory=dict, hash=False)
    everywhere: bool = False
    outlined: bool = False

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise InputError(f"--threshold must lie between 0 and 1, not {self.threshold}")
        for name, threshold in self.class_thresholds.items():
            if not 0 <= threshold <= 1:
                raise InputError(
                    f"--class-thresholds: that of class {name!r} must lie between 0 and 1, not {threshold}"
                )
        if self.tile_size is not None and self.tile_size <= 0:
            raise InputError(f"--tile-size must be positive, not {self.tile_size}")

    def thresholds(self, card: BundleCard) -> Floats:
        """Return the least probability of a detection of each class of a model: (T,).

        Raises:
            TaxonomyError: the model has no class of a name, or two names mean one class.
        """
        general = card.score_threshold if self.threshold is None else self.threshold
        thresholds = np.full(len(card.taxonomy), general)
        for row, threshold in by_row(self.class_thresholds, card.taxonomy.names).items():
            thresholds[row] = threshold
        return thresholds


@dataclass(frozen=True, slots=True, eq=False)
class SlidePlan:
    """What is to be done on a slide.

    Attributes:
        plan: the tiles.
        checks: what was found of the slide beforehand.
        tissue: what of the area is tissue, in base pixels; None unless it is wanted.
    """

    plan: Plan
    checks: tuple[Check, ...]
    tissue: Outline | None = None


def slide_plan(slide: SlideReader, detector: Detector, settings: DetectSettings) -> SlidePlan:
    """Return what is to be done on a slide; warn of one that is far from what the model was trained on.

    More than a little of a slide is planned without the tiles that show no tissue.

    Raises:
        InputError: the region lies outside of the slide.
        SlideError: results would be wrong on such a slide, or it has no overview in which to outline tissue.
    """
    found = _planned(slide, detector, settings)
    _heed(slide.name, found.checks)
    return found


def _planned(slide: SlideReader, detector: Detector, settings: DetectSettings) -> SlidePlan:
    wanted = DetectionSettings(
        outline=settings.region,
        tile_size=settings.tile_size,
        threshold=float(settings.thresholds(detector.card).min()),
    )
    whole = detector.planned(slide, wanted)
    if settings.region is not None:
        _tell_cut(slide.name, settings.region, whole.area)
    little = whole.area.area * (slide.base_mpp / 1000) ** 2 <= _LITTLE
    if little and not settings.outlined:
        return SlidePlan(whole, preflight(slide, detector.card, whole.area))
    tissue = _tissue(slide, settings)
    if tissue is None:
        return SlidePlan(whole, (pixel_size_check(slide, detector.card),))
    seen = as_outline(whole.area.intersection(tissue))
    kept = seen if settings.outlined else None
    checks = preflight(slide, detector.card, whole.area if seen.is_empty else seen)
    if little or settings.everywhere:
        return SlidePlan(whole, checks, kept)
    plan = detector.planned(slide, replace(wanted, tissue=tissue))
    _tell(slide.name, plan, whole)
    if not plan.tiles:
        checks = (pixel_size_check(slide, detector.card),)
    return SlidePlan(plan, checks, kept)


def _tissue(slide: SlideReader, settings: DetectSettings) -> Outline | None:
    """Return all tissue of a slide; None if it has no overview in which to look for it."""
    try:
        return tissue_outline(slide) or shapely.MultiPolygon()
    except SlideError as error:
        if settings.outlined:
            raise SlideError(
                f"{error}; so there is no overview in which to outline tissue: leave its file out"
            ) from error
        log.warning("%s; so there is no overview, and all tiles are tried", error)
        return None


def _tell_cut(name: str, region: Outline, area: Outline) -> None:
    """Say in the log that a region reaches beyond its slide."""
    beyond = 1 - area.area / region.area
    if beyond > _NOTHING:
        log.info(
            "%s: %.2g percent of the region lie beyond the slide; what lies on it is looked at",
            name,
            100 * beyond,
        )


def _tell(name: str, plan: Plan, whole: Plan) -> None:
    """Say in the log how many of the tiles are read."""
    log.info(
        "%s: %d of %d tiles show tissue, %.3g mm²",
        name,
        len(plan.tiles),
        len(whole.tiles),
        plan.square_millimetres,
    )
    if not plan.tiles:
        log.warning(
            "slide %r shows no tissue there, so no cell is found; --everywhere looks all the same",
            name,
        )


def _heed(name: str, checks: Sequence[Check]) -> None:
    """Say in the log what may make results worse, and refuse a slide on which they would be wrong."""
    for check in checks:
        words = f"slide {name!r}, {check.name}: {check.found}; {check.fix}"
        if check.verdict is Verdict.FAIL:
            raise SlideError(words)
        if check.verdict is Verdict.WARN:
            log.warning(words)
