"""A Ki-67 count as annotations of its slide: regions and hotspots with their figures, and the index as a map.

Positions are base pixels with the origin at the slide's outer upper-left corner, as in the archive.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely

from patherea_core.index.hotspots import Hotspot
from patherea_core.index.samples import CountingRegion
from patherea_core.index.surface import Surface
from patherea_core.regions import Outline
from plugin.dsa.annotation_encoding import element_id
from plugin.index.counting import Estimated
from plugin.index.report import KI67_KIND, Ki67Report, estimated_figures, report_figures
from plugin.outputs.ki67_drawing import HOTSPOT, REGION
from plugin.outputs.ki67_words import interval_words, percent

#: What the attributes of a map say of its kind.
SURFACE_KIND = "ki67 surface"

#: From an index of 0, through which the tissue is seen, to the highest one. The viewer knows no more colours.
_CLEAR, _HIGHEST = "#d7191c00", "#d7191c90"
#: Of places with too few cells for an index.
_UNDEFINED = -1.0


def count_annotation(report: Ki67Report, name: str) -> dict[str, Any] | None:
    """Return the regions and hotspots of a count, each with its figures; None if there are none.

    Args:
        report: of one slide.
        name: what the annotation is called.
    """
    elements = list(_elements(report))
    if not elements:
        return None
    return {
        "name": name,
        "description": f"Ki-67 index: {_words(report.count.headline)}; research use only",
        "display": {"visible": True},
        "attributes": {
            "patherea": {**_plain(report_figures(report)), **_source(report, KI67_KIND)}
        },
        "elements": elements,
    }


def surface_annotation(surface: Surface, report: Ki67Report, name: str) -> dict[str, Any]:
    """Return the index all over a slide; where there are too few cells nothing is drawn.

    Args:
        surface: with an index in one place at the least.
        report: where it came from.
        name: what the annotation is called.
    """
    height, width = surface.share.shape
    values = np.where(np.isnan(surface.share), _UNDEFINED, surface.share)
    middle, highest = surface.step / 2, float(np.nanmax(surface.share))
    element = {
        "type": "griddata",
        "id": element_id(f"{report.run_id}-surface", 0),
        "group": SURFACE_KIND,
        "interpretation": "contour",
        "origin": [surface.left + middle, surface.top + middle, 0],
        "dx": surface.step,
        "dy": surface.step,
        "gridWidth": width,
        "values": np.round(values, 4).ravel().tolist(),
        "colorRange": [_CLEAR, _HIGHEST],
        "rangeValues": [0.0, highest],
        "minColor": _CLEAR,
        "maxColor": _HIGHEST,
    }
    return {
        "name": name,
        "description": f"Ki-67 index around each place, from 0 (clear) to {percent(highest)} (red)",
        "display": {"visible": False},
        "attributes": {
            "patherea": {
                **_source(report, SURFACE_KIND, "-surface"),
                "window_um": surface.window_micrometres,
                "sites": [height, width],
                "highest": highest,
            }
        },
        "elements": [element],
    }


def _source(report: Ki67Report, kind: str, part: str = "") -> dict[str, Any]:
    run = f"{report.run_id}{part}"
    return {"kind": kind, "run": run, "slide": report.name, **report.made}


def _elements(report: Ki67Report) -> Iterator[dict[str, Any]]:
    slide, count, row = report.slides[0], report.count, 0
    for region, estimated in zip(slide.regions, count.regions, strict=True):
        for outline in shapely.get_parts(region.outline):
            yield _region(outline, region, estimated, element_id(report.run_id, row))
            row += 1
    spots = count.hotspots.found if count.hotspots else ()
    for number, (spot, estimated) in enumerate(zip(spots, count.spots, strict=True), start=1):
        yield _square(spot, estimated, number, element_id(report.run_id, row))
        row += 1


def _region(
    outline: Outline, region: CountingRegion, estimated: Estimated, identifier: str
) -> dict[str, Any]:
    return {
        "type": "polyline",
        "closed": True,
        "points": _corners(outline.exterior),
        "holes": [_corners(hole) for hole in outline.interiors],
        **_told(f"{region.name}: {_words(estimated)}", "Ki-67 region", REGION, identifier),
        "user": {**_plain(estimated_figures(estimated)), "weight": region.weight},
    }


def _square(spot: Hotspot, estimated: Estimated, number: int, identifier: str) -> dict[str, Any]:
    middle = [spot.left + spot.side / 2, spot.top + spot.side / 2, 0]
    return {
        "type": "rectangle",
        "center": middle,
        "width": spot.side,
        "height": spot.side,
        "rotation": 0,
        **_told(f"Hotspot {number}: {_words(estimated)}", "Ki-67 hotspot", HOTSPOT, identifier),
        "user": {
            **_plain(estimated_figures(estimated)),
            "rank": number,
            "expected_index": spot.expected.value,
            "chance_another_is_higher": spot.chance_another_is_higher,
        },
    }


def _told(label: str, group: str, colour: str, identifier: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "group": group,
        "label": {"value": label},
        "lineColor": colour,
        "lineWidth": 3,
    }


def _words(estimated: Estimated) -> str:
    """Return an index with its interval, and beside it the corrected one if there is one."""
    counted, fixed = estimated.counted, estimated.corrected
    if counted.value is None:
        return "undefined, no tumour cell"
    words = f"{percent(counted.value)} ({interval_words(counted.interval)})"
    if fixed is None or fixed.value is None:
        return words
    return f"{words}, corrected {percent(fixed.value)} ({interval_words(fixed.interval)})"


def _corners(ring: shapely.LinearRing) -> list[list[float]]:
    return [[x, y, 0.0] for x, y in shapely.get_coordinates(ring)[:-1].tolist()]


def _plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures with keys that the archive's database accepts; a class may be called anything."""
    return {
        str(key).replace(".", "_").replace("$", "_"): _plain(value)
        if isinstance(value, Mapping)
        else value
        for key, value in figures.items()
    }
