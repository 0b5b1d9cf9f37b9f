"""The loop on real tissue: published breast cancer images with their points, through a real archive."""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from patherea_core.data.store import read_manifest, read_sample
from patherea_core.progress import Silent
from plugin.dsa.session import Session, connect
from plugin.progress import StopSignal
from plugin.sandbox.demo_archive import TEST_LABELS, TRAINING_LABELS
from plugin.sandbox.demo_images import load_labelled_images
from plugin.sandbox.demo_loop import Archive, LoopResult, LoopSettings, run_loop
from plugin.sandbox.demo_slides import DemoSlides, compose_slides
from plugin.sandbox.demo_steps import Steps
from plugin.sandbox.process import SandboxProcess
from tests.plugin.demo import traces

REPOSITORY = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("PATHEREA_DATA", REPOSITORY.parent / "shared" / "data")) / "brca-m2c"
CLASSES = {"1": "lymphocyte", "2": "epithelial", "3": "stromal"}
IMAGES, EPOCHS = 16, 60

pytestmark = [
    pytest.mark.data,
    pytest.mark.dsa,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not FOLDER.is_dir(),
        reason="needs BRCA-M2C (github.com/TopoXLab/Dataset-BRCA-M2C) with images/ and labels/ in "
        "$PATHEREA_DATA/brca-m2c",
    ),
]


@dataclass(frozen=True)
class Journey:
    """One loop that was run, and the archive it went through."""

    out: Path
    session: Session
    slides: DemoSlides
    result: LoopResult


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    out = tmp_path_factory.mktemp("real")
    (out / "slides").mkdir()
    images = load_labelled_images(FOLDER, limit=IMAGES)
    slides = compose_slides(out / "slides", images, Silent())
    with SandboxProcess(out / "archive") as sandbox:
        archive = Archive(sandbox.api_url, sandbox.token)
        steps = Steps(5, StopSignal(), io.StringIO())
        settings = LoopSettings(out, epochs=EPOCHS, device="cpu")
        result = run_loop(archive, slides, settings, steps)
        yield Journey(out, connect(archive.api_url, archive.token), slides, result)


def published_points(image: str) -> list[tuple[float, float, str]]:
    """Return the published points of an image: the middles of the pixels that are named."""
    lines = (FOLDER / "labels" / f"{image}_gt_class_coords.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line.strip()]
    return sorted((int(x) + 0.5, int(y) + 0.5, CLASSES[code]) for y, x, code in rows)


def test_every_exported_point_is_traced_to_its_annotation_element(journey: Journey) -> None:
    elements: dict[str, Any] = {}
    for item_id in journey.result.folder.item_ids[:-1]:
        annotation = traces.annotation_named(journey.session, item_id, TRAINING_LABELS)
        elements |= traces.point_elements(annotation)

    traces.require_every_point_traced(journey.out / "dataset", elements, 0.5)


def test_no_published_point_is_lost_or_moved_by_more_than_half_a_pixel(journey: Journey) -> None:
    manifest = read_manifest(journey.out / "dataset")
    samples = [read_sample(journey.out / "dataset", manifest, row) for row in manifest.samples]
    for entry in journey.slides.slides[:-1]:
        own = [sample for sample in samples if sample.record.slide == entry.slide.path.name]
        for field in entry.slide.fields:
            exported = []
            for sample in own:
                corner = np.array([sample.record.left, sample.record.top])
                on_slide = sample.points.xy + corner
                for xy, row in zip(on_slide, sample.points.class_index, strict=True):
                    if field.box.contains(xy[None])[0]:
                        x, y = np.round(xy - (field.box.left, field.box.top), 3)
                        exported.append((x, y, manifest.classes[row].name))
            published = published_points(field.name)
            assert len(exported) == len(published)
            for one, other in zip(sorted(exported), published, strict=True):
                assert np.hypot(one[0] - other[0], one[1] - other[1]) <= 0.5
                assert one[2] == other[2]


def test_detections_lie_inside_the_asked_region_only(journey: Journey) -> None:
    result = journey.result
    found = traces.annotation_named(
        journey.session, result.folder.test_item_id, result.detections.name
    )

    assert traces.point_elements(found)
    traces.require_inside(found, result.region)


def test_the_evaluation_equals_an_independent_recount(journey: Journey) -> None:
    result, item_id = journey.result, journey.result.folder.test_item_id
    found = traces.annotation_named(journey.session, item_id, result.detections.name)
    labelled = traces.annotation_named(journey.session, item_id, TEST_LABELS)

    traces.require_equal_recount(result, found, labelled)


def test_detections_are_clearly_better_than_chance(journey: Journey) -> None:
    line = journey.result.evaluation.any_class

    assert line.counts.f1 is not None
    assert line.chance is not None
    assert line.counts.f1 > line.chance + 0.15
