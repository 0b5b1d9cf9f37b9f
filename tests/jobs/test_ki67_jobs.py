"""Jobs that post with their token: cells a class an annotation, and the Ki-67 index of these cells."""

import json
from typing import Any

import pytest

from patherea_core.seeding import Seed
from plugin.sandbox.synthetic import draw_tissue
from tests.jobs.job_archive import ACCESS, NEEDS, SUCCESS, JobArchive
from tests.plugin.archive import square

pytestmark = NEEDS

#: What the classes of the model that comes with the image are taken for here.
CLASSES = {"positive": ["epithelial"], "negative": ["lymphocyte"], "notCounted": ["stromal"]}
FILES = {
    "outputPageFile": "index.html",
    "outputPdfFile": "index.pdf",
    "outputReportFile": "index.json",
    "outputMapFile": "index.tiff",
}


def ours(archive: JobArchive, slide: str, *kinds: str) -> list[dict[str, Any]]:
    """Return what this program has put on a slide, of these kinds, with all elements."""
    listed = archive.client.get("annotation", {"itemId": slide, "limit": 0})
    whole = [archive.client.get(f"annotation/{one['_id']}")["annotation"] for one in listed]
    return [one for one in whole if facts(one).get("kind") in kinds]


def facts(annotation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (annotation.get("attributes") or {}).get("patherea") or {}
    return found


@pytest.fixture(scope="module")
def slide(archive: JobArchive) -> str:
    """A slide whose cells a job has found, a class an annotation, and with two fields that overlap."""
    item = archive.add_slide(draw_tissue(Seed(3), 512, 512).pixels)
    ended = archive.run(
        "DetectCells",
        inputImageFile=archive.file_of(item),
        slideInArchive=archive.file_of(item),
        annotations="per class",
        outputAnnotationFile="apart.anot",
        outputTableFile="apart.csv",
        **ACCESS,
    )
    assert ended.status == SUCCESS, ended.log
    archive.folder.annotate(item, square(0, 0, 300), square(200, 200, 300), name="fields")
    return item


def test_cells_of_each_class_are_an_annotation_and_none_comes_again_by_the_file(
    archive: JobArchive, slide: str
) -> None:
    found = ours(archive, slide, "detections")
    assert not archive.outputs("apart.anot")
    groups = [{element["group"] for element in one["elements"]} for one in found]
    classes = sorted(name for group in groups for name in group)
    assert classes == sorted(set(classes))
    assert len(classes) == len(found) > 1
    assert len({facts(one)["run"] for one in found}) == 1
    _, *rows = archive.text_of("apart.csv").splitlines()
    assert sum(len(one["elements"]) for one in found) == len(rows)


def test_annotations_metadata_and_files_of_an_index_arrive(archive: JobArchive, slide: str) -> None:
    cells = ours(archive, slide, "detections")
    ended = archive.run(
        "Ki67Index",
        inputImageFile=archive.file_of(slide),
        regions="fields",
        weights=[],
        hotspotWindow="40cells",
        hotspots=2,
        stainCheck=True,
        **CLASSES,
        **FILES,
        **ACCESS,
    )
    assert ended.status == SUCCESS, ended.log
    figures = json.loads(archive.text_of("index.json"))
    assert 0 < figures["index"] < 1
    assert {one["name"] for one in figures["annotations"]} > {one["name"] for one in cells}

    (count,) = ours(archive, slide, "ki67")
    assert facts(count)["index"] == figures["index"]
    groups = [element["group"] for element in count["elements"]]
    assert groups == ["Ki-67 region"] * 2 + ["Ki-67 hotspot"] * 2
    (surface,) = ours(archive, slide, "ki67 surface")
    assert [element["type"] for element in surface["elements"]] == ["griddata"]
    noted = archive.client.getItem(slide)["meta"]["patherea"]["ki67"]
    assert (noted["index"], noted["run"]) == (figures["index"], figures["run"])

    page = archive.text_of("index.html")
    assert f"{100 * figures['index']:.1f} %" in page
    assert "data:image/" in page  # the slide, read from the archive by the container
    assert archive.content_of("index.pdf").startswith(b"%PDF")
    assert archive.content_of("index.tiff")[:2] in {b"II", b"MM"}
    # The slide that the container fetched contradicts some of these cells, as the classes are made up.
    (contradicted,) = ours(archive, slide, "stain check")
    assert len(contradicted["elements"]) > 0
    # Nothing is taken for an annotation of its own because it is a file beside the slide.
    assert len(archive.client.get("annotation", {"itemId": slide})) == len(cells) + 4
