"""The loop of the demo, through a real archive: small slides and a short training."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from patherea_core.evaluation.figures import evaluation_figures
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from plugin.dsa.session import Session, connect
from plugin.progress import StopSignal
from plugin.sandbox.demo_archive import TEST_LABELS, TRAINING_LABELS
from plugin.sandbox.demo_loop import Archive, LoopResult, LoopSettings, run_loop
from plugin.sandbox.demo_slides import DemoSlides, DrawnSize, draw_slides
from plugin.sandbox.demo_steps import Steps
from plugin.sandbox.process import SandboxProcess
from tests.plugin.demo import traces

pytestmark = pytest.mark.dsa


@dataclass(frozen=True)
class Journey:
    """One loop that was run, and the archive it went through."""

    out: Path
    session: Session
    slides: DemoSlides
    result: LoopResult
    said: str


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    out = tmp_path_factory.mktemp("demo")
    (out / "slides").mkdir()
    slides = draw_slides(out / "slides", Seed(1), Silent(), DrawnSize(360, 300))
    stream = io.StringIO()
    with SandboxProcess(out / "archive") as sandbox:
        archive = Archive(sandbox.api_url, sandbox.token)
        steps = Steps(5, StopSignal(), stream)
        result = run_loop(archive, slides, LoopSettings(out, epochs=4, device="cpu"), steps)
        session = connect(archive.api_url, archive.token)
        yield Journey(out, session, slides, result, stream.getvalue())


def test_detections_are_a_new_annotation_beside_the_pathologists(journey: Journey) -> None:
    item_id = journey.result.folder.test_item_id
    name = journey.result.detections.name

    found = traces.annotation_named(journey.session, item_id, name)
    labelled = traces.annotation_named(journey.session, item_id, TEST_LABELS)

    assert found["annotation"]["attributes"]["patherea"]["kind"] == "detections"
    assert len(found["annotation"]["elements"]) == journey.result.detections.cells
    assert len(traces.point_elements(labelled)) == len(
        journey.slides.slides[-1].slide.fields[0].points
    )


def test_every_exported_point_is_traced_to_its_annotation_element(journey: Journey) -> None:
    elements: dict[str, Any] = {}
    for item_id in journey.result.folder.item_ids[:-1]:
        annotation = traces.annotation_named(journey.session, item_id, TRAINING_LABELS)
        elements |= traces.point_elements(annotation)

    traces.require_every_point_traced(journey.out / "dataset", elements, 0.01)


def test_the_test_slide_is_not_in_the_dataset(journey: Journey) -> None:
    names = {record.name for record in journey.result.manifest.slides}
    trained = {entry.slide.path.name for entry in journey.slides.slides if entry.training}

    assert names == trained


def test_each_patient_is_a_fold_of_its_own(journey: Journey) -> None:
    folds = {(sample.patient, sample.fold) for sample in journey.result.manifest.samples}

    assert {patient for patient, _ in folds} == {f"patient-{row}" for row in range(1, 5)}
    assert sorted(fold for _, fold in folds) == [0, 1, 2, 3]


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


def test_the_report_and_the_picture_are_left_in_the_folder(journey: Journey) -> None:
    report = json.loads((journey.out / "evaluation.json").read_text())

    assert report["classes"] == evaluation_figures(journey.result.evaluation)["classes"]
    with Image.open(journey.result.picture) as picture:
        assert picture.format == "PNG"
    assert journey.result.model == journey.out / "run" / "model.safetensors"


def test_the_steps_are_told_one_by_one(journey: Journey) -> None:
    starts = [line.partition("]")[0] for line in journey.said.splitlines()]

    assert starts == [f"[{number}/5" for number in range(1, 6)]
