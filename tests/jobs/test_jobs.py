"""Jobs as the viewer starts them: slicer_cli_web, a broker, girder_worker, a container of the built image."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from patherea_core.checkpoint import load_bundle
from patherea_core.data.store import pack
from patherea_core.seeding import Seed
from plugin import descriptions
from plugin.sandbox.synthetic import TAXONOMY, draw_tissue
from tests.core.workflow.cells import write_cells
from tests.jobs.job_archive import ACCESS, CANCELED, NEEDS, SUCCESS, Ended, JobArchive
from tests.plugin.archive import point, square

pytestmark = NEEDS

REGION = (128, 64, 256, 192)

#: The classes of the cells that a training is tried on.
CELLS = ("brown", "blue")


@pytest.fixture(scope="module")
def slide(archive: JobArchive) -> str:
    return archive.add_slide(draw_tissue(Seed(3), 512, 512).pixels)


def labelled_folder(archive: JobArchive) -> tuple[str, str]:
    """Make a folder with two labelled slides; return its id and that of a slide."""
    folder, slide = archive.client.createFolder(archive.folder.id, "labelled")["_id"], ""
    for seed in (5, 6):
        drawn = draw_tissue(Seed(seed), 512, 512)
        slide = archive.add_slide(drawn.pixels, folder=folder)
        archive.client.addMetadataToItem(slide, {"patient": str(seed)})
        cells = [
            point(float(x), float(y), TAXONOMY.names[index])
            for (x, y), index in zip(drawn.points.xy, drawn.points.class_index, strict=True)
        ]
        archive.folder.annotate(slide, square(0, 0, 512), *cells)
    return folder, slide


def require_success(ended: Ended) -> None:
    """Fail with the job's log unless it succeeded and told of its progress."""
    assert ended.status == SUCCESS, ended.log
    progress = ended.document["progress"]
    assert progress["current"] == progress["total"] > 0, progress


def in_region(element: dict[str, Any]) -> bool:
    left, top, width, height = REGION
    x, y, _ = element["center"]
    return bool(left <= x <= left + width and top <= y <= top + height)


def test_the_archive_offers_every_command_of_the_image(archive: JobArchive) -> None:
    assert archive.commands == set(descriptions.names())


def test_a_job_puts_the_cells_of_a_region_on_the_slide(archive: JobArchive, slide: str) -> None:
    ended = archive.run(
        "DetectCells",
        inputImageFile=archive.file_of(slide),
        roi=REGION,
        outputAnnotationFile="cells.anot",
        outputTableFile="cells.csv",
    )
    require_success(ended)
    (found,) = archive.annotations(slide, 1)
    written = json.loads(archive.text_of("cells.anot"))
    assert found["annotation"]["elements"] == written["elements"]
    assert found["annotation"]["attributes"] == written["attributes"]
    assert len(written["elements"]) > 5
    assert all(in_region(element) for element in written["elements"])
    assert len(archive.text_of("cells.csv").splitlines()) == len(written["elements"]) + 1


def test_labels_become_a_model_whose_cells_are_evaluated_and_reviewed(archive: JobArchive) -> None:
    folder, slide = labelled_folder(archive)
    require_success(
        archive.run(
            "ExportDataset",
            inputFolder=folder,
            annotations="labels",
            classes=TAXONOMY.names,
            mpp=0.5,
            tileSize=256,
            outputDatasetFile="dataset.zip",
            **ACCESS,
        )
    )
    require_success(
        archive.run(
            "TrainDetector",
            inputDatasetFile=archive.output("dataset.zip"),
            recipe="small",
            epochs=1,
            device="cpu",
            outputModelFile="model.safetensors",
            **ACCESS,
        )
    )
    require_success(
        archive.run(
            "DetectCells",
            inputImageFile=archive.file_of(slide),
            inputModelFile=archive.output("model.safetensors"),
            roi=[0, 0, 256, 256],
            scoreThreshold=0.01,
            annotationName="Run",
            outputAnnotationFile="run.anot",
        )
    )
    archive.annotations(slide, 2)
    require_success(
        archive.run(
            "EvaluateDetections",
            inputImageFile=archive.file_of(slide),
            annotations="labels",
            outputReportFile="report.json",
            **ACCESS,
        )
    )
    assert json.loads(archive.text_of("report.json"))


