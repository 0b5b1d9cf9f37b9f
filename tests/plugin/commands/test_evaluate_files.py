"""Evaluating files of cells: what is counted, what is refused, and what the report holds."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from patherea_core.errors import (
    Cancelled,
    DatasetError,
    InputError,
    PathereaError,
    ScaleError,
    TaxonomyError,
)
from patherea_core.evaluation.report import Evaluation
from patherea_core.progress import Silent
from plugin.commands.evaluate_files import EvaluateFilesRequest, run
from plugin.radius import Radius
from tests.fakes import RecordingProgress

POINTS = "image,x,y,class\na,10,10,positive\na,50,50,negative\nb,20,20,positive\n"
FOUND = "image,x,y,class,score\na,12,10,positive,0.9\na,50,58,negative,0.8\nb,20,20,negative,0.7\n"


def files(tmp_path: Path, found: str = FOUND, points: str = POINTS, **more: Any) -> Evaluation:  # noqa: ANN401
    (tmp_path / "found.csv").write_text(found)
    (tmp_path / "points.csv").write_text(points)
    settings: dict[str, Any] = {"radius": Radius(6, "px"), **more}
    request = EvaluateFilesRequest(
        detections=tmp_path / "found.csv", points=tmp_path / "points.csv", **settings
    )
    return run(request, Silent()).evaluation


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


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
    assert counts(run(request, Silent()).evaluation)["1"] == (1, 0, 0)


def test_an_image_that_one_file_lacks_is_refused_unless_that_is_allowed(tmp_path: Path) -> None:
    found = "image,x,y,class,score\na,10,10,positive,1\n"
    with pytest.raises(InputError, match=r"'b' is in .*points\.csv but not in .*found\.csv"):
        files(tmp_path, found)
    assert counts(files(tmp_path, found, allow_missing=True))["any class"] == (1, 0, 2)


def test_detections_of_no_image_miss_everything(tmp_path: Path) -> None:
    none = "image,x,y,class,score\n"
    assert counts(files(tmp_path, none, allow_missing=True))["any class"] == (0, 0, 3)


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


def test_the_report_holds_a_page_and_the_same_figures_for_programs(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for name in "ab":
        pixels = np.random.default_rng(0).integers(255, size=(80, 80, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(images / f"{name}.png")
    out = tmp_path / "report"
    evaluation = files(tmp_path, images=images, out=out)

    assert {path.name for path in out.iterdir()} == {
        "report.html",
        "evaluation.json",
        "scores.csv",
        "cells.csv",
    }
    figures = json.loads((out / "evaluation.json").read_text())
    assert figures["mean_f1"] == evaluation.mean_f1
    assert figures["details"]["has_scores"]
    scores = rows_of(out / "scores.csv")
    assert [(row["row"], row["class"]) for row in scores] == [
        ("class", "positive"),
        ("class", "negative"),
        ("any class", ""),
        ("micro", ""),
        ("mean", ""),
    ]
    assert float(scores[-1]["f1"]) == evaluation.mean_f1
    assert scores[0]["tp"] == "1"
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64") == 4
    assert page.count("<svg") == 5
    assert not re.search(r'(src|href)="(?!data:|#)', page), "the page needs nothing else"


def test_every_cell_is_listed_once_with_what_became_of_it(tmp_path: Path) -> None:
    files(tmp_path, out=tmp_path / "report")
    cells = rows_of(tmp_path / "report" / "cells.csv")
    assert [(row["image"], row["class"], row["made_by"], row["outcome"]) for row in cells] == [
        ("a", "positive", "person", "hit"),
        ("a", "negative", "person", "missed"),
        ("a", "positive", "model", "hit"),
        ("a", "negative", "model", "false alarm"),
        ("b", "positive", "person", "taken for negative"),
        ("b", "negative", "model", "false alarm"),
    ]
    assert (cells[0]["partner_x"], cells[0]["partner_y"]) == ("12.0", "10.0")


def test_a_report_folder_in_use_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "mine.txt").write_text("")
    with pytest.raises(DatasetError, match="is not empty"):
        files(tmp_path, "no table", out=tmp_path / "report")


def test_two_models_are_compared_on_the_same_images(tmp_path: Path) -> None:
    (tmp_path / "rival.csv").write_text(POINTS)
    (tmp_path / "found.csv").write_text(FOUND)
    (tmp_path / "points.csv").write_text(POINTS)
    request = EvaluateFilesRequest(
        detections=tmp_path / "found.csv",
        points=tmp_path / "points.csv",
        rival=tmp_path / "rival.csv",
        radius=Radius(6, "px"),
        out=tmp_path / "report",
    )
    found = run(request, Silent())
    assert found.comparison is not None
    assert found.comparison.any_class.value == pytest.approx(2 / 3 - 1)
    figures = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    assert figures["comparison"]["detection"]["f1"] == found.comparison.any_class.value
    assert "Compared with" in (tmp_path / "report" / "report.html").read_text()


def test_what_scores_less_than_the_threshold_takes_no_part(tmp_path: Path) -> None:
    assert counts(files(tmp_path, threshold=0.75))["any class"] == (1, 1, 2)
    with pytest.raises(InputError, match="between 0 and 1"):
        files(tmp_path, threshold=1.5)


def test_each_class_may_have_a_threshold_of_its_own(tmp_path: Path) -> None:
    assert counts(files(tmp_path, threshold={"negative": 0.75}))["any class"] == (1, 1, 2)
    with pytest.raises(TaxonomyError, match=r"names class 'other'; the classes are"):
        files(tmp_path, threshold={"other": 0.5})


def test_pictures_need_a_report_and_are_of_the_images_that_there_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InputError, match="name its folder with --out"):
        files(tmp_path, images=tmp_path)
    images = tmp_path / "images"
    images.mkdir()
    Image.fromarray(np.zeros((80, 80, 3), dtype=np.uint8)).save(images / "a.png")
    files(tmp_path, images=images, out=tmp_path / "report")
    assert "images of 1 of 2 regions" in caplog.text
    assert (tmp_path / "report" / "report.html").read_text().count("data:image/png") == 3


def test_a_rival_may_have_other_class_names_and_other_empty_images(tmp_path: Path) -> None:
    (tmp_path / "rival.csv").write_text("image,x,y,class\na,10,10,1\nc,5,5,1\n")
    found = FOUND + "d,5,5,positive,1\n"
    (tmp_path / "found.csv").write_text(found)
    (tmp_path / "points.csv").write_text(POINTS)
    request = EvaluateFilesRequest(
        detections=tmp_path / "found.csv",
        points=tmp_path / "points.csv",
        rival=tmp_path / "rival.csv",
        mapping={"1": "positive"},
        radius=Radius(6, "px"),
        allow_missing=True,
    )
    comparison = run(request, Silent()).comparison
    assert comparison is not None
    assert comparison.groups == 4
    # Ours: two hits of four detections and three points; theirs: one hit of two detections.
    assert comparison.any_class.value == pytest.approx(4 / 7 - 2 / 5)


@pytest.mark.parametrize("mpp", [0.0, -1.0, float("nan")])
def test_a_pixel_size_that_is_none_is_refused(tmp_path: Path, mpp: float) -> None:
    with pytest.raises(ScaleError, match="--mpp must be a positive number"):
        files(tmp_path, radius=Radius(2, "um"), mpp=mpp)


def test_a_report_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "found.csv").write_text(FOUND)
    (tmp_path / "points.csv").write_text(POINTS)
    request = EvaluateFilesRequest(
        detections=tmp_path / "found.csv",
        points=tmp_path / "points.csv",
        radius=Radius(6, "px"),
        out=tmp_path / "report",
    )
    with pytest.raises(Cancelled):
        run(request, RecordingProgress(stop_at=0.85))
    assert {path.name for path in tmp_path.iterdir()} == {"found.csv", "points.csv"}


def test_only_what_lies_in_the_regions_takes_part(tmp_path: Path) -> None:
    regions = tmp_path / "regions.geojson"
    features = [
        {
            "type": "Feature",
            "properties": {"image": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[0, 0], [30, 0], [30, 30], [0, 30], [0, 0]]],
            },
        }
        for name in "ab"
    ]
    regions.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    evaluation = files(tmp_path, regions=regions)
    assert counts(evaluation)["any class"] == (2, 0, 0)
    assert evaluation.left_out.points == evaluation.left_out.detections == 1
    assert evaluation.fields_without_area == 0


def test_classes_can_be_renamed(tmp_path: Path) -> None:
    one = files(tmp_path, mapping={"positive": "cell", "negative": "cell"})
    assert counts(one)["cell"] == (2, 1, 1)
