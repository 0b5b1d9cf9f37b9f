"""A person opens a slide in the viewer, chooses a command, draws a region, submits, and sees the cells."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from patherea_core.geometry import Floats, Pixels
from patherea_core.seeding import Seed
from plugin.sandbox.synthetic import draw_tissue
from tests.jobs.job_archive import NEEDS, SUCCESS, JobArchive
from tests.journeys.histomics_browser import (
    CHROMIUM,
    Viewer,
    opened_slide,
    save_picture,
    screen_positions,
    settle,
    show_all_annotations,
)

pytestmark = [
    *NEEDS,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

PICTURES = Path(__file__).parents[2] / "artifacts" / "jobs"

#: Two corners of the region that is drawn, in base pixels.
CORNERS = np.array([[100.0, 120.0], [420.0, 400.0]])


@pytest.fixture
def page(archive: JobArchive) -> Iterator[Page]:
    sandbox = archive.sandbox
    if not sandbox.ready.viewer:
        pytest.skip("the viewer is not built here; run: python -m plugin.sandbox.web_client")
    slide = archive.add_slide(draw_tissue(Seed(3), 512, 512).pixels, name="tissue.tif")
    viewer = Viewer(sandbox.histomics_url, sandbox.login, sandbox.password)
    with opened_slide(viewer, slide) as opened:
        yield opened


def choose(page: Page, command: str) -> None:
    """Choose a command in the menu of analyses, below its image and version."""
    page.locator(".h-analyses-dropdown-link").click()
    entry = page.locator(f'.h-analysis-item[data-cli="{command}"]')
    for level in (1, 2):
        parent = entry.locator(
            f"xpath=ancestor::li[contains(@class, 'dropdown-submenu')][{3 - level}]"
        )
        parent.locator("> a").click()
    save_picture(page, PICTURES / "analyses.png")
    entry.click()
    page.locator(".s-info-panel-submit").wait_for()
    settle(page)


def draw_region(page: Page) -> None:
    """Draw a rectangle with the button beside the field for the region."""
    page.locator(".s-select-region-button").first.click()
    (left, top), (right, bottom) = screen_positions(page, CORNERS)
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move((left + right) // 2, (top + bottom) // 2, steps=5)
    page.mouse.move(right, bottom, steps=5)
    page.mouse.up()
    settle(page)


def submitted(page: Page) -> str:
    """Press the button that submits and return the id of the job that this starts."""
    with page.expect_response(lambda answer: answer.url.endswith("/run")) as answer:
        page.locator(".s-info-panel-submit").click()
    return str(answer.value.json()["_id"])


def changed(before: Pixels, after: Pixels, at: Floats) -> float:
    """Return which part of the pixels at (N, 2) places of the page changed."""
    x, y = at.astype(int).T
    return float((before[y, x] != after[y, x]).any(axis=1).mean())


def as_pixels(picture: bytes) -> Pixels:
    return np.array(Image.open(io.BytesIO(picture)).convert("RGB"))


def test_a_person_gets_the_cells_of_a_drawn_region(archive: JobArchive, page: Page) -> None:
    slide = page.url.split("image=")[1].split("&")[0]
    choose(page, "DetectCells")
    draw_region(page)
    drawn = as_pixels(save_picture(page, PICTURES / "form.png"))
    begun = time.monotonic()
    ended = archive.wait(submitted(page), begun)
    assert ended.status == SUCCESS, ended.log
    (found,) = archive.annotations(slide, 1)
    xy = np.array([element["center"][:2] for element in found["annotation"]["elements"]])
    assert len(xy) > 10
    assert (xy >= CORNERS[0] - 3).all()
    assert (xy <= CORNERS[1] + 3).all()
    settle(page)
    show_all_annotations(page)
    shown = as_pixels(save_picture(page, PICTURES / "cells.png"))
    assert changed(drawn, shown, np.array(screen_positions(page, xy))) > 0.9