def test_a_review_is_told_and_becomes_labels(archive: JobArchive) -> None:
    slide = archive.add_slide(draw_tissue(Seed(9), 512, 512).pixels)
    found = archive.run(
        "DetectCells",
        inputImageFile=archive.file_of(slide),
        roi=REGION,
        outputAnnotationFile="reviewed.anot",
    )
    require_success(found)
    (run,) = archive.annotations(slide, 1)
    _, second, *rest = run["annotation"]["elements"]
    other = next(
        name
        for name in run["annotation"]["attributes"]["patherea"]["classes"]
        if name != second["group"]
    )
    body = {**run["annotation"], "elements": [{**second, "group": other}, *rest]}
    archive.client.put(f"annotation/{run['_id']}", json=body)
    require_success(
        archive.run(
            "HarvestReview",
            inputImageFile=archive.file_of(slide),
            outputReportFile="review.json",
            **ACCESS,
        )
    )
    cells = json.loads(archive.text_of("review.json"))["cells"].values()
    assert sum(kinds["deleted"] for kinds in cells) == 1
    assert sum(kinds["relabelled"] for kinds in cells) == 1
    names = [one["annotation"]["name"] for one in archive.annotations(slide, 2)]
    assert names.count("Reviewed") == 1


def test_regions_to_label_next_are_put_on_the_slide_in_order(archive: JobArchive) -> None:
    slide = archive.add_slide(draw_tissue(Seed(4), 768, 768).pixels)
    require_success(
        archive.run(
            "SuggestRegions",
            inputImageFile=archive.file_of(slide),
            count=3,
            side=100,
            outputReportFile="suggested.json",
            **ACCESS,
        )
    )
    (found,) = archive.annotations(slide, 1)
    elements = found["annotation"]["elements"]
    assert len(elements) == 3
    reasons = [element["user"] for element in elements]
    assert [one["order"] for one in reasons] == [1, 2, 3]
    assert reasons == json.loads(archive.text_of("suggested.json"))["regions"]


def test_a_batch_detects_on_every_slide_of_a_folder(archive: JobArchive) -> None:
    folder = archive.client.createFolder(archive.folder.id, "batch")["_id"]
    slides = [
        archive.add_slide(draw_tissue(Seed(seed), 256, 256).pixels, folder=folder)
        for seed in (7, 8)
    ]
    ended = archive.run(
        "DetectCells",
        inputImageFile="[.]tif$",
        inputImageFile_folder=folder,
        outputAnnotationFile="{{parameter_inputImageFile_base}}.anot",
    )
    assert ended.status == SUCCESS, ended.log
    for slide in slides:
        (found,) = archive.annotations(slide, 1)
        assert found["annotation"]["elements"]


def test_a_job_that_is_stopped_ends_within_ten_seconds(archive: JobArchive) -> None:
    tissue = draw_tissue(Seed(3), 512, 512).pixels
    large = archive.add_slide(np.tile(tissue, (12, 12, 1)))
    job = archive.start(
        "DetectCells",
        inputImageFile=archive.file_of(large),
        tileSize=256,
        outputAnnotationFile="stopped.anot",
    )
    archive.await_log(job, "the network is run by")
    time.sleep(2)
    begun = time.monotonic()
    archive.client.put(f"job/{job}/cancel")
    ended = archive.wait(job, begun)
    assert ended.status == CANCELED, ended.log
    assert ended.seconds < 10
    assert not archive.client.get("annotation", {"itemId": large})


def test_a_training_that_is_stopped_leaves_a_model_and_can_go_on(
    archive: JobArchive, tmp_path: Path
) -> None:
    write_cells(tmp_path / "dataset", samples=4, side=128, count=12)
    pack(tmp_path / "dataset", tmp_path / "cells.zip")
    dataset = archive.client.uploadFileToFolder(archive.folder.id, str(tmp_path / "cells.zip"))
    runs = archive.client.createFolder(archive.folder.id, "runs")["_id"]
    ended = stopped_training(
        archive,
        inputDatasetFile=dataset["_id"],
        runsFolder=runs,
        recipe="small",
        epochs=500,
        outputModelFile="stopped.safetensors",
    )
    assert ended.seconds < 10
    assert names_of(archive.download(archive.output("stopped.safetensors"), tmp_path)) == CELLS
    (run,) = archive.client.get("item", {"folderId": runs})
    left = {one["name"] for one in archive.client.get(f"item/{run['_id']}/files")}
    assert "run_checkpoint.zip" in left  # whether or not there was time for the model too
    again = stopped_training(archive, inputRunItem=run["_id"])
    assert again.seconds < 10
    assert archive.client.get("item", {"folderId": runs})[0]["_id"] == run["_id"]


def stopped_training(archive: JobArchive, **fields: object) -> Ended:
    """Stop a training once it has been validated; the seconds count from the request to stop."""
    job = archive.start("TrainDetector", device="cpu", **fields, **ACCESS)
    archive.await_progress(job, lambda told: "validation F1" in (told.get("message") or ""))
    begun = time.monotonic()
    archive.client.put(f"job/{job}/cancel")
    ended = archive.wait(job, begun)
    assert ended.status == CANCELED, ended.log
    return ended


def names_of(model: Path) -> tuple[str, ...]:
    """Return the classes of a model, which has to be one that can be loaded."""
    return load_bundle(model).card.taxonomy.names
