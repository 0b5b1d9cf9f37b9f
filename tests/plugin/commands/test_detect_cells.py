"""Detecting cells: on files and in the archive, with a small network of random weights."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import torch

from patherea_core.bundle_card import ColourStatistics
from patherea_core.bundle_file import read_card
from patherea_core.errors import (
    ArchiveError,
    BundleError,
    Cancelled,
    IncompleteError,
    InputError,
    OutputError,
    PathereaError,
    ScaleError,
    SlideError,
    TaxonomyError,
)
from patherea_core.files import at_work_on
from patherea_core.geometry import Box, Pixels
from patherea_core.progress import Silent
from patherea_core.regions import Outline
from patherea_core.slides import ArraySlide
from patherea_core.workflow.detection.journal import open_journal
from plugin.commands import detect_on_item, slide_detection
from plugin.commands.detect_cells import detect, run
from plugin.commands.detect_request import DetectRequest
from plugin.commands.slide_plan import DetectSettings
from plugin.dsa import annotation_encoding
from plugin.dsa.annotation_codec import is_detections
from plugin.outputs.arrangement import Arrangement
from plugin.outputs.finished_run import FinishedRun, record_of
from plugin.readers.regions import read_regions
from plugin.readers.registry import read_cells
from tests.builders import noise
from tests.fakes import RecordingProgress
from tests.plugin.archive import TOKEN, FakeArchive, serving
from tests.plugin.bundles import COMPLETE, write_model
from tests.plugin.slide_files import write_image, write_tiff

REGION = shapely.box(10, 10, 60, 50)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture
def wanted(model: Path, tmp_path: Path) -> DetectRequest:
    write_image(tmp_path / "a.png", noise(96, 64))
    return DetectRequest(
        inputs=(tmp_path / "a.png",),
        out=tmp_path / "found.csv",
        model=model,
        mpp=0.25,
        device="cpu",
        threshold=0.3,
    )


def test_detections_lie_in_the_region_only_and_are_written(wanted: DetectRequest) -> None:
    record = run(replace(wanted, region=REGION), Silent())
    table = read_cells(wanted.out)
    assert len(table) == sum(record.slides[0].counts.values()) > 0
    assert set(table.image_names) == {"a.png"}
    assert all(REGION.intersects(shapely.Point(*xy)) for xy in table.xy)


def test_the_log_says_which_model_is_at_work(
    wanted: DetectRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    named = write_model(tmp_path / "named.safetensors", **COMPLETE | {"name": "mine"})
    with caplog.at_level(logging.INFO):
        run(replace(wanted, model=named), Silent())
    (line,) = (line for line in caplog.messages if line.startswith("model mine: "))
    for fact in ("H&E", "breast", "positive, negative", "0.25 µm", "0.500 (0.400 … 0.600)"):
        assert fact in line


@pytest.mark.parametrize(
    ("mpp", "warned"), [(0.12, False), (0.1, True), (0.25, False), (0.55, False), (0.6, True)]
)
def test_a_slide_far_from_the_models_pixel_size_is_warned_of(
    wanted: DetectRequest, mpp: float, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    run(replace(wanted, mpp=mpp, region=None), Silent())
    assert ("the model's 0.25 µm: resampled" in caplog.text) == warned


def test_a_folder_with_weights_in_it_is_a_model(wanted: DetectRequest) -> None:
    first = run(wanted, Silent())
    again = run(replace(wanted, model=wanted.model.parent), Silent())
    assert again.outputs == first.outputs


def test_the_same_request_gives_the_same_file(wanted: DetectRequest, tmp_path: Path) -> None:
    run(wanted, Silent())
    run(replace(wanted, out=tmp_path / "again.csv"), Silent())
    assert wanted.out.read_bytes() == (tmp_path / "again.csv").read_bytes()


def test_a_folder_gives_one_table_of_all_its_slides(wanted: DetectRequest, tmp_path: Path) -> None:
    folder = tmp_path / "slides"
    folder.mkdir()
    write_image(folder / "a.png", noise(40, 40))
    write_tiff(folder / "b.tif", noise(40, 40), photometric="rgb")
    progress = RecordingProgress()
    run(replace(wanted, inputs=(folder,)), progress)
    assert set(read_cells(wanted.out).image_names) == {"a.png", "b.tif"}
    assert progress.fractions == sorted(progress.fractions)
    assert progress.fractions[-1] == pytest.approx(1)


def test_an_annotation_and_a_table_can_be_written_at_once(
    wanted: DetectRequest, tmp_path: Path
) -> None:
    out, table = tmp_path / "named-by-a-person", tmp_path / "table"
    run(replace(wanted, out=out, form=".anot", table=table), Silent())
    assert '"kind":"detections"' in out.read_text()
    assert table.read_text().startswith("image,x,y,class,score\n")


def test_each_class_may_have_its_own_threshold(wanted: DetectRequest, tmp_path: Path) -> None:
    run(replace(wanted, threshold=0.3), Silent())
    everything = read_cells(wanted.out)
    assert everything.score is not None
    positive = np.array(everything.class_names)[everything.class_index] == "positive"
    assert positive.any()
    assert not positive.all()
    # Between two scores of four digits, as the table has them.
    limit = float(np.round(np.median(everything.score[positive]), 4)) + 0.00005
    own = replace(wanted, out=tmp_path / "own.csv", class_thresholds={"positive": limit})
    record = run(own, Silent())
    kept = ~positive | (everything.score >= limit)
    assert read_cells(own.out).xy.tolist() == everything.xy[kept].tolist()
    assert sum(record.slides[0].counts.values()) == kept.sum() < len(everything)
    told = record.slides[0].parameters["class_thresholds"]
    assert told == {"positive": limit, "negative": 0.3}


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        (
            {"class_thresholds": {"stroma": 0.4}},
            TaxonomyError,
            "--class-thresholds names class 'stroma', which the model lacks",
        ),
        ({"class_thresholds": {"positive": 2}}, InputError, "of class 'positive' must lie"),
        ({"mpp": None}, ScaleError, r"'a.png' has no resolution; give --mpp"),
        ({"inputs": (Path("missing.png"),)}, SlideError, "no such file"),
        ({"threshold": 1.5}, InputError, "between 0 and 1"),
        ({"tile_size": 0}, InputError, "--tile-size must be positive"),
        ({"region": shapely.box(500, 500, 600, 600)}, InputError, "outside of slide"),
        ({"classes": ("negative", "positive")}, TaxonomyError, "are wanted"),
        ({"device": "tpu"}, InputError, "device 'tpu' is unknown"),
        ({"inputs": (Path("a.png"), Path("b.png")), "form": ".json"}, InputError, "one slide"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    wanted: DetectRequest, changes: dict[str, Any], kind: type[PathereaError], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        run(replace(wanted, **changes), Silent())
    assert not wanted.out.exists()


def test_a_class_that_the_model_lacks_is_refused_before_its_network_is_loaded(
    wanted: DetectRequest, archive: FakeArchive
) -> None:
    lacking: dict[str, Any] = {"class_thresholds": {"stroma": 0.4}}
    with pytest.raises(TaxonomyError, match="'stroma'"):
        detect(replace(wanted, **lacking), lambda _: pytest.fail("loaded"), Silent())
    request = on_item(archive, wanted.model)
    with pytest.raises(TaxonomyError, match="'stroma'"):
        detect_on_item.run(
            replace(request, settings=replace(request.settings, **lacking)), Silent()
        )
    assert archive.requests == []


def test_a_class_may_be_named_in_another_case(wanted: DetectRequest, tmp_path: Path) -> None:
    run(replace(wanted, class_thresholds={"positive": 0.5}), Silent())
    other = replace(wanted, out=tmp_path / "other.csv", class_thresholds={"Positive": 0.5})
    run(other, Silent())
    assert other.out.read_bytes() == wanted.out.read_bytes()


def test_a_region_that_reaches_beyond_its_slide_is_cut_and_that_is_told(
    wanted: DetectRequest, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        run(replace(wanted, region=REGION), Silent())
        assert "beyond the slide" not in caplog.text
        run(replace(wanted, region=shapely.box(-50, 10, 50, 50)), Silent())
    assert "a.png: 50 percent of the region lie beyond the slide" in caplog.text


def test_more_cells_than_tissue_can_hold_are_warned_of(
    wanted: DetectRequest, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = replace(wanted, region=REGION)
    cells = sum(run(wanted, Silent()).slides[0].counts.values())
    square_millimetres = REGION.area * (wanted.mpp or 0) ** 2 / 1e6
    monkeypatch.setattr(slide_detection, "_FEW", 1)
    for most, warned in ((1.01, False), (0.99, True)):
        caplog.clear()
        monkeypatch.setattr(slide_detection, "_MOST_DENSE", most * cells / square_millimetres)
        run(replace(wanted, out=wanted.out.with_name(f"{most}.csv")), Silent())
        assert ("more than tissue can hold" in caplog.text) == warned


def test_a_bad_slide_among_good_ones_is_found_before_the_long_work(
    wanted: DetectRequest, tmp_path: Path
) -> None:
    (tmp_path / "z.png").write_bytes(b"")
    progress = RecordingProgress()
    with pytest.raises(SlideError, match=r"z.png"):
        run(replace(wanted, inputs=(*wanted.inputs, tmp_path / "z.png")), progress)
    assert progress.reports == []


def test_a_result_that_cannot_be_written_is_refused_before_the_long_work(
    wanted: DetectRequest, tmp_path: Path
) -> None:
    progress = RecordingProgress()
    nowhere = tmp_path / "no" / "a.csv"
    for request in (replace(wanted, out=nowhere), replace(wanted, table=nowhere)):
        with pytest.raises(OutputError, match="cannot be written"):
            run(request, progress)
    assert progress.reports == []


def test_a_model_that_is_a_pickle_or_cut_short_or_missing_is_refused(
    wanted: DetectRequest, tmp_path: Path
) -> None:
    pickle = tmp_path / "model.pt"
    torch.save({"weights": torch.zeros(3)}, pickle)
    short = tmp_path / "short.safetensors"
    short.write_bytes(wanted.model.read_bytes()[:-1000])
    for model in (pickle, short, tmp_path / "missing.safetensors"):
        with pytest.raises(BundleError) as caught:
            run(replace(wanted, model=model), Silent())
        assert "\n" not in str(caught.value)
    assert not wanted.out.exists()


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_that_was_stopped_is_gone_on_with_to_the_same_bytes(
    wanted: DetectRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    request = replace(wanted, tile_size=32, everywhere=True)
    with pytest.raises(PathereaError, match="stopped on request"):
        run(request, RecordingProgress(stop_at=0.5))
    (journal,) = names_in(tmp_path) - {"a.png"}
    assert journal.endswith(".journal")
    with caplog.at_level(logging.INFO):
        run(request, Silent())
    assert "were done before" in caplog.text
    assert names_in(tmp_path) == {"a.png", "found.csv", "found.csv.run.json"}
    run(replace(request, out=tmp_path / "at_once.csv"), Silent())
    assert wanted.out.read_bytes() == (tmp_path / "at_once.csv").read_bytes()


def test_other_settings_never_take_what_was_kept(wanted: DetectRequest, tmp_path: Path) -> None:
    request = replace(wanted, tile_size=32, everywhere=True)
    with pytest.raises(PathereaError, match="stopped on request"):
        run(request, RecordingProgress(stop_at=0.5))
    run(replace(request, threshold=0.0), Silent())
    assert len(read_cells(wanted.out)) == 96 * 64 // 16
    run(replace(request, threshold=0.0, out=tmp_path / "at_once.csv"), Silent())
    assert wanted.out.read_bytes() == (tmp_path / "at_once.csv").read_bytes()


def test_what_other_runs_left_beside_a_file_goes_once_it_is_written(
    wanted: DetectRequest, tmp_path: Path
) -> None:
    request = replace(wanted, tile_size=32, everywhere=True)
    for threshold in (0.2, 0.25):
        with pytest.raises(PathereaError, match="stopped on request"):
            run(replace(request, threshold=threshold), RecordingProgress(stop_at=0.5))
    (tmp_path / ".found.csv.abcdefgh.part.csv").write_text("half a li")
    (tmp_path / ".found.csv.run.json.abcdefgh.part.json").write_text("{")
    others = {".other.csv.abcdefgh.part.csv", f".other.csv.{16 * '0'}.journal"}
    for name in others:
        (tmp_path / name).write_text("")
    run(request, Silent())
    assert names_in(tmp_path) == {"a.png", "found.csv", "found.csv.run.json", *others}


def test_two_runs_of_any_settings_do_not_write_one_file(wanted: DetectRequest) -> None:
    with at_work_on(wanted.out), pytest.raises(OutputError, match="another run is at work"):
        run(replace(wanted, threshold=0.2), Silent())
    assert not wanted.out.exists()


def test_a_run_that_has_ended_is_not_done_again(
    wanted: DetectRequest, caplog: pytest.LogCaptureFixture
) -> None:
    first = run(wanted, Silent())
    before = wanted.out.stat().st_mtime_ns
    with caplog.at_level(logging.INFO):
        assert run(wanted, Silent()) == first
    assert "has ended already" in caplog.text
    assert wanted.out.stat().st_mtime_ns == before


@pytest.mark.parametrize("change", ["result", "slide", "settings", "model"])
def test_a_run_is_done_again_where_anything_is_not_as_it_was(
    wanted: DetectRequest, tmp_path: Path, change: str
) -> None:
    first = run(wanted, Silent())
    again = wanted
    if change == "result":
        wanted.out.write_text("image,x,y,class,score\n")
    elif change == "slide":
        write_image(tmp_path / "a.png", noise(96, 64, seed=1))
    elif change == "settings":
        again = replace(wanted, threshold=0.31)
    else:
        again = replace(wanted, model=write_model(tmp_path / "other.safetensors", seed=1))
    second = run(again, Silent())
    assert second.slides[0].run != first.slides[0].run
    assert len(read_cells(wanted.out)) == sum(second.slides[0].counts.values())


def test_a_run_has_the_bytes_that_it_would_have_had_whenever_it_was_stopped(
    wanted: DetectRequest, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    forms = ("parquet", "geojson.gz", "anot", "points.parquet", "density.tif", "overlay.png")

    def into(folder: Path) -> DetectRequest:
        also = tuple(folder / f"found.{form}" for form in forms)
        return replace(wanted, out=folder / "found.csv", also=also, tile_size=32, everywhere=True)

    with pytest.raises(Cancelled):
        run(into(first), RecordingProgress(stop_at=0.3))
    shutil.copytree(first, second)
    with pytest.raises(Cancelled):
        run(into(second), RecordingProgress(stop_at=0.7))
    for folder in (first, second):
        run(into(folder), Silent())
    for name in ("found.csv", *(f"found.{form}" for form in forms)):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_a_file_of_results_that_is_named_twice_is_refused(wanted: DetectRequest) -> None:
    with pytest.raises(InputError, match=r"found\.csv is named twice"):
        run(replace(wanted, also=(wanted.out,)), Silent())
    assert not wanted.out.exists()


def test_tiles_that_are_mostly_halo_are_told(
    wanted: DetectRequest, caplog: pytest.LogCaptureFixture
) -> None:
    run(replace(wanted, tile_size=512), Silent())
    assert "times their area" not in caplog.text
    run(replace(wanted, tile_size=16), Silent())
    assert "tiles of 16 pixels are worked on with 32 more on each side, 25 times" in caplog.text


def test_the_record_says_what_the_results_rest_on(wanted: DetectRequest) -> None:
    record = FinishedRun.model_validate_json(run(wanted, Silent()).model_dump_json())
    (slide,) = record.slides
    assert (slide.slide.name, slide.slide.width, slide.slide.height) == ("a.png", 96, 64)
    assert slide.slide.sha256 == hashlib.sha256(wanted.inputs[0].read_bytes()).hexdigest()
    assert slide.model.weights_sha256 == read_card(wanted.model).weights_sha256
    assert slide.parameters["threshold"] == 0.3
    assert slide.parameters["everywhere"] is False
    assert slide.parameters["halo"] == read_card(wanted.model).halo
    assert slide.parameters["annotation"] == f"Cells {record.slides[0].run}"
    assert slide.parameters["threads"] == torch.get_num_threads()
    assert slide.device == f"cpu ({slide.parameters['processor']}), eager, 32-true"
    assert slide.complete
    assert record.outputs["found.csv"] == hashlib.sha256(wanted.out.read_bytes()).hexdigest()


@pytest.mark.parametrize("tile_size", [None, 32])
def test_results_and_their_record_tell_the_same_of_how_they_came_about(
    wanted: DetectRequest, tmp_path: Path, tile_size: int | None
) -> None:
    out = tmp_path / "found.geojson"
    record = run(replace(wanted, out=out, tile_size=tile_size, everywhere=True), Silent())
    told = json.loads(out.read_bytes())["patherea"]
    said = record.slides[0].parameters
    assert isinstance(told["tile_size"], int)
    assert told["tile_size"] == (tile_size or told["tile_size"])
    assert told["everywhere"] is True
    names = ("tile_size", "threshold", "everywhere", "region", "colours", "created")
    assert {name: told[name] for name in names} == {name: said[name] for name in names}


def test_a_tile_that_cannot_be_read_is_told_and_read_by_the_next_run(
    wanted: DetectRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = replace(wanted, tile_size=32, everywhere=True)
    read = ArraySlide.read

    def broken(slide: ArraySlide, box: Box) -> Pixels:
        if box == Box(0, 0, 64, 64):  # what both tiles of the first column see
            raise SlideError("a sector is broken")
        return read(slide, box)

    monkeypatch.setattr(ArraySlide, "read", broken)
    with pytest.raises(IncompleteError, match=r"cells are missing: a.png \(2 of 6 tiles\)"):
        run(request, Silent())
    record = FinishedRun.model_validate_json(record_of(wanted.out).read_bytes())
    assert not record.complete
    assert [(hole.left, hole.top) for hole in record.slides[0].holes] == [(0, 0), (0, 32)]
    assert {hole.reason for hole in record.slides[0].holes} == {"a sector is broken"}
    without = len(read_cells(wanted.out))
    monkeypatch.undo()
    whole = run(request, Silent())
    assert whole.complete
    assert len(read_cells(wanted.out)) > without
    run(replace(request, out=tmp_path / "at_once.csv"), Silent())
    assert wanted.out.read_bytes() == (tmp_path / "at_once.csv").read_bytes()


def test_two_runs_on_one_file_of_results_do_not_mix(wanted: DetectRequest, tmp_path: Path) -> None:
    with pytest.raises(PathereaError):
        run(wanted, RecordingProgress(stop_at=0.5))
    (journal,) = tmp_path.glob(".*.journal")
    fingerprint = journal.read_bytes().split(b"\n")[0].split()[-1].decode()
    with open_journal(journal, fingerprint), pytest.raises(OutputError, match="another run"):
        run(wanted, Silent())
    assert not wanted.out.exists()


def test_several_forms_come_from_one_detection(wanted: DetectRequest, tmp_path: Path) -> None:
    also = tuple(tmp_path / f"found{ending}" for ending in (".parquet", ".geojson", ".overlay.png"))
    record = run(replace(wanted, also=also), Silent())
    assert record.outputs.keys() == {wanted.out.name, *(path.name for path in also)}
    for path in also[:2]:
        assert len(read_cells(path)) == len(read_cells(wanted.out))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[FakeArchive]:
    write_tiff(tmp_path / "s.tif", noise(96, 64), photometric="rgb")
    with serving(FakeArchive()) as running:
        running.add_slide("s.tif", (tmp_path / "s.tif").read_bytes(), (96, 64))
        yield running


def on_item(archive: FakeArchive, model: Path) -> detect_on_item.DetectOnItemRequest:
    return detect_on_item.DetectOnItemRequest(
        api_url=archive.address,
        token=TOKEN,
        item_id=f"{1:024x}",
        model=model,
        settings=DetectSettings(region=REGION, threshold=0.3),
        device="cpu",
    )


def test_a_slide_in_the_archive_gets_a_new_annotation(archive: FakeArchive, model: Path) -> None:
    (told,) = detect_on_item.run(on_item(archive, model), Silent())
    ((item, posted),) = archive.posted
    assert item == f"{1:024x}"
    assert (told.name, told.cells) == (posted["name"], len(posted["elements"]))
    assert is_detections({"annotation": posted})
    assert posted["elements"]


def test_the_log_names_what_was_added_with_its_cells_and_what_is_hidden(
    archive: FakeArchive, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (whole,) = detect_on_item.run(on_item(archive, model), Silent())
    scores = sorted(element["user"]["p"] for element in archive.posted[0][1]["elements"])
    parted = Arrangement(sure_from=scores[len(scores) // 2], density="heat map")
    with caplog.at_level(logging.INFO):
        told = detect_on_item.run(replace(on_item(archive, model), arrangement=parted), Silent())
    sure, unsure, density = told
    assert [one.visible for one in told] == [
        posted["display"]["visible"] for _, posted in archive.posted[1:]
    ]
    assert sure.cells + unsure.cells == whole.cells
    assert (
        f"{whole.cells} cells on s.tif, as {sure.name!r}, {sure.cells} cells; {unsure.name!r},"
        f" {unsure.cells} cells, hidden at first; {density.name!r}"
    ) in caplog.messages


def test_the_log_of_a_job_names_what_goes_by_its_file_as_well(
    archive: FakeArchive, model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "a.anot"
    request = on_item(archive, model)
    request = replace(
        request,
        settings=replace(request.settings, outlined=True),
        local=detect_on_item.LocalFiles(slide=tmp_path / "s.tif", annotation=out),
    )
    with caplog.at_level(logging.INFO):
        (tissue,) = detect_on_item.run(request, Silent())
    cells = json.loads(out.read_text())
    told = f"{len(cells['elements'])} cells on s.tif, as {cells['name']!r}; {tissue.name!r}"
    assert told in caplog.messages


@pytest.mark.parametrize(("sure_from", "warned"), [(0.2, True), (0.3, True), (0.9, False)])
def test_a_score_of_sure_cells_below_the_threshold_is_told_to_be_idle(
    archive: FakeArchive,
    model: Path,
    caplog: pytest.LogCaptureFixture,
    sure_from: float,
    warned: bool,
) -> None:
    arrangement = Arrangement(sure_from=sure_from)
    detect_on_item.run(replace(on_item(archive, model), arrangement=arrangement), Silent())
    assert ("no cell becomes one of low confidence" in caplog.text) == warned


def test_a_slide_in_the_archive_gets_the_outline_of_its_tissue_if_that_is_wanted(
    archive: FakeArchive, model: Path
) -> None:
    request = on_item(archive, model)
    outlined = replace(request.settings, outlined=True)
    told = detect_on_item.run(replace(request, settings=outlined), Silent())
    cells, tissue = (posted for _, posted in archive.posted)
    assert [one.name for one in told] == [cells["name"], tissue["name"]]
    assert tissue["name"].startswith("Tissue ")
    assert {element["type"] for element in tissue["elements"]} == {"polyline"}
    assert not is_detections({"annotation": tissue})


def test_an_upload_that_breaks_off_is_reported_and_not_tried_twice(
    archive: FakeArchive, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))
    monkeypatch.setattr("plugin.dsa.delivery._PAUSES", (0.0,))

    def break_at_upload(path: str) -> None:
        if path.startswith("annotation/item"):
            archive.alive_for = 0

    archive.on_request = break_at_upload
    with pytest.raises(ArchiveError, match="does not answer"):
        detect_on_item.run(on_item(archive, model), Silent())
    assert archive.posted == []
    assert sum("annotation/item" in path for path in archive.requests) == 1


def test_more_cells_than_the_viewer_can_edit_come_in_several_annotations(
    archive: FakeArchive, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detect_on_item.run(on_item(archive, model), Silent())
    ((_, whole),) = archive.posted
    count = len(whole["elements"])
    monkeypatch.setattr(annotation_encoding, "POINTS_PER_ANNOTATION", count // 2 + 1)
    told = detect_on_item.run(on_item(archive, model), Silent())
    parts = [part for _, part in archive.posted[1:]]
    assert [one.name for one in told] == [part["name"] for part in parts]
    assert [part["name"].partition(", ")[2] for part in parts] == ["part 1 of 2", "part 2 of 2"]
    centers = [element["center"] for part in parts for element in part["elements"]]
    assert sorted(centers) == sorted(element["center"] for element in whole["elements"])
    ids = [element["id"] for part in parts for element in part["elements"]]
    assert len(set(ids)) == count
    (run,) = {part["attributes"]["patherea"]["run"] for part in parts}
    assert all(run in part["name"] for part in parts)


def tissue_slide(path: Path) -> Outline:
    """Write a white slide with one purple square in it, and return where that is."""
    pixels = np.full((1600, 1600, 3), 245, dtype=np.uint8)
    pixels[400:800, 640:1280] = (150, 80, 160)
    write_image(path, pixels)
    return shapely.box(640, 400, 1280, 800)


@pytest.mark.parametrize("region", [None, shapely.box(600, 300, 900, 600)], ids=["slide", "region"])
def test_a_stain_that_the_model_never_saw_is_told(
    wanted: DetectRequest,
    tmp_path: Path,
    region: Outline | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pixels = np.full((1600, 1600, 3), 245, dtype=np.uint8)
    pixels[200:1200, 240:1480] = (120, 80, 40)  # brown, as of diaminobenzidine
    write_image(tmp_path / "a.png", pixels)
    purple = ColourStatistics(mean=(0.5, 0.28, 0.49), spread=(0.18, 0.05, 0.04), tiles=128)
    model = write_model(tmp_path / "purple.safetensors", mpp=0.5, colours=purple)
    run(replace(wanted, mpp=0.5, region=region, model=model, threshold=0.9), Silent())
    assert "colours" in caplog.text


@pytest.mark.parametrize(
    ("changes", "whole"),
    [({"tile_size": 256}, True), ({"tile_size": 256, "everywhere": True}, True), ({}, False)],
    ids=["tissue", "everywhere", "little"],
)
def test_the_outline_of_the_tissue_is_written_whatever_is_looked_at(
    wanted: DetectRequest, tmp_path: Path, changes: dict[str, Any], whole: bool
) -> None:
    seen = tissue_slide(tmp_path / "a.png")
    region = None if whole else shapely.box(600, 300, 900, 600)
    out = tmp_path / "a.tissue.geojson"
    model = write_model(tmp_path / "coarse.safetensors", mpp=0.5)
    request = replace(wanted, also=(out,), mpp=0.5, model=model, region=region, threshold=0.9)
    record = run(replace(request, **changes), Silent())
    assert out.name in record.outputs
    found = read_regions(out)["a.png"]
    # A margin of 50 µm is taken to be tissue too, and a pixel of the overview is 8 µm.
    expected = seen.buffer(100, join_style="mitre")
    expected = expected if region is None else expected.intersection(region)
    assert shapely.hausdorff_distance(found, expected) < 3 * 16


def test_an_outline_that_is_wanted_as_well_makes_it_another_run(
    wanted: DetectRequest, tmp_path: Path
) -> None:
    first = run(wanted, Silent())
    second = run(replace(wanted, tissue=tmp_path / "named by a person"), Silent())
    assert second.outputs[wanted.out.name] == first.outputs[wanted.out.name]
    assert '"kind":"outlines"' in (tmp_path / "named by a person").read_text()


def test_an_outline_needs_a_slide_that_can_be_looked_over(
    wanted: DetectRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_slide: object) -> None:
        raise SlideError("a sector is broken")

    monkeypatch.setattr("plugin.commands.slide_plan.tissue_outline", broken)
    run(replace(wanted, tile_size=32), Silent())
    with pytest.raises(SlideError, match="a sector is broken; so there is no overview in which"):
        run(replace(wanted, tile_size=32, also=(tmp_path / "a.tissue.geojson",)), Silent())
