"""The pictures of a Ki-67 count: the slide with regions and hotspots, and the chances of the grades."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Curve

from patherea_core.geometry import Pixels
from patherea_core.index.kinds import KindedCells
from patherea_core.regions import Outline
from patherea_core.seeding import Seed
from plugin.index.counting import CellsOfSlide
from plugin.index.report import Ki67Report

INK, SOFT = "#1d2433", "#5b6577"
#: Neither stain nor cells have them.
REGION, HOTSPOT = "#0072b2", "#d1008f"
_POSITIVE, _NEGATIVE = "#7a4a21", "#4a6fa5"
#: From the lowest grade to the highest.
_SHADES = ("#dbe7f0", "#8db4d2", "#2f6f9f")
#: Cells in one picture; more cannot be told apart.
_MOST_CELLS = 20_000
#: Base pixels along the sides of the picture of a slide without pixels, at the least.
_LEAST_SIDE = 100.0
_DPI = 150


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What the picture of a count shows.

    Attributes:
        width: of the slide in base pixels, or as far as cells reach.
        height: the same.
        overview: (H, W, 3) the slide in few pixels; None draws its cells on white.
    """

    width: float
    height: float
    overview: Pixels | None = None


def scene_around(report: Ki67Report) -> Scene:
    """Return the part of a slide without pixels in which there are cells and regions."""
    slide = shown_slide(report)
    ends = [slide.cells.xy.max(axis=0)] if len(slide.cells) else []
    ends += [np.array(region.outline.bounds[2:]) for region in slide.regions]
    width, height = np.max(ends, axis=0) if ends else (_LEAST_SIDE, _LEAST_SIDE)
    return Scene(float(max(width, _LEAST_SIDE)), float(max(height, _LEAST_SIDE)))


def shown_slide(report: Ki67Report) -> CellsOfSlide:
    """Return the slide in the picture: of several the first one with a tumour cell."""
    slides = report.slides
    return next((slide for slide in slides if len(slide.counted().tumour())), slides[0])


def picture_words(report: Ki67Report, scene: Scene) -> str:
    """Return in words what the picture shows, and of which image."""
    slide, spots, said = shown_slide(report), report.count.hotspots, []
    if len(report.slides) > 1:
        said.append(f"{slide.name}, one of {len(report.slides)} images.")
    if scene.overview is None:
        tumour = len(slide.cells.tumour())
        said.append(
            "Positive cells brown, negative blue." if tumour else "There is no tumour cell."
        )
    marks = ["regions in blue"] if slide.regions else []
    marks += ["hotspots in magenta, the highest first"] if spots and spots.found else []
    if marks:
        words = ", ".join(marks)
        said.append(f"{words[0].upper()}{words[1:]}.")
    return " ".join(said) or "The slide."


def draw_scene(axes: Axes, report: Ki67Report, scene: Scene) -> None:
    """Draw the slide, the regions that were counted, and the hotspots with their numbers."""
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_color("#d8dde6")
    slide, spots = shown_slide(report), report.count.hotspots
    if scene.overview is None:
        _draw_cells(axes, slide.cells, report.count.settings.seed)
    else:
        extent = (0.0, scene.width, scene.height, 0.0)
        axes.imshow(scene.overview, extent=extent, interpolation="antialiased")
    for region in slide.regions:
        axes.add_patch(_patch(region.outline))
        left, top = region.outline.bounds[:2]
        _name(axes, left, top, region.name, REGION)
    for number, spot in enumerate(spots.found if spots else (), start=1):
        square = Rectangle(
            (spot.left, spot.top),
            spot.side,
            spot.side,
            fill=False,
            edgecolor=HOTSPOT,
            linewidth=1.6,
        )
        axes.add_patch(square)
        _name(axes, spot.left, spot.top, str(number), HOTSPOT)
    empty = scene.overview is None and not slide.regions and not len(slide.cells.tumour())
    if empty:
        middle = (scene.width / 2, scene.height / 2)
        axes.text(*middle, "no tumour cell", ha="center", va="center", color=SOFT, fontsize=8)
    elif slide.mpp is not None:
        _draw_scale_bar(axes, scene, slide.mpp)


