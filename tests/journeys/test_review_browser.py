"""A person corrects a run in HistomicsUI, and the harvest tells just that."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from patherea_core.cells import CellsInMemory
from patherea_core.evaluation.counts import Counts
from patherea_core.points import Detections
from patherea_core.progress import Silent
from patherea_core.taxonomy import Taxonomy
from plugin.commands import prepare_viewer
from plugin.commands.harvest_review import HarvestRequest, run
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import connect
from plugin.outputs.annotation_file import annotation_of
from plugin.outputs.results import Results, SlideCells
from plugin.review.changes import KINDS
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.histomics_browser import CHROMIUM, Viewer, opened_slide, settle
from tests.plugin.bundles import write_model

pytestmark = [
    pytest.mark.dsa,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

TAXONOMY = Taxonomy.of(["positive", "negative"])


def push(sandbox: SandboxProcess, item: str) -> None:
    """Add a run with two cells of each class."""
    xy = np.array([[100.0, 100.0], [200.0, 100.0], [100.0, 200.0], [200.0, 200.0]])
    cells = CellsInMemory(Detections(xy, np.array([0, 0, 1, 1]), np.full(4, 0.8)))
    results = Results([SlideCells("slide.tif", cells)], TAXONOMY, "Cells run", "run")
    post_annotation(connect(sandbox.api_url, sandbox.token), item, annotation_of(results))


def open_for_correction(page: Page) -> list[str]:
    """Open the annotation of the class positive for editing, and return the groups that are offered."""
    page.locator('.h-annotation-group[data-group-name="positive"] .h-annotation-group-name').click()
    page.locator(".h-annotation .h-annotation-name").first.click()
    page.locator(".h-style-group option").first.wait_for(state="attached")
    return page.locator(".h-style-group option").all_inner_texts()


def correct(page: Page) -> None:
    """Give the first point another group, as its dialog lets a person do, and remove the last one."""
    page.locator(".h-element .h-edit-element").first.click()
    page.locator("#h-group-name").fill("negative")
    page.locator(".modal-dialog .h-submit").click()
    page.locator("#h-group-name").wait_for(state="hidden")
    page.locator(".h-element .h-delete-element").last.click()
    settle(page)


def test_corrections_in_the_viewer_are_harvested(sandbox: SandboxProcess, tmp_path: Path) -> None:
    if not sandbox.ready.viewer:
        pytest.skip("the viewer is not built here; run: python -m plugin.sandbox.web_client")
    folder = Folder(sandbox, tmp_path)
    item = folder.add_slide()
    push(sandbox, item)
    model = write_model(tmp_path / "model.safetensors", classes=TAXONOMY.names)
    prepare_viewer.run(
        prepare_viewer.ViewerRequest(sandbox.api_url, sandbox.token, folder.id, model)
    )
    viewer = Viewer(sandbox.histomics_url, sandbox.login, sandbox.password)
    with opened_slide(viewer, item) as page:
        assert sorted(open_for_correction(page)) == ["negative", "no group", "positive"]
        correct(page)

    outcome = run(
        HarvestRequest(api_url=sandbox.api_url, token=sandbox.token, item_id=item, labels=""),
        Silent(),
    )
    assert [KINDS[kind] for kind in outcome.changes.kind] == [
        *("relabelled", "accepted", "accepted", "deleted")
    ]
    assert outcome.scores.counts.any_class == Counts(3, 1, 0)
    assert {sitting.reviewer for sitting in outcome.run.sittings} == {sandbox.login}
