"""A person opens a slide in HistomicsUI and sees the detections where they are."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor
from playwright.sync_api import Page

from patherea_core.cells import CellsInMemory
from patherea_core.geometry import Bools, Box, Floats, Pixels
from patherea_core.points import Detections
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import connect
from plugin.outputs.annotation_file import annotation_of
from plugin.outputs.results import Results, SlideCells
from plugin.sandbox.demo_archive import fill_archive
from plugin.sandbox.demo_slides import DemoSlides, DrawnSize, draw_slides
from plugin.sandbox.process import SandboxProcess
from tests.journeys.histomics_browser import (
    CHROMIUM,
    Viewer,
    hide_all_annotations,
    magnify,
    opened_slide,
    save_picture,
    screen_positions,
    show_all_annotations,
)
from tests.plugin.demo import traces

pytestmark = [
    pytest.mark.dsa,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

TAXONOMY = Taxonomy.of(["positive", "negative", "other"])
ARTIFACTS = Path(__file__).parents[2] / "artifacts"
DEMO = ARTIFACTS / "demo"


def viewer_of(sandbox: SandboxProcess) -> Viewer:
    if not sandbox.ready.viewer:
        pytest.skip("the viewer is not built here; run: python -m plugin.sandbox.web_client")
    return Viewer(sandbox.histomics_url, sandbox.login, sandbox.password)


def spread_out(width: int, height: int) -> Detections:
    """Return detections of all classes on a lattice wide enough that none covers another."""
    x, y = np.meshgrid(np.arange(60, width - 60, 70), np.arange(60, height - 60, 70))
    xy = np.stack([x.ravel(), y.ravel()], axis=1).astype(float)
    return Detections(xy, np.arange(len(xy)) % len(TAXONOMY), np.full(len(xy), 0.9))


def as_pixels(picture: bytes) -> Pixels:
    return np.array(Image.open(io.BytesIO(picture)).convert("RGB"))


def took_colour(before: Pixels, after: Pixels, xy: Floats, colours: Sequence[str]) -> Bools:
    """Tell around which pixels of the page, among those on the map, a ring of a colour each appeared."""
    on_map = [
        (x, y, colour)
        for (x, y), colour in zip(xy.astype(int), colours, strict=True)
        if 60 <= y < len(after) and 0 <= x < after.shape[1] * 0.75
    ]
    return np.array(
        [
            distance(around(after, x, y), colour) < distance(around(before, x, y), colour) - 20
            for x, y, colour in on_map
        ]
    )


def around(page: Pixels, x: int, y: int) -> Pixels:
    """Return the (K, 3) pixels where the viewer draws the ring of a point: 8 pixels from it."""
    rows, columns = np.mgrid[-10:11, -10:11]
    ring = np.abs(np.hypot(rows, columns) - 8) < 2
    inside = (y + rows < len(page)) & (x + columns < page.shape[1]) & (y + rows >= 0) & ring
    found: Pixels = page[(y + rows)[inside], (x + columns)[inside]]
    return found


def distance(pixels: Pixels, colour: str) -> float:
    """Return how far the pixels are from a colour, on the median."""
    wanted = np.array(ImageColor.getrgb(colour)[:3])
    return float(np.median(np.abs(pixels.astype(float) - wanted).sum(axis=1)))


def on_page(page: Page, xy: Floats) -> Floats:
    return np.array(screen_positions(page, xy), dtype=float)


def test_detections_are_drawn_in_their_colours_where_they_are(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    viewer = viewer_of(sandbox)
    drawn = draw_slides(tmp_path, Seed(2), Silent(), DrawnSize(500, 400))
    session = connect(sandbox.api_url, sandbox.token)
    only = DemoSlides(drawn.slides[-1:], drawn.taxonomy)
    item_id = fill_archive(session, only, "Slides of the browser test", Silent()).test_item_id
    cells = spread_out(500, 400)
    post_annotation(
        session,
        item_id,
        annotation_of(Results([SlideCells("s", CellsInMemory(cells))], TAXONOMY, "Cells", "run")),
    )

    with opened_slide(viewer, item_id) as page:
        hide_all_annotations(page)  # what an archive calls visible is shown at once
        before = as_pixels(save_picture(page, ARTIFACTS / "browser-before.png"))
        show_all_annotations(page)
        after = as_pixels(save_picture(page, ARTIFACTS / "browser-after.png"))
        at = on_page(page, cells.xy)

    colours = [TAXONOMY.classes[row].color for row in cells.class_index]
    taken = took_colour(before, after, at, colours)
    assert len(taken) >= 10
    assert taken.mean() > 0.9


@pytest.fixture
def finished_demo() -> Iterator[tuple[SandboxProcess, dict[str, Any]]]:
    """Start the archive of a finished demo again, and say what the demo reported."""
    if not (DEMO / "report.json").exists():
        pytest.skip("needs a finished demo; run: make demo ARGS=--headless")
    report = json.loads((DEMO / "report.json").read_text())
    with SandboxProcess(DEMO / "archive") as sandbox:
        yield sandbox, report


@pytest.mark.slow
def test_the_slide_of_a_finished_demo_opens_with_its_detections(
    finished_demo: tuple[SandboxProcess, dict[str, Any]],
) -> None:
    sandbox, report = finished_demo
    viewer = viewer_of(sandbox)
    session = connect(sandbox.api_url, sandbox.token)
    found = traces.annotation_named(session, report["slide"], report["detections"])
    points = traces.point_elements(found).values()
    part = Box(600, 420, 340, 200)

    with opened_slide(viewer, report["slide"], part) as page:
        magnify(page, 40)
        shown = as_pixels(save_picture(page, ARTIFACTS / "histomicsui.png"))
        at = on_page(page, np.array([point["center"][:2] for point in points]))
        hide_all_annotations(page)
        hidden = as_pixels(save_picture(page, ARTIFACTS / "browser-before.png"))

    taken = took_colour(hidden, shown, at, [point["lineColor"] for point in points])
    assert len(taken) >= 100
    assert taken.mean() > 0.9