def draw_grades(axes: Axes, chances: tuple[tuple[str, float], ...]) -> None:
    """Draw one bar that the grades share by their probabilities."""
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    left = 0.0
    for number, (name, share) in enumerate(chances):
        shade = _SHADES[min(number * (len(_SHADES) - 1) // max(len(chances) - 1, 1), 2)]
        axes.add_patch(Rectangle((left, 0.0), share, 1.0, facecolor=shade, edgecolor="white"))
        if share > 0.16:
            light = "white" if shade == _SHADES[-1] else INK
            words = f"{name} {100 * share:.0f} %"
            axes.text(
                left + share / 2, 0.47, words, ha="center", va="center", color=light, fontsize=8
            )
        left += share


def scene_png(report: Ki67Report, scene: Scene) -> bytes:
    """Return the picture as PNG."""
    width, height = _inches(scene, 4.0, 4.6)
    return _drawn((width, height), lambda axes: draw_scene(axes, report, scene), "png")


def grades_svg(chances: tuple[tuple[str, float], ...]) -> str:
    """Return the bar as SVG that stands in a page."""
    text = _drawn((4.0, 0.26), lambda axes: draw_grades(axes, chances), "svg").decode("utf-8")
    return text[text.index("<svg") :]


def _inches(scene: Scene, width: float, height: float) -> tuple[float, float]:
    """Return the largest size with the slide's proportions that is within a width and a height."""
    zoom = min(width / scene.width, height / scene.height)
    return max(zoom * scene.width, 0.4), max(zoom * scene.height, 0.4)


def _drawn(size: tuple[float, float], draw: Callable[[Axes], None], form: str) -> bytes:
    figure = Figure(figsize=size)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    draw(axes)
    content = io.BytesIO()
    with rc_context({"svg.hashsalt": "patherea", "svg.fonttype": "none"}):
        figure.savefig(
            content, format=form, dpi=_DPI, metadata={"Date": None} if form == "svg" else {}
        )
    return content.getvalue()


def _draw_cells(axes: Axes, cells: KindedCells, seed: Seed) -> None:
    tumour = cells.tumour()
    if len(tumour) > _MOST_CELLS:
        rows = seed.stream("cells of a picture").choice(len(tumour), _MOST_CELLS, replace=False)
        tumour = tumour.take(np.sort(rows))
    colours = np.where(tumour.positive, _POSITIVE, _NEGATIVE)
    axes.scatter(tumour.xy[:, 0], tumour.xy[:, 1], s=4, c=colours, linewidths=0)


def _patch(outline: Outline) -> PathPatch:
    rings = [
        ring for part in shapely.get_parts(outline) for ring in (part.exterior, *part.interiors)
    ]
    curves = [Curve(shapely.get_coordinates(ring), closed=True) for ring in rings]
    whole = Curve.make_compound_path(*curves)
    return PathPatch(whole, facecolor="none", edgecolor=REGION, linewidth=1.3)


def _name(axes: Axes, x: float, y: float, name: str, colour: str) -> None:
    box = {"facecolor": colour, "edgecolor": "none", "pad": 1.2}
    short = name if len(name) <= 18 else f"{name[:17]}…"
    axes.text(x, y, short, color="white", fontsize=6.5, va="bottom", bbox=box, clip_on=True)


def _draw_scale_bar(axes: Axes, scene: Scene, mpp: float) -> None:
    """Draw a bar of a round number of micrometres in the lower left corner."""
    power = 10.0 ** np.floor(np.log10(scene.width * mpp / 4))
    most = scene.width * mpp / 4
    length = max(factor * power for factor in (1, 2, 5) if factor * power <= most)
    left, low = 0.03 * scene.width, 0.96 * scene.height
    right = left + length / mpp
    for colour, width in (("white", 5.0), (INK, 2.5)):
        axes.plot([left, right], [low, low], color=colour, linewidth=width, solid_capstyle="butt")
    words = f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"
    box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1.0}
    axes.text(
        (left + right) / 2,
        low - 0.02 * scene.height,
        words,
        ha="center",
        va="bottom",
        fontsize=7,
        bbox=box,
    )
