"""A blob detector of the classical kind, tuned on the very image it is judged by: the best it can do."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_laplace, maximum_filter
from skimage.color import rgb2hed

from patherea_core.evaluation.pairing import pair
from patherea_core.geometry import Floats, Pixels
from patherea_core.points import Points


@dataclass(frozen=True, slots=True, eq=False)
class Blobs:
    """Dark spots: positions, how much each stands out, and how much browner than blue it is."""

    xy: Floats
    strength: Floats
    brownness: Floats


def find_blobs(pixels: Pixels, size: float) -> Blobs:
    """Return the dark spots of about ``size`` × √2 pixels' radius: maxima of the Laplacian of density."""
    density = -np.log10(np.maximum(pixels, 1) / 255).sum(axis=2)
    response = -gaussian_laplace(density, size)
    peak = (response == maximum_filter(response, size=11)) & (response > 0)
    rows, columns = np.nonzero(peak)
    stains = rgb2hed(pixels)
    brown = gaussian_filter(stains[..., 2], 2) - gaussian_filter(stains[..., 0], 2)
    xy = np.stack([columns + 0.5, rows + 0.5], axis=1)
    return Blobs(xy, response[rows, columns], brown[rows, columns])


def f1(found: Floats, wanted: Floats, radius: float) -> float:
    """Return the F1 of positions against positions."""
    return 2 * len(pair(found, wanted, radius)) / max(1, len(found) + len(wanted))


def best_mean_f1(pixels: Pixels, points: Points, radius: float) -> float:
    """Return the best mean F1 of classes 0 (brown) and 1 (blue) over sizes and thresholds."""
    best = 0.0
    for size in (3.0, 3.5, 4.0, 5.0):
        blobs = find_blobs(pixels, size)
        for least in np.quantile(blobs.strength, np.linspace(0, 0.8, 9)):
            for cut in np.quantile(blobs.brownness, np.linspace(0.2, 0.9, 15)):
                best = max(best, _mean_f1(blobs, points, (least, cut), radius))
    return best


def _mean_f1(blobs: Blobs, points: Points, cuts: tuple[float, float], radius: float) -> float:
    kept, brown = blobs.strength >= cuts[0], blobs.brownness >= cuts[1]
    scores = [
        f1(blobs.xy[kept & chosen], points.xy[points.class_index == row], radius)
        for row, chosen in enumerate((brown, ~brown))
    ]
    return float(np.mean(scores))
