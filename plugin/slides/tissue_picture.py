"""A picture of the tissue that was found, to look at."""

import numpy as np
import shapely
from PIL import Image, ImageDraw

from patherea_core.geometry import Floats, Pixels
from patherea_core.regions import Outline
from plugin.slides.overview import Overview

#: Share of its light that what is no tissue keeps.
_SHADE = 0.4
_LINE = (0, 114, 178)


def tissue_picture(view: Overview, outline: Outline | None) -> Pixels:
    """Return (H, W, 3) RGB: an overview in which what lies outside of an outline in base pixels is dark."""
    height, width = view.pixels.shape[:2]
    mask = Image.new("L", (width, height))
    lines: list[list[tuple[float, float]]] = []
    for polygon in () if outline is None else shapely.get_parts(outline):
        # A piece of tissue may lie in the hole of another one, so each is drawn by itself.
        piece = Image.new("L", (width, height))
        draw = ImageDraw.Draw(piece)
        for ring, value in ((polygon.exterior, 255), *((hole, 0) for hole in polygon.interiors)):
            corners = _corners(view, np.array(ring.coords))
            draw.polygon(corners, fill=value)
            lines.append(corners)
        mask.paste(255, (0, 0), piece)
    dark = Image.fromarray((view.pixels * _SHADE).astype(np.uint8))
    picture = Image.composite(Image.fromarray(view.pixels), dark, mask)
    for corners in lines:
        ImageDraw.Draw(picture).line(corners, fill=_LINE, width=2)
    return np.array(picture)


def _corners(view: Overview, xy: Floats) -> list[tuple[float, float]]:
    return [(x, y) for x, y in view.from_base(xy).tolist()]
