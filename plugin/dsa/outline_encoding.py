"""Outlines as the text of an annotation that the archive takes in; no traffic, no files, no clock.

Positions are base pixels with the origin at the slide's outer upper-left corner, as in the archive. All
outlines are of one group and have the same keys. The text is ASCII.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import shapely

from patherea_core.geometry import Floats
from plugin.dsa.annotation_codec import OUTLINES_KIND, Json
from plugin.dsa.annotation_encoding import element_id, opening, text_of
from plugin.text_columns import fixed, joined

#: A colour that neither stain has, and that no class of cells gets.
_COLOUR = "#f0e442"


@dataclass(frozen=True, slots=True, eq=False)
class OutlineHead:
    """What an annotation says besides its outlines.

    Attributes:
        name: what it is called.
        run_id: names the run and these outlines; no other annotation has the same.
        attributes: where they came from.
        group: of all outlines.
    """

    name: str
    run_id: str
    attributes: Json
    group: str


def encoded_outlines(outlines: Iterable[shapely.Polygon], head: OutlineHead) -> Iterator[bytes]:
    """Yield the text of one annotation with all outlines, piece by piece; holes are kept."""
    yield opening(head.name, "", {"kind": OUTLINES_KIND, **head.attributes})
    separator = b""
    for row, outline in enumerate(outlines):
        yield separator + _outline(outline, element_id(head.run_id, row), head.group)
        separator = b","
    yield b"]}"


def _outline(outline: shapely.Polygon, identifier: str, group: str) -> bytes:
    """Return a closed line; the archive closes it, so that no corner stands twice."""
    style: dict[str, Any] = {
        "type": "polyline",
        "id": identifier,
        "closed": True,
        "group": group,
        "label": {"value": group},
        "lineColor": _COLOUR,
        "lineWidth": 2,
    }
    holes = b",".join(_corners(hole) for hole in outline.interiors)
    return b'%b,"points":%b,"holes":[%b]}' % (
        text_of(style).encode("ascii")[:-1],
        _corners(outline.exterior),
        holes,
    )


def _corners(ring: shapely.LinearRing) -> bytes:
    """Return the corners of a ring, to a tenth of a pixel."""
    xy: Floats = shapely.get_coordinates(ring)[:-1]
    return b"[%b]" % joined("[", fixed(xy[:, 0], 1), ",", fixed(xy[:, 1], 1), ",0],")[:-1]
