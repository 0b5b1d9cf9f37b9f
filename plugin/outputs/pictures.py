"""A picture of what was found: the slide, the labelled points, the detections, and which hit which."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon as Patch

from patherea_core.errors import InputError
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.pairing import pair
from patherea_core.files import write_whole
from patherea_core.geometry import Bools, Box, Floats, Ints, Pixels
from patherea_core.points import Detections, Points
from patherea_core.regions import Outline
from patherea_core.taxonomy import Taxonomy

_DPI = 100
_MISSED, _FALSE, _FOUND = "#fff200", "#ff1744", "#ffffff"

#: Picture pixels along the longer side of one field, and at most this many for each slide pixel.
_PANEL, _LARGEST_ZOOM = 1500, 3.0


@dataclass(frozen=True, slots=True, eq=False)
class MatchedField:
    """One region with its points and detections, and which of them belong together; base pixels.

    Attributes:
        name: title of its picture.
        pixels: (H, W, 3) RGB of the box, at any scale.
        box: where the pixels lie on the slide.
        points: cells as a person labelled them.
        detections: cells as the model found them.
        found: (N,) whether a detection of its class hit the point.
        hit: (D,) whether the detection hit a point of its class.
        outline: the area where cells were labelled; None if that is not known.
    """

    name: str
    pixels: Pixels
    box: Box
    points: Points
    detections: Detections
    found: Bools
    hit: Bools
    outline: Outline | None = None

    @classmethod
    def match(
        cls,
        name: str,
        pixels: Pixels,
        box: Box,
        cells: tuple[Points, Detections],
        radius: float,
        outline: Outline | None = None,
    ) -> Self:
        """Return the field with its points and detections paired class by class.

        Args:
            name: title of its picture.
            pixels: (H, W, 3) RGB of the box, at any scale.
            box: where the pixels lie on the slide, in base pixels.
            cells: points and detections in base pixels.
            radius: accepted distance in base pixels.
            outline: the area where cells were labelled.
        """
        points, detections = cells
        found = np.zeros(len(points), dtype=np.bool_)
        hit = np.zeros(len(detections), dtype=np.bool_)
        for row in np.unique(points.class_index):
            of_points = np.flatnonzero(points.class_index == row)
            of_detections = np.flatnonzero(detections.class_index == row)
            pairs = pair(detections.xy[of_detections], points.xy[of_points], radius)
            found[of_points[pairs.point_rows]] = True
            hit[of_detections[pairs.detection_rows]] = True
        return cls(name, pixels, box, points, detections, found, hit, outline)

    def counts(self, row: int) -> Counts:
        """Return the hits and misses of one class."""
        of_points = self.points.class_index == row
        of_detections = self.detections.class_index == row
        return Counts(
            true_positives=int(np.count_nonzero(self.hit & of_detections)),
            false_positives=int(np.count_nonzero(~self.hit & of_detections)),
            false_negatives=int(np.count_nonzero(~self.found & of_points)),
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
    height = zoom * max(field.box.height for field in fields) * rows + 70 * rows + 90
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
        ncols=len(taxonomy) * 2 + 3,
        facecolor="#bdbdbd",
        framealpha=1.0,
    )
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    write_whole(path, content.getvalue())


def _draw_field(axes: Axes, field: MatchedField, taxonomy: Taxonomy, zoom: float) -> None:
    box = field.box
    axes.imshow(field.pixels, extent=(box.left, box.right, box.bottom, box.top))
    axes.set_title(_title(field, taxonomy), fontsize=12)
    axes.set_axis_off()
    if field.outline is not None:
        for part in getattr(field.outline, "geoms", [field.outline]):
            edge = np.asarray(part.exterior.coords)
            axes.add_patch(Patch(edge, fill=False, edgecolor="#212121", linewidth=1.2, ls="--"))
    points, found = field.points, field.found
    ring = _square_points(13, zoom)
    _rings(axes, points.xy[found], ring, _FOUND, 2.6)
    _rings(axes, points.xy, ring, _colors(taxonomy, points.class_index), 1.3)
    detections = field.detections
    axes.scatter(
        detections.xy[:, 0],
        detections.xy[:, 1],
        s=_square_points(5, zoom),
        c=_colors(taxonomy, detections.class_index),
        edgecolors="white",
        linewidths=0.5,
    )
    lost = points.xy[~found]
    axes.scatter(lost[:, 0], lost[:, 1], s=ring, c=_MISSED, marker="x", linewidths=1.6)
    wrong = detections.xy[~field.hit]
    _rings(axes, wrong, _square_points(16, zoom), _FALSE, 1.5, marker="s")
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


def _title(field: MatchedField, taxonomy: Taxonomy) -> str:
    scores = []
    for row, name in enumerate(taxonomy.names):
        f1 = field.counts(row).f1
        scores.append(f"{name} –" if f1 is None else f"{name} {f1:.2f}")
    return f"{field.name}:  F1 " + ",  ".join(scores)


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
    ]
    for entry, item in zip(labelled, taxonomy.classes, strict=True):
        entry.set_label(f"{item.name}, labelled")
    for entry, item in zip(detected, taxonomy.classes, strict=True):
        entry.set_label(f"{item.name}, detected")
    return [*labelled, *detected, *verdicts]


def _square_points(pixels: float, zoom: float) -> float:
    """Return the area in square points of a marker that is so many slide pixels across."""
    return float((pixels * zoom * 72 / _DPI) ** 2)
