"""The whole slide in one picture with its cells: as dots, or where there are too many, as their density."""

import math
from pathlib import Path
from typing import TypeAlias

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from patherea_core.cells import gathered
from patherea_core.files import replacing
from patherea_core.geometry import Floats
from patherea_core.taxonomy import Taxonomy
from plugin.outputs.results import Results, SlideCells
from plugin.text_columns import ROWS

#: The longer side of the picture, legend included, in its pixels, and the height of a line of the legend.
LARGEST, _LINE = 2000, 36
#: More cells than these are shown as density.
MOST_DOTS = 20_000

_DOT_RADIUS = 3
#: Side of a square of the density in pixels of the picture, and how much of the slide it hides at the most.
_SQUARE, _STRONGEST = 8, 0.85
#: Share of the squares with cells that are not of the strongest shade.
_DENSEST = 0.99

Size: TypeAlias = tuple[int, int]


def write_overlay(path: Path, results: Results) -> None:
    """Write the picture of the one slide of a run as PNG.

    Raises:
        InputError: it is not known how large the slide is.
    """
    (cells,) = results.slides
    picture = draw_overlay(cells, results.taxonomy)
    with replacing(path) as temporary:
        picture.save(temporary, "PNG")


def draw_overlay(cells: SlideCells, taxonomy: Taxonomy) -> Image.Image:
    """Return the slide's overview with its cells and a legend below, RGB, at most 2000 pixels long.

    Raises:
        InputError: it is not known how large the slide is.
    """
    frame = cells.require_frame("a picture")
    room = LARGEST - _LINE * len(taxonomy)
    zoom = min(LARGEST / frame.width, room / frame.height)
    size = max(1, round(frame.width * zoom)), max(1, round(frame.height * zoom))
    slide = _background(cells, size)
    if len(cells) > MOST_DOTS:
        slide, counts = _shaded(slide, cells, taxonomy, zoom)
    else:
        counts = _dotted(slide, cells, taxonomy, zoom)
    picture = Image.new("RGB", (max(size[0], 400), size[1] + _LINE * len(taxonomy)), "white")
    picture.paste(slide)
    _draw_legend(picture, size[1], taxonomy, counts)
    return picture


def _background(cells: SlideCells, size: Size) -> Image.Image:
    if cells.overview is None:
        return Image.new("RGB", size, "white")
    return Image.fromarray(cells.overview).resize(size, Image.Resampling.LANCZOS)


def _dotted(slide: Image.Image, cells: SlideCells, taxonomy: Taxonomy, zoom: float) -> Floats:
    """Draw every cell as a dot, and return how many there are of each class: (T,)."""
    draw, counts = ImageDraw.Draw(slide), np.zeros(len(taxonomy))
    for part in gathered(cells.cells.parts(), ROWS):
        found = part.detections
        counts += np.bincount(found.class_index, minlength=len(taxonomy))
        for (x, y), row in zip((found.xy * zoom).tolist(), found.class_index.tolist(), strict=True):
            around = (x - _DOT_RADIUS, y - _DOT_RADIUS, x + _DOT_RADIUS, y + _DOT_RADIUS)
            draw.ellipse(around, fill=taxonomy.classes[row].color)
    return counts


def _shaded(
    slide: Image.Image, cells: SlideCells, taxonomy: Taxonomy, zoom: float
) -> tuple[Image.Image, Floats]:
    """Return the slide with the density of its cells, and how many there are of each class: (T,).

    The shade of a square grows with the root of its cells, and its colour is the mean of theirs.
    """
    columns, rows = math.ceil(slide.width / _SQUARE), math.ceil(slide.height / _SQUARE)
    counts = np.zeros((len(taxonomy), rows, columns))
    for part in gathered(cells.cells.parts(), ROWS):
        column, row = (part.detections.xy * (zoom / _SQUARE)).astype(np.int64).T
        place = np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
        np.add.at(counts, (part.detections.class_index, *place), 1)
    total = counts.sum(axis=0)
    strong = np.quantile(total[total > 0], _DENSEST)
    alpha = _STRONGEST * np.sqrt(np.minimum(total / strong, 1))
    colors = np.array([ImageColor.getrgb(cell_class.color) for cell_class in taxonomy.classes])
    mean = np.einsum("thw,tc->hwc", counts, colors) / np.maximum(total, 1)[..., np.newaxis]
    # Squares without cells are faded towards, so they have a colour too; it is that of all cells.
    mean[total == 0] = counts.sum(axis=(1, 2)) @ colors / max(total.sum(), 1)
    grid = (columns * _SQUARE, rows * _SQUARE)
    box = (0, 0, slide.width, slide.height)
    shade = Image.fromarray(mean.astype(np.uint8)).resize(grid, Image.Resampling.NEAREST).crop(box)
    mask = Image.fromarray((alpha * 255).astype(np.uint8)).resize(grid, Image.Resampling.BILINEAR)
    return Image.composite(shade, slide, mask.crop(box)), counts.sum(axis=(1, 2))


def _draw_legend(picture: Image.Image, top: int, taxonomy: Taxonomy, counts: Floats) -> None:
    # The font of matplotlib has Latin, Greek, Cyrillic and more letters, unlike that of Pillow.
    font = ImageFont.truetype(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", 20)
    draw = ImageDraw.Draw(picture)
    for row, (cell_class, count) in enumerate(zip(taxonomy.classes, counts, strict=True)):
        y = top + row * _LINE + _LINE / 2
        draw.ellipse((12, y - 8, 28, y + 8), fill=cell_class.color)
        text = f"{cell_class.name}: {int(count):,}"
        draw.text((40, y), text, fill="black", font=font, anchor="lm")
