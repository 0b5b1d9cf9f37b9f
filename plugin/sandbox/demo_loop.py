"""The main job: from labelled slides in an archive to evaluated detections, as a person would do it."""

from dataclasses import dataclass
from pathlib import Path

import shapely

from patherea_core.data.manifest import Manifest
from patherea_core.evaluation.report import Evaluation
from patherea_core.regions import Outline
from plugin import provenance
from plugin.commands import detect_on_item, evaluate_on_item, export_dataset, train_detector
from plugin.commands.slide_plan import DetectSettings
from plugin.dsa.session import connect
from plugin.radius import Radius
from plugin.sandbox.demo_archive import TEST_LABELS, TRAINING_LABELS, FilledFolder, fill_archive
from plugin.sandbox.demo_slides import DemoSlides
from plugin.sandbox.demo_steps import Steps

#: Working pixels are no finer than this, so that a tile shows a cell's surroundings.
_FINEST_MPP = 0.5

#: Distance within which a detection hits a point: 6 pixels of 0.5 µm.
RADIUS = Radius(3.0, "um")


@dataclass(frozen=True, slots=True)
class Archive:
    """Where an archive answers, and what opens it."""

    api_url: str
    token: str


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How to run the loop.

    Attributes:
        out: an existing folder for all results.
        epochs: passes over the training data; None takes the recipe's.
        seed: root of every random choice of the training.
        device: auto, cpu or cuda.
    """

    out: Path
    epochs: int | None = None
    seed: int = 0
    device: str = "auto"


@dataclass(frozen=True, slots=True, eq=False)
class LoopResult:
    """What the loop left behind.

    Attributes:
        folder: the slides in the archive.
        manifest: what the exported dataset says of itself.
        model: the trained model bundle.
        region: where cells were detected, in base pixels of the test slide.
        detections: the annotation that was added to the test slide.
        evaluation: how well it agrees with the pathologist's points there.
        picture: slide, points and matches.
    """

    folder: FilledFolder
    manifest: Manifest
    model: Path
    region: Outline
    detections: detect_on_item.PostedAnnotation
    evaluation: Evaluation
    picture: Path


def run_loop(
    archive: Archive, slides: DemoSlides, settings: LoopSettings, steps: Steps
) -> LoopResult:
    """Upload, export, train, detect and evaluate; every command does what it does for a person.

    Raises:
        PathereaError: a step failed.
    """
    out = settings.out
    with steps.step("Upload the slides with a pathologist's annotations") as progress:
        session = connect(archive.api_url, archive.token)
        day, time = provenance.now()[:16].split("T")
        folder = fill_archive(session, slides, f"Slides of {day} {time}", progress)
    with steps.step("Export the training labels as a dataset") as progress:
        manifest = export_dataset.run(_export_request(archive, folder, slides, out), progress)
    with steps.step("Train a detector") as progress:
        model = train_detector.run(_train_request(settings), progress)
    region = shapely.union_all([field.outline for field in slides.slides[-1].slide.fields])
    with steps.step("Detect cells in a region that was not trained on") as progress:
        detect_request = _detect_request(archive, folder, settings, (model, region))
        (detections,) = detect_on_item.run(detect_request, progress)
    picture = out / "matches.png"
    with steps.step("Evaluate the detections against the pathologist's points") as progress:
        evaluation = evaluate_on_item.run(
            evaluate_on_item.EvaluateOnItemRequest(
                api_url=archive.api_url,
                token=archive.token,
                item_id=folder.test_item_id,
                detections=detections.name,
                points=TEST_LABELS,
                radius=RADIUS,
                report=out / "evaluation.json",
                page=out / "report.html",
                figure=picture,
                seed=settings.seed,
            ),
            progress,
        )
    return LoopResult(folder, manifest, model, region, detections, evaluation, picture)


def _export_request(
    archive: Archive, folder: FilledFolder, slides: DemoSlides, out: Path
) -> export_dataset.ExportRequest:
    return export_dataset.ExportRequest(
        api_url=archive.api_url,
        token=archive.token,
        folder_id=folder.id,
        out=out / "dataset",
        annotations=TRAINING_LABELS,
        classes=slides.taxonomy.names,
        mpp=max(slides.mpp, _FINEST_MPP),
        folds=sum(entry.training for entry in slides.slides),
    )


def _train_request(settings: LoopSettings) -> train_detector.TrainRequest:
    return train_detector.TrainRequest(
        dataset=settings.out / "dataset",
        out=settings.out / "run",
        epochs=settings.epochs,
        device=settings.device,
        seed=settings.seed,
    )


def _detect_request(
    archive: Archive, folder: FilledFolder, settings: LoopSettings, what: tuple[Path, Outline]
) -> detect_on_item.DetectOnItemRequest:
    model, region = what
    return detect_on_item.DetectOnItemRequest(
        api_url=archive.api_url,
        token=archive.token,
        item_id=folder.test_item_id,
        model=model,
        settings=DetectSettings(name="cells found", region=region),
        device=settings.device,
    )
