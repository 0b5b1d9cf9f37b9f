"""A person opens the slide in HistomicsUI and sees the detections where they are."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from patherea_core.geometry import Pixels
from patherea_core.points import Detections
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotations import post_annotation
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
    opened_slide,
    save_picture,
    screen_positions,
    show_all_annotations,
)

pytestmark = [
    pytest.mark.dsa,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

TAXONOMY = Taxonomy.of(["positive", "negative", "other"])
PICTURE = Path(__file__).parents[2] / "artifacts" / "histomicsui.png"


def spread_out(width: int, height: int) -> Detections:
    """Return detections of all classes on a lattice wide enough that none covers another."""
    x, y = np.meshgrid(np.arange(60, width - 60, 70), np.arange(60, height - 60, 70))
    xy = np.stack([x.ravel(), y.ravel()], axis=1).astype(float)
    return Detections(xy, np.arange(len(xy)) % len(TAXONOMY), np.full(len(xy), 0.9))


def as_pixels(picture: bytes) -> Pixels:
    return np.array(Image.open(io.BytesIO(picture)).convert("RGB"))


def test_detections_are_drawn_in_their_colours_where_they_are(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    if not sandbox.ready.viewer:
        pytest.skip("the viewer is not built here; run: python -m plugin.sandbox.web_client")
    drawn = draw_slides(tmp_path, Seed(2), Silent(), DrawnSize(500, 400))
    session = connect(sandbox.api_url, sandbox.token)
    only = DemoSlides(drawn.slides[-1:], drawn.taxonomy)
    item_id = fill_archive(session, only, "Slides of the browser test", Silent()).test_item_id
    cells = spread_out(500, 400)
    post_annotation(
        session, item_id, annotation_of(Results([SlideCells("s", cells)], TAXONOMY, "Cells", "run"))
    )

    with opened_slide(
        Viewer(sandbox.histomics_url, sandbox.login, sandbox.password), item_id
    ) as page:
        hide_all_annotations(page)  # what an archive says is visible is shown at once
        before = as_pixels(save_picture(page, PICTURE))
        show_all_annotations(page)
        after = as_pixels(save_picture(page, PICTURE))
        at = screen_positions(page, cells.xy)

    nearer = [
        distance(after[y, x], row) < distance(before[y, x], row) - 20
        for (x, y), row in zip(at, cells.class_index, strict=True)
        if 0 <= y < len(after) and 0 <= x < after.shape[1] * 0.75
    ]
    assert len(nearer) >= 10
    assert np.mean(nearer) > 0.9


def distance(pixel: Pixels, class_row: np.int64) -> float:
    """Return how far a pixel's colour is from that of a class."""
    wanted = ImageColor.getrgb(TAXONOMY.classes[class_row].color)
    return float(np.abs(pixel.astype(float) - np.array(wanted[:3])).sum())
