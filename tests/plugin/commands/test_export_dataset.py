"""Exporting a dataset: what is written, and what is refused, against a stand-in for the archive."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from patherea_core.data.store import check, read_manifest, read_sample, unpack
from patherea_core.errors import (
    AnnotationError,
    ArchiveError,
    CredentialsError,
    DatasetError,
    InputError,
    OutputError,
    PathereaError,
    ScaleError,
    TaxonomyError,
)
from patherea_core.progress import Silent
from plugin.commands.export_dataset import ExportRequest, run
from tests.fakes import RecordingProgress
from tests.plugin.archive import FOLDER, TOKEN, FakeArchive, point, polygon, serving, square
from tests.plugin.slide_files import write_tiff


@pytest.fixture
def archive() -> Iterator[FakeArchive]:
    with serving(FakeArchive()) as running:
        yield running


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))


@pytest.fixture
def slide(archive: FakeArchive, tmp_path: Path) -> str:
    return add_slide(archive, tmp_path, "slide.tif")


def add_slide(archive: FakeArchive, folder: Path, name: str, mpp: float | None = 0.25) -> str:
    write_tiff(folder / name, photometric="rgb", mpp=mpp)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    return archive.add_slide(name, content, (400, 300), mpp)


def request(archive: FakeArchive, tmp_path: Path, **changes: Any) -> ExportRequest:  # noqa: ANN401
    wanted = ExportRequest(
        api_url=archive.address, token=TOKEN, folder_id=FOLDER, out=tmp_path / "dataset", folds=2
    )
    return replace(wanted, **changes)


def test_every_point_is_traced_to_its_element_and_none_is_moved(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    cells = [
        point(float(x), float(y), "negative" if row % 3 else "positive")
        for row, (x, y) in enumerate(random.uniform((10, 10), (190, 190), (40, 2)))
    ]
    named = archive.annotate(slide, square(5, 5, 190), square(210, 10, 80), *cells)
    manifest = run(request(archive, tmp_path, tile_size=64), Silent())
    check(tmp_path / "dataset")
    wanted = {
        element["id"]: (*element["center"][:2], element["group"])
        for element in archive.annotations[named]["annotation"]["elements"]
        if element["type"] == "point"
    }
    found = {}
    for record in manifest.samples:
        sample = read_sample(tmp_path / "dataset", manifest, record)
        for element, xy, row in zip(
            sample.element_ids, sample.points.xy, sample.points.class_index, strict=True
        ):
            assert element not in found
            x, y = xy + np.array([record.left, record.top])
            found[element] = (x, y, manifest.taxonomy.names[row])
    assert set(found) == set(wanted)
    for element, (x, y, name) in found.items():
        assert name == wanted[element][2]
        assert np.hypot(x - wanted[element][0], y - wanted[element][1]) < 0.01


def test_the_dataset_says_where_it_came_from(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    archive.items[slide]["meta"] = {"patient": "P7"}
    named = archive.annotate(slide, square(0, 0, 50), square(60, 0, 50), point(5, 5))
    manifest = run(request(archive, tmp_path), Silent())
    (record,) = manifest.slides
    assert (record.item_id, record.patient) == (slide, "P7")
    assert [(used.id, used.version) for used in record.annotations] == [(named, 5000)]
    assert manifest.lineage["folder"] == FOLDER
    assert manifest.lineage["archive"] == archive.address
    assert TOKEN not in manifest.model_dump_json()


def test_a_dataset_can_be_one_file(archive: FakeArchive, slide: str, tmp_path: Path) -> None:
    archive.annotate(slide, square(0, 0, 50), square(60, 0, 50), point(5, 5))
    manifest = run(request(archive, tmp_path, out=tmp_path / "d.zip"), Silent())
    unpack(tmp_path / "d.zip", tmp_path / "again")
    assert read_manifest(tmp_path / "again") == manifest
    with pytest.raises(DatasetError, match="is there already"):
        run(request(archive, tmp_path, out=tmp_path / "d.zip"), Silent())


def test_a_region_without_a_point_is_exported(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    archive.annotate(slide, square(0, 0, 50), square(60, 0, 50))
    manifest = run(request(archive, tmp_path, classes=("positive",)), Silent())
    assert [record.points for record in manifest.samples] == [0, 0]


def test_patients_share_no_fold_and_slides_without_annotation_are_left_out(
    archive: FakeArchive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for name, patient in (("a.tif", "1"), ("b.tif", "1"), ("c.tif", "2")):
        item = add_slide(archive, tmp_path, name)
        archive.items[item]["meta"] = {"patient": patient}
        archive.annotate(item, square(0, 0, 50), point(5, 5))
    add_slide(archive, tmp_path, "empty.tif")
    manifest = run(request(archive, tmp_path), Silent())
    folds = {record.slide: record.fold for record in manifest.samples}
    assert folds["a.tif"] == folds["b.tif"] != folds["c.tif"]
    assert "empty.tif has no annotation" in caplog.text


@pytest.mark.parametrize(("regions", "folds"), [(1, 1), (2, 2), (4, 3)])
def test_without_a_number_there_are_three_folds_or_as_many_as_can_be(
    archive: FakeArchive,
    slide: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    regions: int,
    folds: int,
) -> None:
    for row in range(regions):
        left = 80 * row
        archive.annotate(slide, square(left, 0, 60), point(left + 9, 9, "a"), name=f"region {row}")
    manifest = run(request(archive, tmp_path, folds=None), Silent())
    assert manifest.folds == folds
    assert (re.search("folds? only", caplog.text) is not None) == (folds < 3)


def test_more_folds_than_patients_are_refused_before_an_annotation_is_read(
    archive: FakeArchive, tmp_path: Path
) -> None:
    for name in ("a.tif", "b.tif"):
        archive.annotate(add_slide(archive, tmp_path, name), *SQUARES, point(5, 5))
    with pytest.raises(DatasetError, match="--folds 3 is more than the 2 patients"):
        run(request(archive, tmp_path, folds=3), Silent())
    assert not any(re.search("annotation/[0-9a-f]{24}", path) for path in archive.requests)
    assert run(request(archive, tmp_path, folds=2), Silent()).folds == 2
    assert any(re.search("annotation/[0-9a-f]{24}", path) for path in archive.requests)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mpp": -1.0}, "--mpp must be a positive number of micrometres per pixel, not -1"),
        ({"mpp": float("nan")}, "--mpp must be a positive"),
        ({"mpp_override": 0.0}, "--slide-mpp must be a positive"),
        ({"folds": 0}, "--folds must be 1 or more, not 0"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_before_the_archive_is_asked(
    archive: FakeArchive, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        request(archive, tmp_path, **changes)
    assert archive.requests == []


def test_what_there_is_one_of_is_told_as_one(
    archive: FakeArchive, slide: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    archive.annotate(slide, SQUARES[0], point(5, 5))
    progress = RecordingProgress()
    run(request(archive, tmp_path, folds=1), progress)
    assert f"1 image with 1 point in {tmp_path / 'dataset'}" in caplog.messages
    assert "1 slide is cut" in str(progress.reports)


def test_an_image_without_a_side_is_refused(archive: FakeArchive, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 1 pixel, not 0"):
        request(archive, tmp_path, tile_size=0)


def test_regions_and_reviewed_cells_come_from_two_annotations(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    archive.annotate(slide, square(0, 0, 50), square(60, 0, 50), name="regions")
    found = archive.annotate(slide, point(10, 10, "positive"), name="Cells 12ab")
    ours = {"patherea": {"kind": "detections"}}
    archive.annotations[found]["annotation"]["attributes"] = ours
    wanted = request(archive, tmp_path, annotations="regions, Cells 12ab")
    assert sum(sample.points for sample in run(wanted, Silent()).samples) == 1


@pytest.mark.parametrize("grouped", [True, False])
def test_a_class_that_is_a_label_alone_is_told_once_for_its_annotation(
    archive: FakeArchive,
    slide: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    grouped: bool,
) -> None:
    labelled = {**point(20, 20), "label": {"value": "positive"}}
    if not grouped:
        del labelled["group"]
    cells = [square(10, 10, 100), point(40, 40), labelled, {**labelled, "center": [60, 60, 0]}]
    archive.annotate(slide, *cells, name="cells")
    assert run(request(archive, tmp_path, folds=1), Silent()).samples[0].points == 3
    told = [one for one in caplog.messages if "have no group" in one]
    assert len(told) == (not grouped)
    assert grouped or told[0].startswith("cells: 2 of 3 points have no group, so their label is")


def test_pixels_that_are_not_square_are_refused(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    archive.annotate(slide, square(0, 0, 50), point(10, 10, "a"))
    archive.tiles[slide]["mm_y"] *= 2
    with pytest.raises(ScaleError, match="not square"):
        run(request(archive, tmp_path), Silent())


def test_no_folder_is_left_of_an_export_that_failed(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    archive.annotate(slide, point(10, 10, "a"))
    with pytest.raises(InputError):
        run(request(archive, tmp_path, out=tmp_path / "new" / "deep" / "dataset"), Silent())
    assert list(tmp_path.iterdir()) == []


def test_without_a_point_the_classes_must_be_named(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    archive.annotate(slide, square(0, 0, 50), square(60, 0, 50))
    with pytest.raises(InputError, match="name the classes with --classes"):
        run(request(archive, tmp_path), Silent())


def test_a_folder_without_slides_is_said_so(archive: FakeArchive, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no slide"):
        run(request(archive, tmp_path), Silent())


def test_a_region_that_reaches_beyond_its_slide_is_named(
    archive: FakeArchive, slide: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    archive.annotate(slide, square(380, 0, 50), square(0, 0, 50), point(390, 9, "a"))
    run(request(archive, tmp_path), Silent())
    assert "slide 'slide.tif': region" in caplog.text
    assert "reaches beyond the slide" in caplog.text


def test_what_is_wrong_with_a_label_names_its_slide(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    archive.annotate(slide, square(0, 0, 50), point(300, 9, "a"))
    with pytest.raises(AnnotationError, match=r"^slide 'slide\.tif': point"):
        run(request(archive, tmp_path), Silent())


def test_one_patient_is_split_by_region_with_a_warning(
    archive: FakeArchive, slide: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    archive.annotate(slide, square(0, 0, 50), square(60, 0, 50), point(5, 5))
    manifest = run(request(archive, tmp_path), Silent())
    assert {record.fold for record in manifest.samples} == {0, 1}
    assert "all slides are of one patient" in caplog.text


def test_the_dataset_has_the_pixel_size_that_was_asked_for(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    archive.annotate(slide, square(0, 0, 100), square(110, 0, 100), point(50, 20))
    manifest = run(request(archive, tmp_path, mpp=0.5), Silent())
    assert manifest.mpp == 0.5
    (record,) = [record for record in manifest.samples if record.points]
    sample = read_sample(tmp_path / "dataset", manifest, record)
    assert (sample.points.xy + np.array([record.left, record.top])).tolist() == [[25, 10]]


SQUARES = (square(0, 0, 50), square(60, 0, 50))


@pytest.mark.parametrize(
    ("elements", "changes", "refusal"),
    [
        ([*SQUARES, point(55, 200)], {}, (AnnotationError, r"outside of every region; move it")),
        (
            [*SQUARES, point(5, 5, "tumour")],
            {"classes": ("positive",)},
            (TaxonomyError, r"is of class 'tumour'.*the classes are: positive"),
        ),
        ([polygon((0, 0), (50, 50), (50, 0), (0, 40))], {}, (AnnotationError, "crosses itself")),
        ([], {}, (AnnotationError, r"annotation 'labels' is empty")),
        ([point(5, 5)], {}, (AnnotationError, "outside of every region")),
        ([*SQUARES], {}, (TaxonomyError, "name the classes")),
        (
            [{"type": "arrow", "points": [[0, 0, 0], [1, 1, 0]]}],
            {},
            (InputError, "neither a region"),
        ),
        ([SQUARES[0], point(5, 5)], {}, (DatasetError, "2 folds need at least 2 regions")),
        (
            [*SQUARES],
            {"annotations": "others"},
            (InputError, "the slide has no annotation named 'others'"),
        ),
        ([*SQUARES], {"folder_id": "0" * 24}, (InputError, "has no folder")),
        ([*SQUARES], {"token": "wrong"}, (CredentialsError, "does not accept the token")),
    ],
)
def test_bad_input_is_refused_and_nothing_is_left(
    archive: FakeArchive,
    slide: str,
    tmp_path: Path,
    elements: list[dict[str, Any]],
    changes: dict[str, Any],
    refusal: tuple[type[PathereaError], str],
) -> None:
    archive.annotate(slide, *elements)
    kind, reason = refusal
    with pytest.raises(kind, match=reason) as caught:
        run(request(archive, tmp_path, **changes), Silent())
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_slide_without_resolution_is_refused_unless_it_is_given(
    archive: FakeArchive, tmp_path: Path
) -> None:
    item = add_slide(archive, tmp_path, "a.tif", mpp=None)
    archive.annotate(item, *SQUARES, point(5, 5))
    with pytest.raises(ScaleError, match="give --slide-mpp"):
        run(request(archive, tmp_path), Silent())
    assert list(tmp_path.iterdir()) == []
    assert run(request(archive, tmp_path, mpp_override=0.3), Silent()).mpp == 0.3


def test_slides_of_different_pixel_size_need_one_for_the_dataset(
    archive: FakeArchive, tmp_path: Path
) -> None:
    for name, mpp in (("a.tif", 0.25), ("b.tif", 0.5)):
        archive.annotate(add_slide(archive, tmp_path, name, mpp), *SQUARES, point(5, 5))
    with pytest.raises(ScaleError, match=r"'b.tif' has pixels of 0.5 µm.*--mpp"):
        run(request(archive, tmp_path), Silent())
    assert run(request(archive, tmp_path, mpp=0.5), Silent()).mpp == 0.5


@pytest.mark.parametrize("alive_for", [0, 1, 3, 5, 6, 8])
def test_an_archive_that_goes_away_leaves_nothing_half_written(
    archive: FakeArchive, slide: str, tmp_path: Path, alive_for: int
) -> None:
    archive.annotate(slide, *SQUARES, point(5, 5))
    archive.alive_for = alive_for
    with pytest.raises(ArchiveError, match="does not answer"):
        run(request(archive, tmp_path), Silent())
    assert list(tmp_path.iterdir()) == []


def test_a_stop_leaves_nothing_half_written(
    archive: FakeArchive, slide: str, tmp_path: Path
) -> None:
    archive.annotate(slide, *SQUARES, point(5, 5))
    with pytest.raises(PathereaError, match="stopped on request"):
        run(request(archive, tmp_path), RecordingProgress(stop_at=0.2))
    assert list(tmp_path.iterdir()) == []


def test_a_destination_in_use_is_refused_before_the_archive_is_asked(
    archive: FakeArchive, tmp_path: Path
) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "dataset.json").write_text("{}")
    with pytest.raises(DatasetError, match="already holds a dataset"):
        run(request(archive, tmp_path), Silent())
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot"):
        run(request(archive, tmp_path, out=tmp_path / "file" / "dataset"), Silent())
    assert archive.requests == []
