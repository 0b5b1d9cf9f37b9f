"""The nuclei of a synthetic slide: what kinds there are, where they lie, and how each is painted."""

from dataclasses import dataclass

import numpy as np

from patherea_core.geometry import Floats
from plugin.sandbox.synthetic_texture import Plane, fractal_noise
from plugin.sandbox.synthetic_tissue import Ground, Stains

#: DAB amounts below and above which a nucleus is negative and positive; none lies between.
NEGATIVE_BELOW, POSITIVE_ABOVE = 0.12, 0.32

#: No two centres are closer, in pixels.
LEAST_DISTANCE = 4.5


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of nucleus; sizes in pixels.

    Attributes:
        radius: mean and spread of the geometric mean of its half axes.
        longest: how many times longer than wide it is at most.
        blue: mean amount of haematoxylin.
        vesicular: share that is pale inside a dark rim.
        positive: share that takes up DAB where division is likeliest.
    """

    radius: tuple[float, float]
    longest: float
    blue: float
    vesicular: float
    positive: float


TUMOUR = Kind((6.4, 1.5), 1.8, 0.52, 0.65, 0.75)
LYMPHOCYTE = Kind((4.3, 0.35), 1.15, 0.95, 0.0, 0.06)
SPINDLE = Kind((5.0, 0.6), 3.2, 0.60, 0.15, 0.08)


@dataclass(frozen=True, slots=True)
class Nucleus:
    """One nucleus as it will be painted.

    Attributes:
        x: its middle, in pixels from the image's left edge.
        y: its middle, in pixels from the image's upper edge.
        half_length: half of its longer axis.
        half_width: half of its shorter axis.
        angle: direction of the longer axis.
        blue: amount of haematoxylin.
        brown: amount of DAB.
        hollow: how much paler than its rim it is inside, in [0, 1].
        dent: size, number and phase of the waves of its outline.
    """

    x: float
    y: float
    half_length: float
    half_width: float
    angle: float
    blue: float
    brown: float
    hollow: float
    dent: tuple[float, int, float]

    @property
    def is_positive(self) -> bool:
        """Whether a pathologist would call it Ki-67 positive."""
        return self.brown > (NEGATIVE_BELOW + POSITIVE_ABOVE) / 2


def place_nuclei(random: np.random.Generator, ground: Ground) -> list[Nucleus]:
    """Return the nuclei of a piece of tissue; neighbours may touch and overlap."""
    crowd = _Crowd()
    rows, columns = ground.tissue.shape
    nuclei = []
    for x, y in random.random((int(rows * columns / 90), 2)) * (columns, rows):
        row, column = int(y), int(x)
        if ground.tissue[row, column] < 0.9:
            continue
        nest = ground.nest[row, column] > 0.5
        if random.random() > (1.0 if nest else 0.20):
            continue
        nucleus = _grow(random, (x, y), _kind(random, in_nest=bool(nest)), ground.hot[row, column])
        if crowd.has_room(nucleus, closeness=random.uniform(0.66, 1.5)):
            crowd.add(nucleus)
            nuclei.append(nucleus)
    return nuclei


def paint_nuclei(random: np.random.Generator, stains: Stains, nuclei: list[Nucleus]) -> None:
    """Add the nuclei to the stains, each with its own chromatin."""
    chromatin = fractal_noise(random, (512, 512), 3.6, 3)
    for nucleus in nuclei:
        rows, columns = _window(nucleus, stains.shape)
        profile, rim = _shape(nucleus, rows, columns)
        top, left = random.integers(0, 512 - 64, 2)
        grain = chromatin[top : top + profile.shape[0], left : left + profile.shape[1]]
        dye = profile * np.clip(1 + 0.30 * grain, 0.25, 1.8)
        dye *= 1 - nucleus.hollow * (1 - rim)
        for plane, amount in ((stains.blue, nucleus.blue), (stains.brown, nucleus.brown)):
            _overlay(plane[rows, columns], np.asarray(amount * dye, dtype=np.float32))


def _kind(random: np.random.Generator, *, in_nest: bool) -> Kind:
    shares = (0.94, 0.05, 0.01) if in_nest else (0.0, 0.45, 0.55)
    return (TUMOUR, LYMPHOCYTE, SPINDLE)[random.choice(3, p=shares)]


def _grow(
    random: np.random.Generator, place: tuple[float, float], kind: Kind, hot: float
) -> Nucleus:
    radius = float(np.clip(random.normal(*kind.radius), 3.8, 9.0))
    ratio = np.sqrt(random.uniform(max(1.0, kind.longest * 0.6), kind.longest))
    positive = random.random() < kind.positive * hot
    blue = kind.blue * random.lognormal(0, 0.22)
    return Nucleus(
        x=float(place[0]),
        y=float(place[1]),
        half_length=radius * ratio,
        half_width=radius / ratio,
        angle=random.uniform(0, np.pi),
        blue=blue * (random.uniform(0.3, 0.7) if positive else 1.0),
        brown=_dab(random, positive=positive),
        hollow=random.uniform(0.4, 0.8) if random.random() < kind.vesicular else 0.1,
        dent=(random.uniform(0.0, 0.12), int(random.integers(2, 4)), random.uniform(0, 6.3)),
    )


def _dab(random: np.random.Generator, *, positive: bool) -> float:
    if positive:
        return float(POSITIVE_ABOVE + 0.95 * random.beta(1.1, 1.8))
    return float(NEGATIVE_BELOW * random.beta(1.0, 2.5))


def _window(nucleus: Nucleus, shape: tuple[int, int]) -> tuple[slice, slice]:
    reach = nucleus.half_length * 1.15 + 3
    top, left = max(0, int(nucleus.y - reach)), max(0, int(nucleus.x - reach))
    bottom, right = int(nucleus.y + reach) + 1, int(nucleus.x + reach) + 1
    return slice(top, min(bottom, shape[0])), slice(left, min(right, shape[1]))


def _shape(nucleus: Nucleus, rows: slice, columns: slice) -> tuple[Plane, Plane]:
    """Return how much of each pixel of a window is nucleus, and how close to its rim it is."""
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + 0.5 - nucleus.y
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] + 0.5 - nucleus.x
    cosine, sine = np.cos(nucleus.angle), np.sin(nucleus.angle)
    along = (x * cosine + y * sine) / nucleus.half_length
    across = (y * cosine - x * sine) / nucleus.half_width
    depth, waves, phase = nucleus.dent
    edge = 1 + depth * np.sin(waves * np.arctan2(across, along) + phase)
    outwards = np.hypot(along, across) / edge
    profile = 1 / (1 + np.exp(np.clip((outwards - 1) * nucleus.half_width * 2.4, -30, 30)))
    rim = np.clip((outwards - 0.45) / 0.4, 0, 1)
    return np.asarray(profile, dtype=np.float32), np.asarray(rim, dtype=np.float32)


def _overlay(plane: Plane, dye: Plane) -> None:
    """Lay one nucleus over what is there; where two overlap it is darker, but not twice as dark."""
    plane[...] = np.maximum(plane, dye) + 0.45 * np.minimum(plane, dye)


class _Crowd:
    """The nuclei placed so far, in square cells, so that neighbours are found at once."""

    _SIDE = 24

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[Nucleus]] = {}

    def add(self, nucleus: Nucleus) -> None:
        self._cells.setdefault(self._cell(nucleus), []).append(nucleus)

    def has_room(self, nucleus: Nucleus, *, closeness: float) -> bool:
        """Tell whether no neighbour is nearer than ``closeness`` times what both radii fill."""
        place = np.array([nucleus.x, nucleus.y])
        for other in self._neighbours(nucleus):
            wanted = closeness * (_radius(nucleus) + _radius(other))
            if _distance(place, other) < max(LEAST_DISTANCE, wanted):
                return False
        return True

    def _neighbours(self, nucleus: Nucleus) -> list[Nucleus]:
        row, column = self._cell(nucleus)
        around = [(row + down, column + over) for down in (-1, 0, 1) for over in (-1, 0, 1)]
        return [other for cell in around for other in self._cells.get(cell, [])]

    def _cell(self, nucleus: Nucleus) -> tuple[int, int]:
        return int(nucleus.y // self._SIDE), int(nucleus.x // self._SIDE)


def _radius(nucleus: Nucleus) -> float:
    return float(np.sqrt(nucleus.half_length * nucleus.half_width))


def _distance(place: Floats, other: Nucleus) -> float:
    return float(np.hypot(place[0] - other.x, place[1] - other.y))
