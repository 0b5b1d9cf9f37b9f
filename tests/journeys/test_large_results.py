"""Many cells on one slide: they all arrive, apart as promised, and the viewer opens the slide at once.

``PATHEREA_CELLS=1000000 pytest -m slow -s tests/journeys/test_large_results.py`` measures more of them, and
says how long each step took; docs/large-results.md has the figures.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page

from patherea_core.cells import CellsInMemory
from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.dsa import annotation_encoding
from plugin.dsa.annotation_encoding import AnnotationHead, encoded
from plugin.dsa.session import connect
from plugin.outputs.annotation_file import annotation_texts
from plugin.outputs.arrangement import SHOWN_AT_ONCE, Arrangement
from plugin.outputs.density_annotation import density_texts
from plugin.outputs.results import Results, SlideCells, SlideFrame
from tests.conftest import Sandbox
from tests.journeys.histomics_browser import CHROMIUM, Viewer, opened_slide, save_picture
from tests.journeys.large_slide import MPP, scattered_cells, write_plain_slide

pytestmark = [pytest.mark.slow, pytest.mark.dsa, pytest.mark.timeout(3000)]

TAXONOMY = Taxonomy.of(["positive", "negative", "other"])
COUNT = int(os.environ.get("PATHEREA_CELLS", "60000"))
WIDTH, HEIGHT = 40_000, 30_000
ARTIFACTS = Path(__file__).parents[2] / "artifacts"

#: Items that the viewer has drawn, and whether a heat map is among them.
_DRAWN = """() => {
    const node = document.querySelector('.geojs-map');
    const map = node && window.jQuery(node).data('dataGeojsMap');
    const layers = map ? map.layers() : [];
    const features = layers.flatMap(layer => layer.features ? layer.features() : []);
    return features.filter(one => one.featureType === 'heatmap' && one.data().length).length;
}"""

#: Milliseconds between frames while the map is moved, or magnified, to and fro.
_FRAMES = """kind => new Promise(done => {
    const map = window.jQuery(document.querySelector('.geojs-map')).data('dataGeojsMap');
    const frames = [];
    let last = performance.now();
    function step() {
        frames.push(Math.round(performance.now() - last));
        last = performance.now();
        if (frames.length > 20) { done(frames.slice(1)); return; }
        const sign = frames.length % 2 ? 1 : -1;
        if (kind === 'pan') map.pan({x: 25 * sign, y: 15 * sign});
        else map.zoom(map.zoom() + 0.5 * sign);
        requestAnimationFrame(step);
    }
    requestAnimationFrame(step);
})"""


@contextmanager
def measured(what: str, server: int) -> Iterator[None]:
    """Say how long a step took, here and on the server."""
    process, started = psutil.Process(server), time.monotonic()
    before = sum(process.cpu_times()[:2])
    yield
    cpu, memory = sum(process.cpu_times()[:2]) - before, process.memory_info().rss / 2**20
    seconds = time.monotonic() - started
    print(f"{what}: {seconds:.1f} s, server {cpu:.1f} CPU s and {memory:.0f} MiB")  # noqa: T201


class LargeSlide:
    """A slide of its own in the archive."""

    def __init__(self, sandbox: Sandbox, scratch: Path) -> None:
        self.client: Any = sandbox.client()
        self.session = connect(sandbox.api_url, sandbox.token)
        self.scratch = scratch
        user = self.client.get("user/me")
        self.user: str = user["_id"]
        folder = self.client.createFolder(self.user, f"large {time.time()}", parentType="user")
        path = scratch / "slide.tif"
        write_plain_slide(path, WIDTH, HEIGHT)
        file = self.client.uploadFileToFolder(folder["_id"], str(path))
        self.item, self.file = str(file["itemId"]), str(file["_id"])
        while not (self.client.getItem(self.item).get("largeImage") or {}).get("fileId"):
            time.sleep(0.1)

    def take_in(self, path: Path) -> None:
        """Upload a file as the job of a command does, and wait until its annotation is there."""
        before = len(self.annotations())
        reference = {"identifier": "outputAnnotationFile", "itemId": self.item}
        reference |= {"fileId": self.file, "userId": self.user}
        self.client.uploadFileToItem(self.item, str(path), reference=json.dumps(reference))
        while len(self.annotations()) == before:
            time.sleep(0.1)

    def annotations(self) -> list[dict[str, Any]]:
        """Return the slide's annotations without their elements, oldest first."""
        found: list[dict[str, Any]] = self.client.get(
            "annotation", {"itemId": self.item, "sort": "created"}
        )
        return found

    def post(self, path: Path) -> None:
        """Add an annotation; nothing waits here for an answer that is late."""
        with path.open("rb") as file:
            self.client.post(
                f"annotation/item/{self.item}",
                data=file,
                headers={"Content-Type": "application/json"},
            )


