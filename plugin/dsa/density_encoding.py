"""A map of density as an annotation that the archive takes in; no traffic, no files, no clock.

Positions are base pixels with the origin at the slide's outer upper-left corner, as in the archive. The
viewer draws a heat map only if it is alone in its annotation; the squares of a grid are rectangles, each of
which says its density.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from patherea_core.geometry import Floats
from plugin.dsa.annotation_codec import Json
from plugin.dsa.annotation_encoding import element_id, opening, text_of

#: What the attributes of such an annotation say of its kind.
DENSITY_KIND = "density"

#: From few cells to many: colours that neither stain has, and that let the tissue show through.
_COLOURS = ("#2c7bb640", "#00a6ca70", "#90eb9d90", "#f9d05790", "#e76818a0", "#d7191cb0")

#: Sides of a square over which its spot of a heat map fades out.
_SPOT = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """Squares of a slide in which there are cells.

    Attributes:
        xy: (N, 2) their middles in base pixels.
        density: (N,) cells per mm², all positive; N is at least 1.
        side: of each, in base pixels.
    """

    xy: Floats
    density: Floats
    side: float


@dataclass(frozen=True, slots=True, eq=False)
class DensityHead:
    """What an annotation says besides its squares.

    Attributes:
        name: what it is called.
        run_id: names the run and this map; no other annotation has the same.
        attributes: where the cells came from.
        visible: whether the viewer shows it as soon as the slide is opened.
    """

    name: str
    run_id: str
    attributes: Json
    visible: bool = True


def encoded_heat_map(squares: Squares, head: DensityHead) -> bytes:
    """Return the text of an annotation with one heat map, whose spots grow as the viewer zooms in."""
    highest = float(squares.density.max())
    steps = len(_COLOURS)
    element = {
        "type": "heatmap",
        "id": element_id(head.run_id, 0),
        "group": DENSITY_KIND,
        "points": [
            [round(x, 1), round(y, 1), 0, round(density, 1)]
            for (x, y), density in zip(squares.xy.tolist(), squares.density.tolist(), strict=True)
        ],
        "radius": round(_SPOT * squares.side, 1),
        "colorRange": ["#2c7bb600", *_COLOURS],
        "rangeValues": [round(highest * step / steps, 3) for step in range(steps + 1)],
        "normalizeRange": False,
        "scaleWithZoom": True,
    }
    return _annotation([element], head)


def encoded_grid(squares: Squares, head: DensityHead) -> bytes:
    """Return the text of an annotation with a rectangle for each square; its label says its density."""
    highest = float(squares.density.max())
    elements = [
        {
            "type": "rectangle",
            "id": element_id(head.run_id, row),
            "center": [round(x, 1), round(y, 1), 0],
            "width": round(squares.side, 1),
            "height": round(squares.side, 1),
            "rotation": 0,
            "group": DENSITY_KIND,
            "label": {"value": f"{density:.0f} per mm2"},
            "lineColor": _colour(density / highest),
            "lineWidth": 0,
            "fillColor": _colour(density / highest),
            "user": {"density": round(density, 1)},
        }
        for row, ((x, y), density) in enumerate(
            zip(squares.xy.tolist(), squares.density.tolist(), strict=True)
        )
    ]
    return _annotation(elements, head)


def _colour(share: float) -> str:
    return _COLOURS[min(int(share * len(_COLOURS)), len(_COLOURS) - 1)]


def _annotation(elements: Sequence[Any], head: DensityHead) -> bytes:
    ours = {"kind": DENSITY_KIND, **head.attributes}
    start = opening(head.name, "cells per square millimetre", ours, visible=head.visible)
    return start + text_of(elements)[1:].encode("ascii") + b"}"
