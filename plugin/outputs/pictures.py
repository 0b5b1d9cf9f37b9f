"""A picture of what was found: the slide, the labelled points, the detections, and which hit which."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon as Patch

from patherea_core.errors import InputError
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.outcomes import Outcomes
from patherea_core.files import write_whole
from patherea_core.geometry import Box, Floats, Ints, Pixels
from patherea_core.taxonomy import Taxonomy

_DPI = 100
_MISSED, _FALSE, _OTHER, _FOUND, _EDGE = "#fff200", "#ff1744", "#e040fb", "#ffffff", "#212121"

#: Picture pixels along the longer side of one field, and at most this many for each slide pixel.
_PANEL, _LARGEST_ZOOM = 1500, 3.0


@dataclass(frozen=True, slots=True, eq=False)
class MatchedField:
    """One region with its cells, and what became of them; base pixels.

    Attributes:
        title: of its picture.
        pixels: (H, W, 3) RGB of the box, at any scale.
        box: where the pixels lie on the slide.
        field: the region.
        outcomes: what became of its cells.
    """

    title: str
    pixels: Pixels
    box: Box
    field: Field
    outcomes: Outcomes

    def counts(self, row: int) -> Counts:
        """Return the hits and misses of one class."""
        found, hit = self.outcomes.found, self.outcomes.hit
        of_points = self.field.points.class_index == row
        of_detections = self.field.detections.class_index == row
        return Counts(
            true_positives=int(np.count_nonzero(hit & of_detections)),
            false_positives=int(np.count_nonzero(~hit & of_detections)),
            false_negatives=int(np.count_nonzero(~found & of_points)),
        )


def draw_matches(
    path: Path, fields: Sequence[MatchedField], taxonomy: Taxonomy, mpp: float
) -> None:
    """Write a PNG with one picture for each field, a legend and scale bars.

    Args:
        path: the file to write, whole or not at all.
        fields: what to draw.
        taxonomy: names and colours of the classes.
        mpp: micrometres per base pixel.

    Raises:
        InputError: there is no field.
        OutputError: the file cannot be written.
    """
    if not fields:
        raise InputError("there is nothing to draw; give at least one region")
    columns = math.ceil(math.sqrt(len(fields)))
    rows = math.ceil(len(fields) / columns)
    panel = _PANEL / columns if columns > 2 else _PANEL
    zoom = min(_LARGEST_ZOOM, *(panel / max(field.box.width, field.box.height) for field in fields))
    width = zoom * max(field.box.width for field in fields) * columns + 40 * (columns + 1)
    height = zoom * max(field.box.height for field in fields) * rows + 86 * rows + 90
    figure = Figure(figsize=(max(width, 900) / _DPI, height / _DPI), dpi=_DPI, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, field in zip(panels, fields, strict=False):
        _draw_field(axes, field, taxonomy, zoom)
        _draw_scale_bar(axes, field, mpp)
    for axes in panels[len(fields) :]:
        axes.set_axis_off()
    figure.legend(
        handles=_legend(taxonomy),
        loc="outside lower center",
        ncols=len(taxonomy) * 2 + 4,
        facecolor="#bdbdbd",
        framealpha=1.0,
    )
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    write_whole(path, content.getvalue())


def _draw_field(axes: Axes, matched: MatchedField, taxonomy: Taxonomy, zoom: float) -> None:
    box, field, found = matched.box, matched.field, matched.outcomes
    axes.imshow(matched.pixels, extent=(box.left, box.right, box.bottom, box.top))
    axes.set_title(_title(matched, taxonomy), fontsize=10, loc="left")
    axes.set_axis_off()
    for part in [] if field.area is None else getattr(field.area, "geoms", [field.area]):
        edge = np.asarray(part.exterior.coords)
        axes.add_patch(Patch(edge, fill=False, edgecolor=_EDGE, linewidth=1.2, ls="--"))
    points, detections = field.points, field.detections
    ring = _square_points(13, zoom)
    _rings(axes, points.xy[found.found], ring, _FOUND, 1.8)
    _rings(axes, points.xy, ring, _colors(taxonomy, points.class_index), 0.9)
    axes.scatter(
        detections.xy[:, 0],
        detections.xy[:, 1],
        s=_square_points(4, zoom),
        c=_colors(taxonomy, detections.class_index),
        edgecolors="white",
        linewidths=0.4,
    )
    lost = points.xy[~found.found & ~found.confused]
    axes.scatter(lost[:, 0], lost[:, 1], s=ring, c=_MISSED, marker="x", linewidths=1.4)
    _rings(axes, detections.xy[found.in_vain], _square_points(16, zoom), _FALSE, 1.2, marker="s")
    _rings(axes, points.xy[found.confused], _square_points(19, zoom), _OTHER, 1.4, marker="D")
    axes.set_xlim(box.left, box.right)
    axes.set_ylim(box.bottom, box.top)


def _rings(
    axes: Axes, xy: Floats, size: float, colors: str | list[str], width: float, marker: str = "o"
) -> None:
    axes.scatter(
        xy[:, 0],
        xy[:, 1],
        s=size,
        facecolors="none",
        edgecolors=colors,
        linewidths=width,
        marker=marker,
    )


def _colors(taxonomy: Taxonomy, class_index: Ints) -> list[str]:
    return [taxonomy.classes[row].color for row in class_index]


def _draw_scale_bar(axes: Axes, field: MatchedField, mpp: float) -> None:
    """Draw a bar of a round number of micrometres in the lower left corner."""
    box = field.box
    length = _round_length(box.width * mpp / 5)
    left, bottom = box.left + 0.03 * box.width, box.bottom - 0.035 * box.height
    right = left + length / mpp
    for color, width in (("white", 7), ("black", 4)):
        axes.plot([left, right], [bottom, bottom], color=color, lw=width, solid_capstyle="butt")
    axes.text(
        (left + right) / 2,
        bottom - 0.012 * box.height,
        f"{length:g} µm",
        ha="center",
        va="bottom",
        fontsize=12,
        bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.5},
    )


def _round_length(most: float) -> float:
    """Return the largest of 1, 2 or 5 times a power of ten that is not above ``most``."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(factor * power for factor in (1, 2, 5) if factor * power <= most)