@pytest.fixture
def slide(sandbox: Sandbox, tmp_path: Path) -> LargeSlide:
    return LargeSlide(sandbox, tmp_path)


def server_of(sandbox: Sandbox) -> int:
    assert sandbox._process is not None
    return sandbox._process.pid


def results(found: Detections) -> Results:
    frame = SlideFrame(WIDTH, HEIGHT, MPP)
    cells = SlideCells("slide.tif", CellsInMemory(found), frame)
    return Results([cells], TAXONOMY, "Cells run", "run")


def written(path: Path, found: Detections, name: str) -> Path:
    """Write all cells into one annotation."""
    head = AnnotationHead(name, name, {}, visible=False)
    with path.open("wb") as file:
        file.writelines(encoded(CellsInMemory(found), TAXONOMY, head))
    return path


def shuffled(path: Path) -> Path:
    """Write the same points in an order without regard to their classes."""
    document = json.loads(path.read_bytes())
    elements = document["elements"]
    third = -(-len(elements) // 3)
    mixed = [one for start in range(third) for one in elements[start::third]]
    mixed_path = path.with_name("mixed.json")
    mixed_path.write_text(json.dumps({**document, "name": "mixed", "elements": mixed}))
    return mixed_path


def test_points_by_class_are_taken_in_sooner_than_in_any_order_and_none_is_lost(
    sandbox: Sandbox, slide: LargeSlide, tmp_path: Path
) -> None:
    found, server = scattered_cells(20_000, WIDTH, HEIGHT), server_of(sandbox)
    by_class = written(tmp_path / "cells.json", found, "sorted")
    with measured("20,000 by class, posted", server):
        slide.post(by_class)
    with measured("20,000 in any order, posted", server):
        slide.post(shuffled(by_class))
    with measured("20,000 by class, by file", server):
        slide.take_in(written(tmp_path / "cells.anot", found, "by file"))
    wanted = Counter(TAXONOMY.names[row] for row in found.class_index)
    for annotation in slide.annotations():
        whole = slide.client.get(f"annotation/{annotation['_id']}")
        elements = whole["annotation"]["elements"]
        assert Counter(element["group"] for element in elements) == wanted
        assert len({element["id"] for element in elements}) == len(found)


def test_a_slide_with_many_cells_opens_with_their_density_and_hides_them(
    sandbox: Sandbox, slide: LargeSlide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if CHROMIUM is None or not sandbox.ready.viewer:
        pytest.skip("needs Chromium, and the viewer: python -m plugin.sandbox.web_client")
    if COUNT <= SHOWN_AT_ONCE:
        monkeypatch.setattr("plugin.outputs.arrangement.SHOWN_AT_ONCE", COUNT // 2)
        monkeypatch.setattr(annotation_encoding, "POINTS_PER_ANNOTATION", COUNT // 4)
    found, server = scattered_cells(COUNT, WIDTH, HEIGHT), server_of(sandbox)
    arrangement = Arrangement(per_class=True, density="auto")
    counts = []
    for make in (density_texts, annotation_texts):
        for text in make(results(found), arrangement):
            path = tmp_path / "annotation.json"
            with path.open("wb") as file:
                file.writelines(text.pieces)
            with measured(f"{text.name}, {path.stat().st_size / 1e6:.1f} MB", server):
                slide.post(path)
            counts.append(text.cells)
    kept = slide.annotations()
    visible = [number == 0 for number in range(len(counts))]
    assert [one["_elementCount"] for one in kept] == [count or 1 for count in counts]
    assert sum(counts) == COUNT
    assert max(counts) <= annotation_encoding.POINTS_PER_ANNOTATION
    assert [one["annotation"]["display"]["visible"] for one in kept] == visible

    viewer = Viewer(sandbox.histomics_url, sandbox.login, sandbox.password)
    with measured("opened", server), opened_slide(viewer, slide.item) as page:
        shown = seconds_until_drawn(page, maps=sum(visible))
        frames = {kind: sorted(page.evaluate(_FRAMES, kind)) for kind in ("pan", "zoom")}
        page.wait_for_timeout(1000)
        save_picture(page, ARTIFACTS / f"large-{COUNT}.png")
    print(f"drawn {shown:.1f} s after the slide; frames in ms: {frames}")  # noqa: T201


def seconds_until_drawn(page: Page, maps: int) -> float:
    started = time.monotonic()
    while page.evaluate(_DRAWN) < maps:
        assert time.monotonic() < started + 60, "the maps of the density are not drawn"
        page.wait_for_timeout(100)
    return time.monotonic() - started
