"""Cells as the annotation file that the archive takes in; it holds the cells of one slide."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patherea_core.cells import Cells, CellsInMemory, gathered
from patherea_core.files import replacing
from plugin.dsa import annotation_encoding
from plugin.dsa.annotation_encoding import AnnotationHead
from plugin.outputs.results import Results

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class AnnotationText:
    """One annotation that is still to be written.

    Attributes:
        name: what it is called.
        cells: how many it holds.
        pieces: of its JSON; they can be gone through once.
    """

    name: str
    cells: int
    pieces: Iterator[bytes]


def annotation_texts(results: Results) -> Iterator[AnnotationText]:
    """Yield the one slide's cells as annotations that the archive's viewer can edit.

    There is one, unless there are too many cells; then their names say which part they are. Only the cells
    of one and a piece of its text are in memory.
    """
    (cells,) = results.slides
    size = annotation_encoding.POINTS_PER_ANNOTATION
    if len(cells) <= size:
        yield _text(results, cells.cells, results.name, "")
        return
    count = -(-len(cells) // size)
    for number, block in enumerate(gathered(cells.cells.parts(), size), start=1):
        part, name = CellsInMemory(block.detections), f"{results.name}, part {number} of {count}"
        yield _text(results, part, name, f"-{number}")


def annotation_of(results: Results) -> dict[str, Any]:
    """Return all cells of the one slide of a run as one annotation, however many they are."""
    document: dict[str, Any] = json.loads(b"".join(_whole(results)))
    return document


def write_annotation(path: Path, results: Results) -> None:
    """Write the annotation of the one slide of a run, in ASCII."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.writelines(_whole(results))


def _whole(results: Results) -> Iterator[bytes]:
    (cells,) = results.slides
    if len(cells) > annotation_encoding.POINTS_PER_ANNOTATION:
        log.warning(
            "%s cells are more than the archive's viewer can edit in one annotation; "
            "run on regions, or take a table",
            len(cells),
        )
    return _encoded(results, cells.cells, results.name, "")


def _text(results: Results, part: Cells, name: str, suffix: str) -> AnnotationText:
    return AnnotationText(name, len(part), _encoded(results, part, name, suffix))


def _encoded(results: Results, part: Cells, name: str, suffix: str) -> Iterator[bytes]:
    """Yield the text of some of the cells; the suffix keeps the ids of their points apart from others'."""
    (cells,) = results.slides
    head = AnnotationHead(
        name=name,
        run_id=results.run_id + suffix,
        attributes={"slide": cells.slide, **results.facts, "run": results.run_id},
        description=f"{len(part)} cells found by Patherea, run {results.run_id}",
    )
    return annotation_encoding.encoded(part, results.taxonomy, head)
