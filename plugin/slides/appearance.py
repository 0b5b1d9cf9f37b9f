"""Whether a slide looks like those that a model knows: its stain, its colours, its focus."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from patherea_core.bundle_card import BundleCard
from patherea_core.data.looks import look, stain_of, strangeness
from patherea_core.geometry import Floats, Pixels
from plugin.slides.check import Check, passed, warned

#: Spreads by which the colours of a slide may differ from those that a model was trained on.
_MOST_STRANGE = 3.0
#: Variance of the Laplacian, as a share of the variance of the brightness, below which a tile is blurred. In
#: sharp fields at hand it is .02 to 1; a blur of two working pixels brings most of them below.
_LEAST_SHARPNESS = 0.015
#: Share of tiles that may be blurred.
_MOST_BLURRED = 0.25
#: Variance of the brightness below which there is nothing to be sharp.
_LEAST_CONTRAST = 25.0

_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def stain_check(looks: Sequence[Floats], card: BundleCard | None) -> Check:
    """Return whether the stain is the model's, as far as the two common ones can be told apart."""
    if not looks:
        return passed("stain", "nothing is stained")
    seen = stain_of(np.median(looks, axis=0))
    found = f"looks like {seen}" if seen else "between H&E and H-DAB"
    wanted = None if card is None else card.stain
    if wanted is None or seen is None:
        return passed("stain", found)
    if wanted in {"H&E", "H-DAB"} and wanted != seen:
        return warned(
            "stain",
            f"{found}, the model was trained on {wanted}",
            f"take a model for {seen}, or check by eye what this one finds",
        )
    return passed("stain", f"{found}, the model was trained on {wanted}")


def colour_check(looks: Sequence[Floats], card: BundleCard | None) -> Check:
    """Return whether the colours are those that the model was trained on."""
    if not looks:
        return passed("colours", "nothing is stained")
    typical = np.median(looks, axis=0)
    red, green = (100 * typical[1:]).round().astype(int)
    found = (
        f"density {typical[0]:.2f}, of it {red} % red, {green} % green, {100 - red - green} % blue"
    )
    if card is None:
        return passed("colours", found)
    if card.colours is None:
        return passed("colours", f"{found}; the model's card says nothing of colours")
    far = strangeness(card.colours, typical)
    found += f"; {far:.1f} spreads from what the model was trained on"
    if far <= _MOST_STRANGE:
        return passed("colours", found)
    return warned(
        "colours",
        found,
        "check by eye what the model finds; train it with some regions of such slides if it is wrong",
    )


def focus_check(tiles: Sequence[Pixels]) -> Check:
    """Return whether the tiles are sharp at the model's pixel size."""
    found = [value for value in map(sharpness, tiles) if value is not None]
    if not found:
        return passed("focus", "nothing to be sharp")
    blurred = sum(value < _LEAST_SHARPNESS for value in found)
    words = f"sharpness {np.median(found):.3f}, {blurred} of {len(found)} places blurred"
    if blurred <= _MOST_BLURRED * len(found):
        return passed("focus", words)
    return warned("focus", words, "scan the slide again, or leave blurred parts out with --roi")


def sharpness(pixels: Pixels) -> float | None:
    """Return the variance of the Laplacian over that of the brightness; None without any contrast."""
    grey = pixels @ _GREY
    contrast = float(grey.var())
    if contrast < _LEAST_CONTRAST:
        return None
    return float(ndimage.laplace(grey).var()) / contrast


def looks_of(tiles: Sequence[Pixels]) -> list[Floats]:
    """Return how the tiles look that are stained."""
    return [seen for seen in map(look, tiles) if seen is not None]
