"""Evaluating the annotations of a slide in the archive."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import AnnotationError, InputError, OutputError, TaxonomyError
from patherea_core.evaluation.report import Evaluation
from patherea_core.progress import Silent
from plugin.commands.evaluate_on_item import EvaluateOnItemRequest, run
from plugin.dsa.annotation_codec import is_detections
from plugin.radius import Radius
from tests.plugin.archive import TOKEN, FakeArchive, point, serving, square


def counts(evaluation: Evaluation) -> dict[str, tuple[int, int, int]]:
    return {
        line.name: (
            line.counts.true_positives,
            line.counts.false_positives,
            line.counts.false_negatives,
        )
        for line in (*evaluation.lines, evaluation.any_class)
    }


@pytest.fixture
def archive() -> Iterator[FakeArchive]:
    with serving(FakeArchive()) as running:
        item = running.add_slide("s.tif", b"", (400, 300))
        running.annotate(item, square(0, 0, 100), point(10, 10), point(50, 50, "negative"))
        found = running.annotate(
            item,
            {**point(12, 10), "user": {"p": 0.9, "c": "positive"}},
            {**point(200, 200), "user": {"p": 0.9, "c": "positive"}},
            name="Cells",
        )
        ours = {"kind": "detections", "classes": ["positive", "negative", "other"]}
        running.annotations[found]["annotation"]["attributes"] = {"patherea": ours}
        yield running


def on_slide(archive: FakeArchive, **more: Any) -> Evaluation:  # noqa: ANN401
    settings: dict[str, Any] = {"item_id": f"{1:024x}", "radius": Radius(6, "px"), **more}
    return run(EvaluateOnItemRequest(api_url=archive.address, token=TOKEN, **settings), Silent())


def test_only_what_lies_in_the_regions_counts(archive: FakeArchive) -> None:
    evaluation = on_slide(archive)
    assert counts(evaluation) == {
        "positive": (1, 0, 0),
        "negative": (0, 0, 1),
        "other": (0, 0, 0),
        "any class": (1, 0, 1),
    }


def test_detections_drawn_by_hand_bring_their_own_classes(archive: FakeArchive) -> None:
    archive.annotate(f"{1:024x}", point(11, 10), point(52, 50, "stroma"), name="by hand")
    evaluation = on_slide(archive, detections="by hand", points="labels")
    assert evaluation.taxonomy.names == ("negative", "positive", "stroma")
    assert counts(evaluation)["any class"] == (2, 0, 0)


def test_the_archives_page_names_a_slide_by_its_file(archive: FakeArchive) -> None:
    assert on_slide(archive, item_id=f"{1001:024x}").intervals.groups == 1


def test_the_report_names_annotations_and_versions_and_the_picture_is_drawn(
    archive: FakeArchive, tmp_path: Path
) -> None:
    on_slide(archive, report=tmp_path / "r.json", figure=tmp_path / "f.png")
    report = json.loads((tmp_path / "r.json").read_text())
    assert [used["version"] for used in report["annotations"]] == [5001, 5000]
    assert report["slide"]["mpp"] == pytest.approx(0.25)
    assert report["detection"]["f1"] == pytest.approx(2 / 3)
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_more_regions_than_fit_says_how_many_it_shows(
    archive: FakeArchive,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    archive.annotate(f"{1:024x}", square(200, 0, 150), name="more")
    monkeypatch.setattr("plugin.commands.evaluate_on_item._MOST_DRAWN", 1)
    on_slide(archive, figure=tmp_path / "f.png")
    assert "the picture shows 1 of 2 regions" in caplog.text


def test_a_large_region_is_drawn_from_fewer_pixels(
    archive: FakeArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.commands.evaluate_on_item._LONGEST_SIDE", 40)
    on_slide(archive, figure=tmp_path / "f.png")
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    (query,) = archive.pictures
    assert int(query["width"]) <= 40
    assert int(query["regionWidth"]) > 40


def test_labels_that_do_not_fit_the_model_are_refused(archive: FakeArchive) -> None:
    archive.annotate(f"{1:024x}", square(200, 0, 50), point(210, 10, "tumour"), name="more")
    with pytest.raises(TaxonomyError, match=r"'tumour'.*'more'|'more'.*'tumour'"):
        on_slide(archive)


def test_a_slide_without_labels_or_with_a_stray_point_is_refused(archive: FakeArchive) -> None:
    with pytest.raises(InputError, match="nothing to evaluate"):
        on_slide(archive, points="none of them")
    archive.annotate(f"{1:024x}", point(210, 10), name="stray")
    with pytest.raises(AnnotationError, match="outside of every region"):
        on_slide(archive)
    assert on_slide(archive, points_outside="drop").intervals.groups == 1


def test_a_report_that_cannot_be_written_is_refused_before_the_archive_is_asked(
    archive: FakeArchive, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        on_slide(archive, report=tmp_path / "no" / "r.json")
    assert archive.requests == []


def test_what_lies_outside_of_every_region_is_told(archive: FakeArchive) -> None:
    archive.annotate(f"{1:024x}", point(300, 200), name="stray")
    left_out = on_slide(archive, points_outside="drop").left_out
    assert (left_out.points, left_out.detections) == (1, 1)


def test_only_what_the_model_looked_at_counts(
    archive: FakeArchive, caplog: pytest.LogCaptureFixture
) -> None:
    (cells,) = [a for a in archive.annotations.values() if a["annotation"]["name"] == "Cells"]
    ours = cells["annotation"]["attributes"]["patherea"]
    ours["region"] = "POLYGON ((0 0, 0 30, 30 30, 30 0, 0 0))"
    assert counts(on_slide(archive))["any class"] == (1, 0, 0)
    assert "looked at 9 % of region 1 only" in caplog.text
    ours["region"] = "POLYGON ((300 200, 300 230, 330 230, 330 200, 300 200))"
    with pytest.raises(InputError, match="looked at none of the labelled regions"):
        on_slide(archive)


def test_verdicts_are_an_annotation_with_a_group_for_each_outcome(
    archive: FakeArchive, tmp_path: Path
) -> None:
    on_slide(archive, verdicts=tmp_path / "v.anot", page=tmp_path / "page.html")
    document = json.loads((tmp_path / "v.anot").read_text())
    assert [element["group"] for element in document["elements"]] == ["hit", "missed"]
    assert document["elements"][1]["center"] == [50, 50, 0]
    assert document["elements"][1]["label"] == {"value": "negative"}
    assert not is_detections({"annotation": document})
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/png;base64") == 2
    assert "region 1" in page


def test_a_cell_of_another_class_is_one_verdict(archive: FakeArchive, tmp_path: Path) -> None:
    archive.annotate(f"{1:024x}", square(150, 150, 100), point(201, 200, "negative"), name="more")
    evaluation = on_slide(archive, verdicts=tmp_path / "v.anot")
    document = json.loads((tmp_path / "v.anot").read_text())
    groups = [element["group"] for element in document["elements"]]
    assert groups == ["hit", "missed", "other class"]
    assert document["elements"][2]["label"]["value"] == "negative, taken for positive"
    assert counts(evaluation)["negative"] == (0, 0, 2)
