"""Jobs that cannot end well: each says why in one sentence, and leaves nothing behind."""

import numpy as np
import pytest

from patherea_core.seeding import Seed
from plugin.sandbox.synthetic import draw_tissue
from tests.jobs.job_archive import ACCESS, ERROR, NEEDS, Ended, JobArchive

pytestmark = NEEDS


@pytest.fixture(scope="module")
def slide(archive: JobArchive) -> str:
    return archive.add_slide(draw_tissue(Seed(3), 512, 512).pixels)


def refusal(ended: Ended) -> str:
    """Return the one sentence in which a job says why it failed."""
    assert ended.status == ERROR, ended.log
    (sentence,) = ended.sentences
    return sentence


def test_a_slide_without_the_size_of_its_pixels_is_refused(archive: JobArchive) -> None:
    unmeasured = archive.add_slide(draw_tissue(Seed(3), 256, 256).pixels, mpp=None)
    ended = archive.run(
        "DetectCells",
        inputImageFile=archive.file_of(unmeasured),
        outputAnnotationFile="failed.anot",
    )
    assert "mpp" in refusal(ended)
    assert not archive.client.get("annotation", {"itemId": unmeasured})
    assert not archive.outputs("failed.anot")


def test_a_slide_that_is_deleted_during_the_job_is_named(archive: JobArchive) -> None:
    tissue = draw_tissue(Seed(3), 512, 512).pixels
    large = archive.add_slide(np.tile(tissue, (3, 3, 1)))
    job = archive.start(
        "SuggestRegions",
        inputImageFile=archive.file_of(large),
        outputReportFile="deleted.json",
        **ACCESS,
    )
    archive.await_progress(job, lambda told: told.get("current", 0) > 0.05)
    archive.client.delete(f"item/{large}")
    ended = archive.ended(job)
    assert "no longer in the archive" in refusal(ended)
    assert not archive.outputs("deleted.json")


@pytest.mark.parametrize("command", ["SuggestRegions", "Ki67Index"])
def test_a_reader_is_told_that_the_slide_may_not_be_changed(
    archive: JobArchive, slide: str, command: str
) -> None:
    reader = archive.seen_by_reader()
    ended = reader.run(command, inputImageFile=archive.file_of(slide), **ACCESS)
    assert "right to edit its folder" in refusal(ended)
    assert not archive.client.get("annotation", {"itemId": slide})
    assert "patherea" not in archive.client.getItem(slide)["meta"]


def test_a_slide_without_cells_has_no_index(archive: JobArchive, slide: str) -> None:
    ended = archive.run(
        "Ki67Index",
        inputImageFile=archive.file_of(slide),
        outputReportFile="none.json",
        outputPageFile="none.html",
        **ACCESS,
    )
    assert "has no annotation with detections" in refusal(ended)
    assert not archive.outputs("none.json") + archive.outputs("none.html")
    assert "patherea" not in archive.client.getItem(slide)["meta"]


def test_a_token_that_has_expired_is_not_accepted(archive: JobArchive, slide: str) -> None:
    key = archive.client.post("api_key", {"name": "soon over", "tokenDuration": 1e-5})
    token = archive.client.post("api_key/token", {"key": key["key"]})["authToken"]["token"]
    ended = archive.run(
        "SuggestRegions",
        inputImageFile=archive.file_of(slide),
        girderApiUrl="",
        girderToken=token,
    )
    assert "does not accept the token" in refusal(ended)
    assert not archive.client.get("annotation", {"itemId": slide})
