"""Cells to look at: some of those that were missed, found in vain, taken for another class, and hit.

Scores say how often; a person who looks at the cells sees why.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.outcomes import Outcomes
from patherea_core.geometry import Box, Floats, Ints, Pixels
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy

Kind: TypeAlias = Literal["missed", "false alarm", "other class", "hit"]
KINDS: tuple[Kind, ...] = ("missed", "false alarm", "other class", "hit")


class PixelSource(Protocol):
    """Where pictures of cells come from."""

    def has(self, image: str) -> bool:
        """Tell whether there is an image of that name."""

    def pixels(self, image: str, box: Box) -> Pixels:
        """Return the (height, width, 3) RGB base pixels of a box of an image, white beyond its edges."""


#: Side of a picture in its own pixels, and of what it shows in radii.
_PICTURE, _RADII = 168, 9.0

#: Marks are drawn so many times larger first, which smooths their edges.
_FINER = 3


@dataclass(frozen=True, slots=True)
class Example:
    """One cell to look at.

    Attributes:
        kind: what became of it.
        image: where it is.
        x: its position in base pixels, as is ``y``.
        caption: its class, and what it was taken for or how sure the model was.
        row: the field that it lies in.
    """

    kind: Kind
    image: str
    x: float
    y: float
    caption: str
    row: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A cell in the middle of its surroundings, as PNG.

    Rings are a person's points, dots the model's detections, and the thin circle is the accepted distance
    around the cell that is shown.
    """

    example: Example
    png: bytes


def examples(
    fields: Sequence[Field],
    found: Sequence[Outcomes],
    taxonomy: Taxonomy,
    seed: Seed,
    each: int = 12,
) -> tuple[Example, ...]:
    """Return some cells of each kind: the surest false alarms, and any others, drawn at random.

    Args:
        fields: the regions.
        found: what became of their cells.
        taxonomy: the classes.
        seed: root of the streams "examples".
        each: how many of each kind, at the most; no region gives more of them to choose from.
    """
    chosen: list[Example] = []
    for number, kind in enumerate(KINDS):
        places = [
            (row, int(place))
            for row, (field, of_field) in enumerate(zip(fields, found, strict=True))
            for place in _some(kind, field, of_field, seed.stream("examples", number, row), each)
        ]
        order = seed.stream("examples", number).permutation(len(places)).tolist()
        if kind == "false alarm":
            order.sort(key=lambda at: -fields[places[at][0]].detections.score[places[at][1]])
        chosen.extend(_example(kind, places[at], fields, found, taxonomy) for at in order[:each])
    return tuple(chosen)


def pictures(
    chosen: Sequence[Example],
    fields: Sequence[Field],
    taxonomy: Taxonomy,
    radius: float,
    source: PixelSource,
) -> tuple[Picture, ...]:
    """Return a picture of each cell.

    Args:
        chosen: the cells.
        fields: the regions they lie in.
        taxonomy: the colours of the classes.
        radius: accepted distance in base pixels, which sets how much is shown.
        source: where the pixels come from; it has all images of the cells.
    """
    side = max(24, round(_RADII * radius))
    made = []
    for example in chosen:
        box = Box(round(example.x - side / 2), round(example.y - side / 2), side, side)
        pixels = source.pixels(example.image, box)
        png = _drawn(pixels, example, box, fields[example.row], taxonomy, radius)
        made.append(Picture(example, png))
    return tuple(made)


def _some(
    kind: Kind, field: Field, found: Outcomes, random: np.random.Generator, most: int
) -> Ints:
    """Return rows of a region's points, or of its detections for false alarms."""
    if kind == "false alarm":
        rows = random.permutation(np.flatnonzero(found.in_vain))
        surest = np.argsort(-field.detections.score[rows], kind="stable")
        return rows[surest[:most]]
    of_kind = {
        "hit": found.found,
        "other class": found.confused,
        "missed": ~found.found & ~found.confused,
    }[kind]
    return random.permutation(np.flatnonzero(of_kind))[:most]


def _example(
    kind: Kind,
    place: tuple[int, int],
    fields: Sequence[Field],
    found: Sequence[Outcomes],
    taxonomy: Taxonomy,
) -> Example:
    row, cell = place
    field, names = fields[row], taxonomy.names
    cells = field.detections if kind == "false alarm" else field.points
    caption = names[cells.class_index[cell]]
    if kind == "false alarm":
        caption += f", score {field.detections.score[cell]:.2f}"
    elif kind == "other class":
        taken_for = found[row].taken_for[cell]
        caption += f", taken for {names[field.detections.class_index[taken_for]]}"
    x, y = cells.xy[cell]
    return Example(kind, field.name, float(x), float(y), caption, row)


def _drawn(
    pixels: Pixels, example: Example, box: Box, field: Field, taxonomy: Taxonomy, radius: float
) -> bytes:
    side = _PICTURE * _FINER
    zoom = side / box.width
    picture = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    x, y = (example.x - box.left) * zoom, (example.y - box.top) * zoom
    reach = radius * zoom
    draw.ellipse((x - reach, y - reach, x + reach, y + reach), outline="white", width=_FINER)
    for mark_x, mark_y, color in _marks(field.points.xy, field.points.class_index, box, taxonomy):
        around = _around(mark_x * zoom, mark_y * zoom, 8 * _FINER)
        draw.ellipse(around, outline=color, width=2 * _FINER)
    found = field.detections
    for mark_x, mark_y, color in _marks(found.xy, found.class_index, box, taxonomy):
        around = _around(mark_x * zoom, mark_y * zoom, 3 * _FINER)
        draw.ellipse(around, fill=color, outline="white", width=_FINER)
    content = io.BytesIO()
    picture.resize((_PICTURE, _PICTURE), Image.Resampling.LANCZOS).save(content, "PNG")
    return content.getvalue()


def _marks(
    xy: Floats, class_index: Ints, box: Box, taxonomy: Taxonomy
) -> Iterator[tuple[float, float, str]]:
    """Yield place in the box and colour of the cells that lie in it."""
    for row in np.flatnonzero(box.contains(xy)).tolist():
        x, y = xy[row] - (box.left, box.top)
        yield float(x), float(y), taxonomy.classes[class_index[row]].color


def _around(x: float, y: float, size: float) -> tuple[float, float, float, float]:
    return x - size, y - size, x + size, y + size
