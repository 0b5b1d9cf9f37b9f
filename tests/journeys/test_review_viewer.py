"""A reviewer corrects points with mouse and keys in HistomicsUI, and the harvest finds just that."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Request, Response

from patherea_core.cells import CellsInMemory
from patherea_core.geometry import Box, Floats
from patherea_core.points import Detections
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from plugin.commands import harvest_review, prepare_viewer
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import connect
from plugin.outputs.annotation_file import annotation_of
from plugin.outputs.results import Results, SlideCells
from plugin.review.changes import KINDS
from plugin.review.outcome import ReviewOutcome
from plugin.sandbox.demo_archive import upload_slide
from plugin.sandbox.fields import Field, PlacedField, compose
from plugin.sandbox.process import SandboxProcess
from plugin.sandbox.synthetic import MPP, TAXONOMY, draw_tissue
from tests.journeys import review_gestures as gestures
from tests.journeys.archive_folder import Folder
from tests.journeys.histomics_browser import CHROMIUM, Viewer, opened_slide
from tests.journeys.people import PASSWORD
from tests.journeys.test_review import person
from tests.plugin.bundles import write_model

pytestmark = [
    pytest.mark.dsa,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

PICTURES = Path(__file__).parents[2] / "artifacts"

#: Of the drawn tissue: the part without glass that is shown, and how often it is enlarged.
LEFT, TOP, WIDTH, HEIGHT, LARGER = 100, 90, 340, 260, 1.5

#: What stands on the pictures of the page on reviews, in pixels of the screen.
SHOWN = 780


@dataclass(frozen=True)
class Case:
    """A slide with a run on it that is wrong in four places, in base pixels.

    Attributes:
        item: the slide.
        relabelled: a cell that was given the wrong class; ``right`` is the other one.
        deleted: a place without a cell.
        moved: a detection beside its cell, and where the cell is.
        added: a cell that was not found, a positive one.
        count: how many cells were pushed.
    """

    item: str
    relabelled: Floats
    right: str
    deleted: Floats
    moved: tuple[Floats, Floats]
    added: Floats
    count: int


@dataclass(frozen=True)
class Reviewer:
    """Somebody who may change what is in the folder, and who is no administrator."""

    login: str
    token: str


@pytest.fixture
def folder(sandbox: SandboxProcess, tmp_path: Path) -> Folder:
    if not sandbox.ready.viewer:
        pytest.skip("the viewer is not built here; run: python -m plugin.sandbox.web_client")
    return Folder(sandbox, tmp_path)


@pytest.fixture
def ann(folder: Folder) -> Reviewer:
    entries = [{"id": folder.client.get("user/me")["_id"], "level": 2}]
    client = person(folder, "ann", 1, entries)
    access = json.dumps({"users": entries, "groups": []})
    folder.client.put(f"folder/{folder.id}/access", {"access": access})
    return Reviewer(client.get("user/me")["login"], client.token)


@pytest.fixture
def case(folder: Folder, ann: Reviewer, tmp_path: Path) -> Case:  # noqa: ARG001  whose rights the run gets
    """Push a run with four mistakes onto a drawn slide, and give the viewer its classes."""
    sandbox = folder.sandbox
    session = connect(sandbox.api_url, sandbox.token)
    slide = compose([tissue()], MPP / LARGER, tmp_path / "tissue.tif")
    item = upload_slide(session, folder.id, slide, {})
    found, case = with_mistakes(slide.fields[0], item)
    results = Results([SlideCells("tissue.tif", CellsInMemory(found))], TAXONOMY, "cells", "run")
    post_annotation(session, item, annotation_of(results))
    model = write_model(tmp_path / "model.safetensors", classes=TAXONOMY.names)
    prepare_viewer.run(
        prepare_viewer.ViewerRequest(sandbox.api_url, sandbox.token, folder.id, model)
    )
    return case


def tissue() -> Field:
    """Return a piece of tissue without glass, enlarged so that some tens of cells fill the screen."""
    drawn = draw_tissue(Seed(5), LEFT + WIDTH + 120, TOP + HEIGHT + 100)
    box = Box(LEFT, TOP, WIDTH, HEIGHT)
    part = drawn.pixels[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH]
    size = (round(WIDTH * LARGER), round(HEIGHT * LARGER))
    pixels = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BICUBIC))
    seen = drawn.points.take(box.contains(drawn.points.xy))
    points = seen.moved_to((seen.xy - (LEFT, TOP)) * LARGER)
    return Field("tissue", pixels, points, "one")


def with_mistakes(field: PlacedField, item: str) -> tuple[Detections, Case]:
    """Return what a model may find that errs four times, and where."""
    points = field.points
    gaps = np.hypot(*(points.xy[:, None] - points.xy[None]).transpose(2, 0, 1))
    np.fill_diagonal(gaps, np.inf)
    middle = np.array([field.box.left + field.box.width / 2, field.box.top + field.box.height / 2])
    from_middle = np.abs(points.xy - middle).max(axis=1)
    # What a person can click without hitting the cell beside it, and all of it on the screen.
    clear = np.flatnonzero((gaps.min(axis=1) > 17) & (from_middle < 110))
    of = points.class_index[clear]
    wrong, beside = clear[of == 1][:2]
    missed = clear[of == 0][0]
    xy, index = points.xy.copy(), points.class_index.copy()
    index[wrong] = 0
    xy[beside] += (7, -5)
    empty = emptiest(points.xy, middle)
    kept = np.arange(len(xy)) != missed
    found = Detections(
        np.vstack([xy[kept], empty]), np.append(index[kept], 0), np.full(len(xy), 0.8)
    )
    moved = (xy[beside], points.xy[beside])
    return found, Case(item, xy[wrong], TAXONOMY.names[1], empty, moved, xy[missed], len(found))


def emptiest(xy: Floats, middle: Floats) -> Floats:
    """Return (2,) the place near the middle that is farthest from all cells."""
    x, y = np.meshgrid(np.arange(-100, 101, 4), np.arange(-90, 91, 4))
    places = np.stack([x.ravel(), y.ravel()], axis=1) + middle
    nearest = np.hypot(*(places[:, None] - xy[None]).transpose(2, 0, 1)).min(axis=1)
    found: Floats = places[nearest.argmax()]
    return found


class Saved:
    """What the viewer saves: how, and what the archive answers."""

    def __init__(self, page: Page) -> None:
        self.methods: list[str] = []
        self.statuses: list[int] = []
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _asked(self, request: Request) -> None:
        if request.method in {"PATCH", "PUT"} and "/annotation/" in request.url:
            self.methods.append(request.method)

    def _answered(self, response: Response) -> None:
        if response.request.method in {"PATCH", "PUT"} and "/annotation/" in response.url:
            self.statuses.append(response.status)


def correct(page: Page, case: Case) -> None:
    """Do all that a reviewer does, once each."""
    gestures.relabel(page, case.relabelled, case.right)
    gestures.delete(page, case.deleted)
    gestures.move(page, *case.moved)
    gestures.add(page, case.added, "1")


def places(case: Case) -> dict[str, Floats]:
    """Return where something happens, by numbers as in the page on reviews."""
    return {"1": case.relabelled, "2": case.deleted, "3": case.moved[1], "4": case.added}


def harvested(folder: Folder, case: Case, token: str) -> ReviewOutcome:
    request = harvest_review.HarvestRequest(
        api_url=folder.sandbox.api_url, token=token, item_id=case.item, labels=""
    )
    return harvest_review.run(request, Silent())


def test_what_a_reviewer_does_with_mouse_and_keys_is_harvested(
    folder: Folder, case: Case, ann: Reviewer
) -> None:
    viewer = Viewer(folder.sandbox.histomics_url, ann.login, PASSWORD)
    with opened_slide(viewer, case.item) as page:
        saved = Saved(page)
        gestures.reload(page)
        gestures.look_closely(page, (case.relabelled + case.added) / 2)
        gestures.save_numbered(page, PICTURES / "review-before.png", places(case), SHOWN)
        offered = gestures.open_menu(page, case.relabelled)
        gestures.save_around(page, PICTURES / "review-menu.png", case.relabelled, (460, 400))
        gestures.close_menu(page)
        correct(page, case)
        gestures.save_numbered(page, PICTURES / "review-after.png", places(case), SHOWN)
        gestures.save_classes(page, PICTURES / "review-classes.png")
    assert set(saved.methods) <= {"PATCH", "PUT"}
    assert len(saved.methods) >= 4
    assert all(status < 300 for status in saved.statuses)
    assert {"positive", "negative"} <= set(offered)
    outcome = harvested(folder, case, ann.token)
    counted = {kind: int((outcome.changes.kind == row).sum()) for row, kind in enumerate(KINDS)}
    assert counted == {
        "accepted": case.count - 3,
        "moved": 1,
        "relabelled": 1,
        "deleted": 1,
        "added": 1,
    }
    assert not outcome.changes.by_place.any()
    assert {sitting.reviewer for sitting in outcome.run.sittings} == {ann.login}
