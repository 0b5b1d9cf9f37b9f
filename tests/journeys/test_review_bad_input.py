"""What can be wrong with a review, against a real archive: one sentence each, and nothing half-added."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from patherea_core.cells import CellsInMemory
from patherea_core.errors import (
    AnnotationError,
    InputError,
    PathereaError,
)
from patherea_core.evaluation.counts import Counts
from patherea_core.points import Detections
from patherea_core.progress import Silent
from plugin.commands import harvest_folder
from plugin.commands.harvest_review import HarvestRequest
from plugin.dsa.annotations import list_annotations
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import connect
from plugin.outputs.annotation_file import annotation_of
from plugin.outputs.results import Results, SlideCells
from plugin.review.changes import KINDS
from plugin.review.cohort import Cohort, by_reviewer, pooled
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.test_review import TAXONOMY, People, Slide, new_people, person, reviewed

pytestmark = pytest.mark.dsa

#: Whether the archive keeps earlier states, as the administrator says.
HISTORY = "large_image.annotation_history"


def pushed(folder: Folder, item: str, name: str, *cells: tuple[float, float, int]) -> str:
    """Add a run with some cells, and return the id of its annotation."""
    table = np.array(cells, dtype=float).reshape(-1, 3)
    found = Detections(table[:, :2], table[:, 2].astype(np.int64), np.full(len(table), 0.8))
    results = Results([SlideCells("slide.tif", CellsInMemory(found))], TAXONOMY, name, name)
    session = connect(folder.sandbox.api_url, folder.sandbox.token)
    post_annotation(session, item, annotation_of(results))
    return list_annotations(session, item)[-1].id


@pytest.fixture(scope="module")
def people(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> People:
    return new_people(sandbox, tmp_path_factory.mktemp("people"))


@pytest.fixture
def slide(sandbox: SandboxProcess, people: People, tmp_path: Path) -> Slide:
    folder = Folder(sandbox, tmp_path)
    access = json.dumps({"users": people.entries, "groups": []})
    folder.client.put(f"folder/{folder.id}/access", {"access": access, "public": False})
    item = folder.add_slide()
    annotation = pushed(
        folder, item, "Cells run", (20, 20, 0), (60, 20, 0), (20, 60, 1), (60, 60, 1)
    )
    return Slide(folder, item, annotation, people.ann, people.bob, people.eve)


@pytest.fixture
def no_history(sandbox: SandboxProcess) -> Iterator[None]:
    """Let the archive forget what an annotation was before somebody saved it."""
    client = Folder(sandbox, Path()).client
    client.put("system/setting", {"key": HISTORY, "value": "false"})
    yield
    client.put("system/setting", {"key": HISTORY, "value": "true"})


def refused(slide: Slide, kind: type[PathereaError], *words: str, **settings: Any) -> None:  # noqa: ANN401
    """Harvest, and check that it is refused in one sentence and that nothing was added."""
    before = slide.folder.annotations(slide.item)
    with pytest.raises(kind) as caught:
        slide.harvest(**settings)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert slide.folder.annotations(slide.item) == before


def harvest_all(slide: Slide, **settings: Any) -> Cohort:  # noqa: ANN401
    sandbox = slide.folder.sandbox
    each = HarvestRequest(
        **{"api_url": sandbox.api_url, "token": sandbox.token, "item_id": "", **settings}
    )
    request = harvest_folder.HarvestFolderRequest(folder_id=slide.folder.id, slide=each)
    return harvest_folder.run(request, Silent())


def test_a_run_that_was_deleted_meanwhile_is_not_harvested(slide: Slide) -> None:
    reviewed(slide)
    slide.folder.client.delete(f"annotation/{slide.annotation}")
    refused(slide, InputError, "has no detections that could have been reviewed", "none")


def test_a_reviewed_copy_that_was_deleted_is_named(slide: Slide) -> None:
    refused(slide, InputError, "'by hand' that was reviewed", "'Cells run'", reviewed="by hand")


def test_without_history_a_review_is_refused_and_says_what_to_do(
    slide: Slide,
    no_history: None,  # noqa: ARG001  what the archive is told
) -> None:
    reviewed(slide)
    refused(slide, AnnotationError, "does not keep the first state", "--pushed")


def test_a_run_that_found_nothing_can_be_reviewed(slide: Slide) -> None:
    annotation = pushed(slide.folder, slide.item, "Cells empty")
    document = slide.ann.get(f"annotation/{annotation}")
    new = {"type": "point", "center": [30, 30, 0], "group": "positive"}
    slide.ann.put(f"annotation/{annotation}", json={**document["annotation"], "elements": [new]})
    outcome = slide.harvest(run="Cells empty", labels="")
    assert outcome.scores.counts.any_class == Counts(0, 0, 1)


def test_who_may_not_see_the_slide_learns_nothing_of_it(slide: Slide, people: People) -> None:
    outsider = person(slide.folder, "mallory", 0, [])
    refused(slide, InputError, "or you may not see it", token=outsider.token)
    with pytest.raises(InputError, match="or you may not see it") as caught:
        harvest_all(slide, token=outsider.token)
    assert outsider.token not in str(caught.value)
    assert people.ann.token not in str(caught.value)


def test_what_the_viewer_patches_is_told_by_the_ids_it_names(slide: Slide) -> None:
    first, second, third, _ = slide.read()["annotation"]["elements"]
    # As HistomicsUI 1.8 sends them: each change by the id of its element.
    new = {"type": "point", "id": "1" * 24, "center": [90, 90, 0], "group": "positive"}
    changes = [
        ("replace", {**first, "center": [23, 24, 0]}),
        ("replace", {**second, "group": "negative", "label": {"value": "negative"}}),
        ("add", new),
    ]
    body = [{"op": op, "path": f"elements/id:{one['id']}", "value": one} for op, one in changes]
    body.append({"op": "remove", "path": f"elements/id:{third['id']}"})
    slide.ann.sendRestRequest(
        "PATCH",
        f"annotation/{slide.annotation}",
        data=json.dumps(body),
        headers={"Content-Type": "application/json"},
        jsonResp=False,
    )
    outcome = slide.harvest(labels="")
    kinds = [KINDS[kind] for kind in outcome.changes.kind]
    assert kinds == ["moved", "relabelled", "deleted", "accepted", "added"]
    assert not outcome.changes.by_place.any()
    assert outcome.run.sittings[0].reviewer.startswith("ann")


def test_a_folder_is_harvested_whole_and_each_person_counted(slide: Slide) -> None:
    reviewed(slide)
    other = slide.folder.add_slide()
    pushed(slide.folder, other, "Cells other", (20, 20, 0), (60, 20, 0))
    cohort = harvest_all(slide)
    assert [one.item for one in cohort.reviews] == [slide.item]
    (reason,) = cohort.unreviewed.values()
    assert "nobody has saved annotation 'Cells other' since it was pushed" in reason
    assert pooled(cohort).scores.counts.any_class == Counts(3, 1, 1)
    ann, bob = by_reviewer(cohort.reviews)
    assert (ann.reviewer[:3], ann.changed) == ("ann", (0, 1, 1, 0, 0))
    assert (bob.reviewer[:3], bob.changed) == ("bob", (0, 0, 0, 1, 1))
    assert slide.folder.annotations(slide.item) == ["Cells run", "Reviewed"]
    assert slide.folder.annotations(other) == ["Cells other"]
    assert [one.cells for one in harvest_all(slide).reviews] == [5]
    assert slide.folder.annotations(slide.item) == ["Cells run", "Reviewed"]
