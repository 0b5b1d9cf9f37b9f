"""What must hold of every loop through an archive, whatever the slides: checks with plain loops."""

from pathlib import Path
from typing import Any

import numpy as np
import shapely

from patherea_core.data.store import read_manifest, read_sample
from patherea_core.evaluation.figures import evaluation_figures
from plugin.dsa.annotations import list_annotations, read_annotation
from plugin.dsa.session import Session
from plugin.sandbox.demo_loop import RADIUS, LoopResult
from tests.plugin.demo.recount import Recount, cells_of, of_class, recount


def annotation_named(session: Session, item_id: str, name: str) -> dict[str, Any]:
    """Return the one annotation of a slide that has this name."""
    (found,) = [entry for entry in list_annotations(session, item_id) if entry.name == name]
    return read_annotation(session, found.id)


def point_elements(annotation: dict[str, Any]) -> dict[str, Any]:
    """Return the point elements of an annotation by their ids."""
    elements = annotation["annotation"]["elements"]
    return {element["id"]: element for element in elements if element["type"] == "point"}


def require_every_point_traced(dataset: Path, elements: dict[str, Any], largest: float) -> None:
    """Check that the dataset holds each element once, where and what it is, and nothing else.

    Args:
        dataset: the dataset folder.
        elements: all exported point elements by id.
        largest: base pixels by which a point may be off.
    """
    manifest = read_manifest(dataset)
    seen: list[str] = []
    for record in manifest.samples:
        sample = read_sample(dataset, manifest, record)
        to_base = manifest.mpp / record.base_mpp
        on_slide = (sample.points.xy + np.array([record.left, record.top])) * to_base
        for element_id, xy, row in zip(
            sample.element_ids, on_slide, sample.points.class_index, strict=True
        ):
            element = elements[element_id]
            assert np.hypot(*(xy - element["center"][:2])) <= largest
            assert manifest.classes[row].name == element["group"]
            seen.append(element_id)
    assert len(seen) == len(set(seen))
    assert set(seen) == set(elements)


def require_inside(annotation: dict[str, Any], region: shapely.Geometry) -> None:
    """Check that every detection lies in the region that was asked for."""
    grown = region.buffer(0.01)  # positions are written with two decimals
    assert all(grown.contains(shapely.Point(x, y)) for x, y, _ in cells_of(annotation))


def require_equal_recount(
    result: LoopResult, found: dict[str, Any], labelled: dict[str, Any]
) -> None:
    """Check every count of the evaluation against a slow one of the annotations in the archive."""
    detections, points = cells_of(found), cells_of(labelled)
    radius = RADIUS.in_pixels(result.manifest.slides[0].base_mpp)
    report: Any = evaluation_figures(result.evaluation)
    lines = report["classes"]
    for name in result.evaluation.taxonomy.names:
        counted = recount(of_class(detections, name), of_class(points, name), radius)
        _require_equal(lines[name], counted)
    counted = recount(detections, points, radius)
    _require_equal(report["detection"], counted)


def _require_equal(line: dict[str, Any], counted: Recount) -> None:
    assert line["tp"] == counted.pairs
    assert line["fp"] == counted.detections - counted.pairs
    assert line["fn"] == counted.points - counted.pairs
