"""Cells as the annotation file that the archive takes in; it holds the cells of one slide."""

import json
import logging
from pathlib import Path
from typing import Any

from patherea_core.files import write_whole
from patherea_core.points import Detections
from plugin.dsa import annotation_codec
from plugin.outputs.results import Results

log = logging.getLogger(__name__)


def annotations_of(results: Results) -> tuple[dict[str, Any], ...]:
    """Return the one slide's cells as annotations, each of which the archive's viewer can edit.

    There is one, unless there are too many cells; then their names say which part they are.
    """
    (cells,) = results.slides
    parts = annotation_codec.blocks(cells.detections)
    if len(parts) == 1:
        return (annotation_of(results),)
    return tuple(
        _annotation(results, part, f"{results.name}, part {number} of {len(parts)}", f"-{number}")
        for number, part in enumerate(parts, start=1)
    )


def annotation_of(results: Results) -> dict[str, Any]:
    """Return all cells of the one slide of a run as one annotation, however many they are."""
    (cells,) = results.slides
    if len(cells.detections) > annotation_codec.POINTS_PER_ANNOTATION:
        log.warning(
            "%s cells are more than the archive's viewer can edit in one annotation; "
            "run on regions, or take a table",
            len(cells.detections),
        )
    return _annotation(results, cells.detections, results.name, "")


def _annotation(results: Results, part: Detections, name: str, suffix: str) -> dict[str, Any]:
    """Return some of the cells; the suffix keeps the ids of their points apart from other parts'."""
    (cells,) = results.slides
    return annotation_codec.encode(
        part,
        results.taxonomy,
        name=name,
        run_id=results.run_id + suffix,
        attributes={"slide": cells.slide, **results.facts, "run": results.run_id},
        description=f"{len(part)} cells found by Patherea, run {results.run_id}",
    )


def write_annotation(path: Path, results: Results) -> None:
    """Write the annotation of the one slide of a run, in ASCII."""
    document = annotation_of(results)
    write_whole(path, json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii"))
