"""A run of detections on a slide of the stand-in archive, ready to be reviewed."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from patherea_core.cells import CellsInMemory
from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.outputs.annotation_file import annotation_of
from plugin.outputs.results import Results, SlideCells
from tests.plugin.archive import FakeArchive, identifier

TAXONOMY = Taxonomy.of(["positive", "negative"])
ITEM = identifier(1)
ROBOT, ANN, BOB = "a" * 24, "b" * 24, "c" * 24

#: Base pixels: two cells of each class, far from each other.
CELLS = ((20.0, 20.0, 0), (60.0, 20.0, 0), (20.0, 60.0, 1), (60.0, 60.0, 1))


def written(*rows: tuple[float, float, int], slide: str = "s.tif", **facts: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the annotation that a run writes."""
    table = np.array(rows or CELLS, dtype=float).reshape(-1, 3)
    cells = Detections(
        table[:, :2], table[:, 2].astype(np.int64), np.linspace(0.9, 0.6, len(table))
    )
    results = Results(
        [SlideCells(slide, CellsInMemory(cells))], TAXONOMY, "Cells run", "run", facts
    )
    return annotation_of(results)


def push(archive: FakeArchive, document: Mapping[str, Any], item: str = ITEM) -> str:
    """Add an annotation as a run does and return its id."""
    annotation = archive.annotate(item, name=document["name"])
    entry = archive.annotations[annotation]
    entry |= {"updated": entry["created"], "creatorId": ROBOT, "updatedId": ROBOT}
    entry["annotation"] = dict(document)
    return annotation


def elements(archive: FakeArchive, annotation: str) -> list[dict[str, Any]]:
    """Return copies of the elements of an annotation as it is now."""
    return [dict(one) for one in archive.annotations[annotation]["annotation"]["elements"]]


def archive_with_run() -> tuple[FakeArchive, str]:
    """Return an archive with one slide of 400 by 300 pixels and one run, and the run's annotation."""
    archive = FakeArchive(logins={ROBOT: "robot", ANN: "ann", BOB: "bob"})
    archive.add_slide("s.tif", b"", (400, 300))
    return archive, push(archive, written())


def correct(archive: FakeArchive, annotation: str, person: str = ANN) -> None:
    """Move the first cell, relabel the second, delete the third, keep the fourth and add one."""
    first, second, _, fourth = elements(archive, annotation)
    first["center"] = [23.0, 24.0, 0]
    second["group"] = "negative"
    new = {"type": "point", "center": [90.0, 90.0, 0], "group": "positive", "id": "d" * 24}
    archive.save(annotation, person, first, second, fourth, new)
