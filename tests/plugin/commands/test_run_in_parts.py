"""A run whose cells are shared out among annotations is evaluated and reviewed like any other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from patherea_core.cells import CellsInMemory
from patherea_core.evaluation.counts import Counts
from patherea_core.points import Detections
from patherea_core.progress import Silent
from plugin.commands.evaluate_on_item import EvaluateOnItemRequest
from plugin.commands.evaluate_on_item import run as evaluate
from plugin.commands.harvest_review import HarvestRequest
from plugin.commands.harvest_review import run as harvest
from plugin.outputs.annotation_file import annotation_texts
from plugin.outputs.arrangement import ONE, Arrangement
from plugin.outputs.results import Results, SlideCells
from plugin.radius import Radius
from tests.plugin.archive import TOKEN, FakeArchive, point, serving, square
from tests.plugin.review.runs import CELLS, ITEM, ROBOT, TAXONOMY, elements, push

ARRANGEMENTS = (
    ONE,
    Arrangement(per_class=True),
    Arrangement(sure_from=0.75),
    Arrangement(per_class=True, sure_from=0.75),
)


@pytest.fixture
def archive() -> Iterator[FakeArchive]:
    with serving(FakeArchive(logins={ROBOT: "robot"})) as running:
        running.add_slide("s.tif", b"", (400, 300))
        running.annotate(ITEM, square(0, 0, 100), point(21, 20), point(60, 61, "negative"))
        yield running


def pushed(archive: FakeArchive, arrangement: Arrangement) -> list[str]:
    """Add a run to the slide, shared out as is wanted, and return its annotations."""
    table = np.array(CELLS)
    cells = Detections(table[:, :2], table[:, 2].astype(np.int64), np.array([0.9, 0.8, 0.7, 0.6]))
    results = Results([SlideCells("s.tif", CellsInMemory(cells))], TAXONOMY, "Cells run", "run")
    texts = annotation_texts(results, arrangement)
    return [push(archive, json.loads(b"".join(text.pieces))) for text in texts]


def scores(archive: FakeArchive, **more: Any) -> list[Counts]:  # noqa: ANN401
    request = EvaluateOnItemRequest(
        api_url=archive.address,
        token=TOKEN,
        item_id=ITEM,
        radius=Radius(6, "px"),
        points="labels",
        **more,
    )
    return [line.counts for line in evaluate(request, Silent()).lines]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_every_part_of_the_newest_run_is_evaluated(
    archive: FakeArchive, arrangement: Arrangement
) -> None:
    pushed(archive, arrangement)
    assert scores(archive) == [Counts(1, 1, 0), Counts(1, 1, 0)]


def test_a_part_that_is_named_is_evaluated_alone_and_the_log_says_so(
    archive: FakeArchive, caplog: pytest.LogCaptureFixture
) -> None:
    pushed(archive, Arrangement(per_class=True))
    found = scores(archive, detections="Cells run, positive")
    assert found == [Counts(1, 1, 0), Counts(0, 0, 1)]
    assert "holds only some cells of its run, positive" in caplog.text


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_every_part_of_a_run_is_reviewed(
    archive: FakeArchive, arrangement: Arrangement, tmp_path: Path
) -> None:
    annotations = pushed(archive, arrangement)
    last = annotations[-1]
    archive.save(last, ROBOT, *elements(archive, last)[:-1])  # one cell is deleted
    request = HarvestRequest(
        api_url=archive.address,
        token=TOKEN,
        item_id=ITEM,
        labels="",
        report=tmp_path / "report.json",
    )
    assert harvest(request, Silent()).scores.counts.any_class == Counts(3, 1, 0)