def _title(matched: MatchedField, taxonomy: Taxonomy) -> str:
    """Return the title of a picture: what it shows, and below it the F1 of each class."""
    scores = []
    for row, name in enumerate(taxonomy.names):
        f1 = matched.counts(row).f1
        scores.append(f"{name} –" if f1 is None else f"{name} {f1:.2f}")
    return f"{matched.title}\nF1: {', '.join(scores)}"


def _legend(taxonomy: Taxonomy) -> list[Line2D]:
    labelled = [
        Line2D([], [], ls="", marker="o", c=item.color, mfc="none", ms=10, mew=1.5)
        for item in taxonomy.classes
    ]
    detected = [Line2D([], [], ls="", marker="o", c=item.color, ms=5) for item in taxonomy.classes]
    verdicts = [
        Line2D([], [], ls="", marker="o", c=_FOUND, mfc="none", ms=12, mew=2, label="found"),
        Line2D([], [], ls="", marker="x", c=_MISSED, ms=9, mew=2, label="missed"),
        Line2D([], [], ls="", marker="s", c=_FALSE, mfc="none", ms=10, mew=1.5, label="false"),
        Line2D([], [], ls="", marker="D", c=_OTHER, mfc="none", ms=9, mew=1.5, label="other class"),
    ]
    for entry, item in zip(labelled, taxonomy.classes, strict=True):
        entry.set_label(f"{item.name}, labelled")
    for entry, item in zip(detected, taxonomy.classes, strict=True):
        entry.set_label(f"{item.name}, detected")
    return [*labelled, *detected, *verdicts]


def _square_points(pixels: float, zoom: float) -> float:
    """Return the area in square points of a marker that is so many slide pixels across."""
    return float((pixels * zoom * 72 / _DPI) ** 2)
