"""What is written to a real archive comes back as it was, by both ways in."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from patherea_core.cells import CellsInMemory
from patherea_core.geometry import Box
from patherea_core.points import Detections
from patherea_core.progress import Silent
from patherea_core.taxonomy import Taxonomy
from plugin.commands.evaluate_on_item import EvaluateOnItemRequest, run
from plugin.dsa.annotation_codec import decode_detections
from plugin.dsa.annotation_encoding import element_id
from plugin.dsa.annotations import list_annotations, read_annotation
from plugin.dsa.items import slide_named
from plugin.dsa.labels import read_labels
from plugin.dsa.posting import post_annotation
from plugin.dsa.remote_slide import remote_slide
from plugin.dsa.session import Session, connect
from plugin.outputs.annotation_file import annotation_of, write_annotation
from plugin.outputs.results import Results, SlideCells
from plugin.radius import Radius
from plugin.sandbox.process import SandboxProcess
from tests.builders import noise
from tests.journeys.archive_folder import Folder
from tests.plugin.archive import point, square

pytestmark = pytest.mark.dsa

TAXONOMY = Taxonomy.of(["positive", "negative", "other"])


def detections(count: int = 50) -> Detections:
    random = np.random.default_rng(0)
    return Detections(
        np.round(random.uniform((5, 5), (95, 95), (count, 2)), 1),
        np.sort(random.integers(3, size=count)),
        np.round(random.uniform(size=count), 4),
    )


def results() -> Results:
    cells = CellsInMemory(detections())
    return Results([SlideCells("slide.tif", cells)], TAXONOMY, "Cells", "run")


@pytest.fixture
def folder(sandbox: SandboxProcess, tmp_path: Path) -> Folder:
    return Folder(sandbox, tmp_path)


@pytest.fixture
def slide(folder: Folder) -> str:
    return folder.add_slide()


@pytest.fixture
def session(sandbox: SandboxProcess) -> Session:
    return connect(sandbox.api_url, sandbox.token)


def require_all(document: dict[str, Any]) -> None:
    found, cells = decode_detections(document, TAXONOMY), detections()
    assert found.xy.tolist() == cells.xy.tolist()
    assert found.class_index.tolist() == cells.class_index.tolist()
    assert found.score.tolist() == cells.score.tolist()
    ids = [element["id"] for element in document["annotation"]["elements"]]
    assert ids == [element_id("run", row) for row in range(len(ids))]


def test_posted_detections_keep_their_place_order_score_and_id(
    session: Session, slide: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_annotation(session, slide, annotation_of(results()))
    (summary,) = list_annotations(session, slide)
    assert summary.detections
    monkeypatch.setattr("plugin.dsa.annotations._PAGE", 7)
    require_all(read_annotation(session, summary.id))


def upload_as_output(
    session: Session, folder: Folder, slide: str, path: Path, parameter: str
) -> None:
    """Upload a file as a job's worker does, and wait until the archive has taken it in."""
    before = len(list_annotations(session, slide))
    reference = {
        "identifier": parameter,
        "itemId": slide,
        "fileId": slide_named(session, slide).file_id,
        "userId": folder.client.get("user/me")["_id"],
    }
    folder.client.uploadFileToFolder(folder.id, str(path), reference=json.dumps(reference))
    patience = time.monotonic() + 60
    while len(list_annotations(session, slide)) == before and time.monotonic() < patience:
        time.sleep(0.1)


def test_a_job_output_becomes_an_annotation_by_the_name_of_its_parameter(
    session: Session, folder: Folder, slide: str, tmp_path: Path
) -> None:
    path = tmp_path / "cells.anot"
    write_annotation(path, results())
    upload_as_output(session, folder, slide, path, "outputAnnotationFile")
    (summary,) = list_annotations(session, slide)
    require_all(read_annotation(session, summary.id))


def test_a_slide_is_read_through_the_archive_as_it_is_from_its_file(
    session: Session, slide: str
) -> None:
    reader = remote_slide(session, slide_named(session, slide))
    assert (reader.width, reader.height) == (400, 300)
    assert reader.base_mpp == pytest.approx(0.25)
    pixels = noise(400, 300)
    assert np.array_equal(reader.read(Box(10, 20, 50, 60)), pixels[20:80, 10:60])
    assert (reader.read(Box(390, 0, 20, 10))[:, 10:] == 255).all()


def test_an_evaluation_is_drawn_from_the_archive(
    session: Session, folder: Folder, slide: str, tmp_path: Path
) -> None:
    post_annotation(session, slide, annotation_of(results()))
    found = detections()
    labelled = [
        point(float(x), float(y), TAXONOMY.names[row])
        for (x, y), row in zip(found.xy, found.class_index, strict=True)
    ]
    folder.annotate(slide, square(0, 0, 100), *labelled)
    evaluation = run(
        EvaluateOnItemRequest(
            api_url=folder.sandbox.api_url,
            token=folder.sandbox.token,
            item_id=slide_named(session, slide).file_id,
            radius=Radius(1, "um"),
            report=tmp_path / "report.json",
            figure=tmp_path / "figure.png",
            page=tmp_path / "page.html",
            verdicts=tmp_path / "verdicts.anot",
        ),
        Silent(),
    )
    assert evaluation.any_class.counts.f1 == 1
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    assert (tmp_path / "page.html").read_text().count("data:image/png") == 12
    upload_as_output(
        session, folder, slide, tmp_path / "verdicts.anot", "outputVerdictsAnnotationFile"
    )
    verdicts = read_annotation(session, list_annotations(session, slide)[-1].id)
    groups = [element["group"] for element in verdicts["annotation"]["elements"]]
    assert groups == ["hit"] * len(found)
    assert "verdicts" not in {
        shapes.annotation.name.split()[0] for shapes in read_labels(session, slide, "*")
    }
