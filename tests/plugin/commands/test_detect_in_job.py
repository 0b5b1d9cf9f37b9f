"""Jobs of the archive: what goes by file, what is posted, and that nothing arrives twice or elsewhere."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely

from patherea_core.progress import Silent
from plugin.commands.detect_in_job import JobRequest, run
from plugin.commands.detect_request import DetectRequest
from plugin.dsa import annotation_encoding
from plugin.outputs.arrangement import Arrangement
from tests.builders import noise
from tests.plugin.archive import TOKEN, FakeArchive, identifier, serving
from tests.plugin.bundles import write_model
from tests.plugin.slide_files import write_tiff

ITEM = identifier(1)
FILE = identifier(1001)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[FakeArchive]:
    write_tiff(tmp_path / "s.tif", noise(96, 64), photometric="rgb")
    with serving(FakeArchive()) as running:
        running.add_slide("s.tif", (tmp_path / "s.tif").read_bytes(), (96, 64))
        yield running


@pytest.fixture
def job(archive: FakeArchive, model: Path, tmp_path: Path) -> JobRequest:
    """A job as the viewer starts it: the slide as a file, and its id once more."""
    (tmp_path / "out").mkdir()
    return JobRequest(
        files=DetectRequest(
            inputs=(tmp_path / "s.tif",),
            out=tmp_path / "out" / "Detect cells",
            form=".anot",
            table=tmp_path / "out" / "table",
            model=model,
            region=shapely.box(10, 10, 60, 50),
            threshold=0.3,
            device="cpu",
        ),
        api_url=archive.address,
        token=TOKEN,
        slide_id=FILE,
    )


APART = Arrangement(per_class=True, sure_from=0.4, density="grid")


def written(job: JobRequest) -> dict[str, Any] | None:
    out = job.files.out
    document: dict[str, Any] | None = json.loads(out.read_bytes()) if out.exists() else None
    return document


def points(*documents: dict[str, Any]) -> list[tuple[float, ...]]:
    return sorted(
        tuple(element["center"])
        for document in documents
        for element in document["elements"]
        if element["type"] == "point"
    )


def test_one_annotation_goes_by_file_and_is_not_posted_too(
    job: JobRequest, archive: FakeArchive
) -> None:
    run(job, Silent())
    assert archive.posted == []
    assert points(written(job) or {})
    assert job.files.table is not None
    assert job.files.table.read_text().startswith("image,x,y,class,score\n")


def test_with_and_without_a_token_the_cells_are_the_same(
    job: JobRequest, archive: FakeArchive
) -> None:
    run(job, Silent())
    first = written(job) or {}
    run(replace(job, token="", files=replace(job.files, threshold=0.3)), Silent())
    assert points(written(job) or {}) == points(first)
    assert archive.posted == []


def test_several_annotations_are_posted_in_order_and_none_goes_by_file(
    job: JobRequest, archive: FakeArchive
) -> None:
    run(job, Silent())
    whole = written(job) or {}
    job.files.out.unlink()
    run(replace(job, arrangement=APART), Silent())
    assert written(job) is None
    assert {item for item, _ in archive.posted} == {ITEM}
    posted = [document for _, document in archive.posted]
    assert points(*posted) == points(whole)
    kinds = [one["attributes"]["patherea"]["kind"] for one in posted]
    assert kinds == sorted(kinds, key=("detections", "density").index)
    assert kinds.count("density") >= 1


def test_more_cells_than_one_annotation_holds_are_posted_though_one_was_wanted(
    job: JobRequest, archive: FakeArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(job, Silent())
    whole = points(written(job) or {})
    job.files.out.unlink()
    monkeypatch.setattr(annotation_encoding, "POINTS_PER_ANNOTATION", len(whole) // 2 + 1)
    run(job, Silent())
    assert written(job) is None
    assert len(archive.posted) == 2
    assert points(*(document for _, document in archive.posted)) == whole


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"token": ""}, "gave no address and token"),
        ({"api_url": ""}, "gave no address and token"),
        ({"slide_id": ""}, "not known which slide"),
        ({"token": "expired"}, "does not accept the token"),
        ({"slide_id": identifier(77)}, "has no slide"),
        ({"api_url": "http://127.0.0.1:9/api/v2"}, "does not answer"),
    ],
)
def test_what_cannot_be_posted_goes_by_file_as_one_annotation_and_the_log_says_why(
    job: JobRequest,
    archive: FakeArchive,
    changes: dict[str, Any],
    reason: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("plugin.dsa.session._PAUSES", ())
    run(replace(job, arrangement=APART, **changes), Silent())
    assert archive.posted == []
    assert points(written(job) or {})
    (warning,) = (one for one in caplog.messages if "become one annotation" in one)
    assert reason in warning
    assert TOKEN not in caplog.text


def test_in_a_batch_nothing_is_posted_to_the_slide_that_is_on_the_screen(
    job: JobRequest, archive: FakeArchive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other, longer = tmp_path / "t.tif", tmp_path / "batch" / "s.tif"
    longer.parent.mkdir()
    write_tiff(other, noise(96, 64), photometric="rgb")
    write_tiff(longer, noise(128, 64, seed=5), photometric="rgb", description="another slide")
    for path in (other, longer):
        files = replace(job.files, inputs=(path,))
        run(replace(job, arrangement=APART, files=files), Silent())
        assert archive.posted == []
        assert (written(job) or {})["attributes"]["patherea"]["slide"] == path.name
    assert caplog.text.count("as happens in a batch") == 2


def test_who_may_only_read_gets_one_annotation_by_file(
    job: JobRequest, archive: FakeArchive, caplog: pytest.LogCaptureFixture
) -> None:
    archive.access_level = 0
    run(replace(job, arrangement=APART), Silent())
    assert archive.posted == []
    assert "you may not write to slide 's.tif'" in caplog.text
    assert points(written(job) or {})


def test_without_wishes_that_need_the_token_nothing_is_said_of_it(
    job: JobRequest, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        run(replace(job, token=""), Silent())
    assert "token" not in caplog.text


def test_the_outline_of_the_tissue_is_posted_once(
    job: JobRequest, archive: FakeArchive, tmp_path: Path
) -> None:
    tissue = tmp_path / "out" / "tissue"
    run(replace(job, files=replace(job.files, tissue=tissue)), Silent())
    (posted,) = (document for _, document in archive.posted)
    assert posted["name"].startswith("Tissue ")
    assert not tissue.exists()
    assert points(written(job) or {})
