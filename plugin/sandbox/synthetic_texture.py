"""Random textures: smooth noise of a given grain, sums of it, and wavy fibres."""

import numpy as np
import numpy.typing as npt
from PIL import Image

Plane = npt.NDArray[np.float32]


def smooth_noise(random: np.random.Generator, shape: tuple[int, int], grain: float) -> Plane:
    """Return (H, W) noise of mean 0 and about unit spread whose features are ``grain`` pixels large."""
    rows, columns = (int(np.ceil(side / grain)) + 3 for side in shape)
    coarse = random.standard_normal((rows, columns)).astype(np.float32)
    wide = Image.fromarray(coarse).resize(
        (int(columns * grain), int(rows * grain)), Image.Resampling.BICUBIC
    )
    top, left = (int(offset * grain) for offset in random.random(2))
    field = np.asarray(wide, dtype=np.float32)[top : top + shape[0], left : left + shape[1]]
    return np.ascontiguousarray(field * 1.4)


def fractal_noise(
    random: np.random.Generator, shape: tuple[int, int], grain: float, octaves: int
) -> Plane:
    """Return (H, W) noise with features of ``grain`` pixels and ever finer, weaker ones on them."""
    total = np.zeros(shape, dtype=np.float32)
    weights = [0.6**octave for octave in range(octaves)]
    for octave, weight in enumerate(weights):
        total += np.float32(weight) * smooth_noise(random, shape, max(1.5, grain / 2**octave))
    return total / np.float32(np.linalg.norm(weights))


def fibres(random: np.random.Generator, shape: tuple[int, int], grain: float) -> Plane:
    """Return (H, W) wavy fibres of about ``grain`` pixels across, in [0, 1]: level sets of a smooth field."""
    slope = np.linspace(0, shape[0] / (12 * grain), shape[0], dtype=np.float32)[:, None]
    height = slope * 1.5 + fractal_noise(random, shape, 22 * grain, 3)
    strands = random.random(4096).astype(np.float32)
    position = (height - height.min()) * 10.0
    whole = np.floor(position).astype(np.int64)
    part = position - whole
    lower, upper = strands[whole % 4096], strands[(whole + 1) % 4096]
    return np.asarray(lower + (upper - lower) * part, dtype=np.float32)


def ramp(values: Plane, low: float, high: float) -> Plane:
    """Return 0 below ``low``, 1 above ``high``, and a smooth step between."""
    part = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(part * part * (3 - 2 * part), dtype=np.float32)
