"""Evaluating detections: from files, and from the annotations of a slide in the archive."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import (
    AnnotationError,
    InputError,
    OutputError,
    PathereaError,
    ScaleError,
    TaxonomyError,
)
from patherea_core.evaluation.report import Evaluation
from patherea_core.progress import Silent
from plugin.commands.evaluate_detections import (
    EvaluateAnnotationsRequest,
    EvaluateFilesRequest,
    run,
)
from plugin.radius import Radius
from tests.plugin.archive import TOKEN, FakeArchive, point, serving, square

POINTS = "image,x,y,class\na,10,10,positive\na,50,50,negative\nb,20,20,positive\n"
FOUND = "image,x,y,class,score\na,12,10,positive,0.9\na,50,58,negative,0.8\nb,20,20,negative,0.7\n"


def files(tmp_path: Path, found: str = FOUND, points: str = POINTS, **more: Any) -> Evaluation:  # noqa: ANN401
    (tmp_path / "found.csv").write_text(found)
    (tmp_path / "points.csv").write_text(points)
    settings: dict[str, Any] = {"radius": Radius(6, "px"), **more}
    request = EvaluateFilesRequest(
        detections=tmp_path / "found.csv", points=tmp_path / "points.csv", **settings
    )
    return run(request, Silent())


def counts(evaluation: Evaluation) -> dict[str, tuple[int, int, int]]:
    return {
        line.name: (
            line.counts.true_positives,
            line.counts.false_positives,
            line.counts.false_negatives,
        )
        for line in (*evaluation.lines, evaluation.any_class)
    }


def test_hits_and_misses_are_counted_image_by_image(tmp_path: Path) -> None:
    assert counts(files(tmp_path)) == {
        "positive": (1, 0, 1),
        "negative": (0, 2, 1),
        "any class": (2, 1, 1),
    }


def test_the_radius_can_be_in_micrometres(tmp_path: Path) -> None:
    evaluation = files(tmp_path, radius=Radius(2, "um"), mpp=0.25)
    assert evaluation.radius == 8
    assert counts(evaluation)["any class"] == (3, 0, 0)
    with pytest.raises(ScaleError, match="give --mpp"):
        files(tmp_path, radius=Radius(2, "um"))


def test_files_of_every_layout_are_compared(tmp_path: Path) -> None:
    (tmp_path / "a.png.json").write_text('{"nuc": {"1": {"centroid": [9.5, 9.5], "type": 1}}}')
    (tmp_path / "points.csv").write_text("image,x,y,class\na.png,10,10,1\n")
    request = EvaluateFilesRequest(
        detections=tmp_path / "a.png.json", points=tmp_path / "points.csv", radius=Radius(1, "px")
    )
    assert counts(run(request, Silent()))["1"] == (1, 0, 0)


def test_an_image_that_one_file_lacks_is_refused_unless_that_is_allowed(tmp_path: Path) -> None:
    found = "image,x,y,class,score\na,10,10,positive,1\n"
    with pytest.raises(InputError, match=r"'b' is in .*points\.csv but not in .*found\.csv"):
        files(tmp_path, found)
    assert counts(files(tmp_path, found, allow_missing=True))["any class"] == (1, 0, 2)


def test_detections_of_no_image_miss_everything(tmp_path: Path) -> None:
    none = "image,x,y,class,score\n"
    assert counts(files(tmp_path, none))["any class"] == (0, 0, 3)


@pytest.mark.parametrize(
    ("found", "points", "kind", "reason"),
    [
        (FOUND + "a,1,1,Positive,1\n", POINTS, TaxonomyError, r"'Positive'.*--map.*--classes"),
        ("image,x,y,class\nz,1,1,positive\n", POINTS, InputError, r"no image is in both.*'a'.*'z'"),
        (FOUND, "image,x,y,class\n", InputError, "has no points; name the classes"),
        (FOUND, "image,x,y\na,1,1\n", InputError, "no column 'class'"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, found: str, points: str, kind: type[PathereaError], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        files(tmp_path, found, points)


def test_a_class_that_only_detections_have_counts_if_the_classes_are_named(tmp_path: Path) -> None:
    found = FOUND + "a,1,1,other,1\n"
    evaluation = files(tmp_path, found, classes=("positive", "negative", "other"))
    assert counts(evaluation)["other"] == (0, 1, 0)


@pytest.mark.parametrize(
    ("text", "radius"),
    [("6px", Radius(6, "px")), (" 3.5 um", Radius(3.5, "um")), ("4µm", Radius(4, "um"))],
)
def test_a_radius_has_a_unit(text: str, radius: Radius) -> None:
    assert Radius.parse(text) == radius


@pytest.mark.parametrize("text", ["6", "px", "-6px", "0px", "6 mm", "nanpx", ""])
def test_what_is_no_radius_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="say 6px or 3um"):
        Radius.parse(text)


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
    return run(
        EvaluateAnnotationsRequest(api_url=archive.address, token=TOKEN, **settings), Silent()
    )


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
    assert on_slide(archive, item_id=f"{1001:024x}").field_count == 1


def test_the_report_names_annotations_and_versions_and_the_picture_is_drawn(
    archive: FakeArchive, tmp_path: Path
) -> None:
    on_slide(archive, report=tmp_path / "r.json", figure=tmp_path / "f.png")
    report = json.loads((tmp_path / "r.json").read_text())
    assert [used["version"] for used in report["annotations"]] == [5001, 5000]
    assert report["slide"]["mpp"] == pytest.approx(0.25)
    assert report["any_class"]["f1"] == pytest.approx(2 / 3)
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_more_regions_than_fit_says_how_many_it_shows(
    archive: FakeArchive,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    archive.annotate(f"{1:024x}", square(200, 0, 150), name="more")
    monkeypatch.setattr("plugin.commands.evaluate_detections._MOST_DRAWN", 1)
    on_slide(archive, figure=tmp_path / "f.png")
    assert "the picture shows 1 of 2 regions" in caplog.text


def test_a_large_region_is_drawn_from_fewer_pixels(
    archive: FakeArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.commands.evaluate_detections._LONGEST_SIDE", 40)
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
    assert on_slide(archive, points_outside="drop").field_count == 1


def test_a_report_that_cannot_be_written_is_refused_before_the_archive_is_asked(
    archive: FakeArchive, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        on_slide(archive, report=tmp_path / "no" / "r.json")
    assert archive.requests == []
