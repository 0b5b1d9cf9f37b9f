"""What can be known of a slide before the long work: whether it can be read and suits the model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from patherea_core.bundle_card import BundleCard
from patherea_core.errors import PixelFormatError, ScaleError, SlideError
from patherea_core.regions import Outline, as_outline
from patherea_core.slides import SlideReader
from plugin.slides.appearance import colour_check, focus_check, looks_of, stain_check
from plugin.slides.check import Check, Verdict, failed, passed, refused, warned
from plugin.slides.companions import companions_check
from plugin.slides.reader import open_slide
from plugin.slides.sample_tiles import SampleTiles, sample_tiles
from plugin.slides.scan_facts import scan_checks
from plugin.slides.tissue import tissue_outline

#: How many times larger or smaller pixels a slide may have than the model before cells look otherwise.
MOST_RESAMPLING = 2.25
#: How many times larger before single cells cannot be seen any more.
_MOST_ENLARGED = 8.0
_FETCH = "fetch the file again; if it is broken at its origin, scan the slide again"
_LOOKED_EVERYWHERE = "fetch the file again; else all places are tried, glass too"
#: Pixel size at which a slide is judged for itself.
_USUAL_MPP = 0.5


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was looked at before work on a slide.

    Attributes:
        slide: its name.
        checks: in the order in which they were made.
    """

    slide: str
    checks: tuple[Check, ...]

    def count(self, verdict: Verdict) -> int:
        """Return how many checks gave a verdict."""
        return sum(check.verdict is verdict for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {"slide": self.slide, "checks": [check.to_dict() for check in self.checks]}


def examine(path: Path, mpp: float | None = None, card: BundleCard | None = None) -> Preflight:
    """Return what is found of a slide file, from whether it opens to whether it is sharp; raises nothing.

    Args:
        path: the file.
        mpp: micrometres per base pixel; None takes what the file says.
        card: of the model that is to work on it; None judges the slide for itself.
    """
    checks: list[Check] = []
    try:
        if path.is_file():
            checks.append(companions_check(path))
        slide = open_slide(path, mpp)
        checks += (passed("file", "opens, and its end is there"), *scan_checks(slide))
    except ScaleError as error:
        checks.append(refused("pixel size", error))
    except PixelFormatError as error:
        checks.append(refused("channels", error))
    except (SlideError, OSError) as error:
        checks.append(refused("file", error))
    else:
        checks += preflight(slide, card)
    return Preflight(path.name, tuple(checks))


def preflight(
    slide: SlideReader, card: BundleCard | None = None, outline: Outline | None = None
) -> tuple[Check, ...]:
    """Return what is found of an open slide; raises nothing.

    Args:
        slide: what is to be worked on.
        card: of the model that is to work on it; None judges the slide for itself.
        outline: the tissue or region in base pixels, if it is known already; None looks for tissue.
    """
    size = pixel_size_check(slide, card)
    unseen = None
    if outline is None:
        try:
            outline = tissue_outline(slide)
        except SlideError as error:
            # Work goes on without an overview too, and looks everywhere.
            outline = as_outline(shapely.box(0, 0, slide.width, slide.height))
            unseen = warned("tissue", f"it cannot be looked for: {error}", _LOOKED_EVERYWHERE)
    if outline is None:
        return size, warned("tissue", "none is seen", "no cell will be found; look at the slide")
    samples = sample_tiles(slide, outline, card.mpp if card else _USUAL_MPP)
    looks = looks_of(samples.tiles)
    return (
        size,
        unseen or _tissue_check(slide, outline),
        _tiles_check(samples),
        stain_check(looks, card),
        colour_check(looks, card),
        focus_check(samples.tiles),
    )


def pixel_size_check(slide: SlideReader, card: BundleCard | None) -> Check:
    """Return whether the pixels of a slide are small enough, and like those of the model."""
    found = f"{slide.base_mpp:.4g} µm"
    if card is None:
        return passed("pixel size", found)
    found += f", the model's {card.mpp:g} µm"
    ratio = slide.base_mpp / card.mpp
    if ratio > _MOST_ENLARGED:
        return failed(
            "pixel size",
            f"{found}: no single cell can be seen",
            "scan the slide at a higher power, or give --mpp if the file is wrong",
        )
    if max(ratio, 1 / ratio) > MOST_RESAMPLING:
        return warned(
            "pixel size",
            f"{found}: resampled {max(ratio, 1 / ratio):.1f} times, cells may look otherwise",
            "check by eye what the model finds, or take one for such slides",
        )
    return passed("pixel size", found)


def _tissue_check(slide: SlideReader, outline: Outline) -> Check:
    area = outline.area * slide.base_mpp**2 / 1e6
    share = 100 * outline.area / (slide.width * slide.height)
    return passed("tissue", f"{area:.3g} mm², {share:.0f} % of the slide")


def _tiles_check(samples: SampleTiles) -> Check:
    tried = len(samples.tiles) + len(samples.problems)
    if not samples.problems:
        return passed("pixels", f"{tried} places of the tissue can be read")
    found = f"{len(samples.problems)} of {tried} places cannot be read: {samples.problems[0]}"
    if not samples.tiles:
        return failed("pixels", found, _FETCH)
    return warned(
        "pixels",
        found,
        f"{_FETCH}; else the cells there will be missing, and the record of the run names the places",
    )
