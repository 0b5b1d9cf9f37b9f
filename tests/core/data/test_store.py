"""A dataset folder is whole or not there; what is read is what was written, or refused with a reason."""

import errno
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from patherea_core.data.manifest import class_records
from patherea_core.data.store import (
    DatasetWriter,
    Sample,
    check,
    pack,
    read_manifest,
    read_sample,
    unpack,
)
from patherea_core.errors import Cancelled, DatasetError, InputError, OutputError, TaxonomyError
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from tests.builders import TAXONOMY, noise, points, ring, sample, write_dataset
from tests.fakes import RecordingProgress


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that holds a dataset of two samples."""
    labelled = ring(2.5, 1 / 3, 20, 5)
    write_dataset(
        tmp_path / "ds",
        [sample(name="s1"), sample(points((6, 3, 1)), name="s2", fold=1, labelled=labelled)],
        folds=2,
    )
    return tmp_path / "ds"


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def assert_same(one: Sample, other: Sample) -> None:
    assert np.array_equal(one.pixels, other.pixels)
    assert one.points.xy.tobytes() == other.points.xy.tobytes()
    assert one.points.class_index.tolist() == other.points.class_index.tolist()
    assert one.element_ids == other.element_ids
    assert shapely.equals_identical(one.labelled, other.labelled)


# Writing and reading


def test_samples_come_back_exactly(tmp_path: Path) -> None:
    written = [
        sample(name="s1"),
        sample(Points.none(), name="s2", labelled=ring(2.5, 1 / 3, 20, 5)),
    ]
    manifest = write_dataset(tmp_path / "ds", written)
    assert read_manifest(tmp_path / "ds") == manifest
    for one, record in zip(written, manifest.samples, strict=True):
        assert_same(read_sample(tmp_path / "ds", manifest, record), one)


def test_a_dataset_has_these_files_and_no_others(folder: Path) -> None:
    assert names(folder) == [
        "dataset.json",
        "images/s1.png",
        "images/s2.png",
        "points/s1.csv",
        "points/s2.csv",
        "regions/s1.geojson",
        "regions/s2.geojson",
    ]
    assert names(folder.parent) == [f"ds/{name}" for name in names(folder)]


def test_the_same_samples_give_the_same_digest(tmp_path: Path) -> None:
    digests = {write_dataset(tmp_path / name, [sample()]).digest() for name in ("a", "b")}
    assert len(digests) == 1


def test_one_other_pixel_gives_another_digest(tmp_path: Path) -> None:
    one = sample()
    pixels = one.pixels.copy()
    pixels[0, 0, 0] ^= 1
    other = Sample(one.record, pixels, one.points, one.element_ids, one.labelled)
    digests = {
        write_dataset(tmp_path / "a", [one]).digest(),
        write_dataset(tmp_path / "b", [other]).digest(),
    }
    assert len(digests) == 2


def test_folders_above_are_made(tmp_path: Path) -> None:
    write_dataset(tmp_path / "a" / "b" / "ds", [sample()])
    check(tmp_path / "a" / "b" / "ds")


def test_an_empty_folder_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "ds").mkdir()
    write_dataset(tmp_path / "ds", [sample()])
    check(tmp_path / "ds")


def test_a_dataset_can_be_read_by_all_whom_the_system_lets(folder: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777 & ~mask


def test_a_relative_folder_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_dataset(Path("ds"), [sample()])
    check(tmp_path / "ds")


# Refusing to write


def test_a_folder_that_holds_a_dataset_is_refused_before_any_work(folder: Path) -> None:
    with pytest.raises(DatasetError, match="already holds a dataset"):
        DatasetWriter(folder)


def test_a_folder_that_holds_anything_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "note.txt").touch()
    with pytest.raises(DatasetError, match="is not empty"):
        DatasetWriter(tmp_path)


def test_a_file_in_the_way_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "ds").touch()
    with pytest.raises(DatasetError, match="is a file"):
        DatasetWriter(tmp_path / "ds")


def test_a_place_below_a_file_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file is not a folder one may write to"):
        DatasetWriter(tmp_path / "file" / "ds")


def test_a_place_without_permission_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A superuser may write anywhere, so the system's answer is given here.
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(OutputError, match="not a folder one may write to"):
        DatasetWriter(tmp_path / "ds")


def test_a_dataset_without_samples_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nothing to write"):
        write_dataset(tmp_path / "ds", [])
    assert list(tmp_path.iterdir()) == []


def test_two_samples_of_one_id_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="'s1' is named twice"):
        write_dataset(tmp_path / "ds", [sample(), sample()])
    assert list(tmp_path.iterdir()) == []


def test_a_class_without_a_name_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="class 1, but there are 1"):
        write_dataset(tmp_path / "ds", [sample()], taxonomy=Taxonomy.of(["positive"]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_whatever_stops_the_work_leaves_nothing_behind(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    def interrupted() -> None:
        with DatasetWriter(tmp_path / "ds") as writer:
            writer.add(sample())
            raise stop

    with pytest.raises(stop):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_is_not_finished_leaves_nothing_behind(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "ds") as writer:
        writer.add(sample())
    assert list(tmp_path.iterdir()) == []


def test_what_fails_after_the_dataset_is_finished_does_not_undo_it(tmp_path: Path) -> None:
    def interrupted() -> None:
        with DatasetWriter(tmp_path / "ds") as writer:
            writer.add(sample())
            writer.finish(classes=class_records(TAXONOMY), mpp=0.5, folds=1)
            raise ValueError("later")

    with pytest.raises(ValueError, match="later"):
        interrupted()
    check(tmp_path / "ds")
    assert [path.name for path in tmp_path.iterdir()] == ["ds"]


@pytest.mark.parametrize("suffix", [".png", ".geojson", ".csv", ".json"])
def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def full(path: Path, *_: object) -> None:
        if path.suffix == suffix:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("patherea_core.data.writer.write_image", full)
    monkeypatch.setattr("patherea_core.data.writer.write_text", full)
    if suffix == ".json":
        monkeypatch.setattr("patherea_core.data.writer.digest", lambda _paths: "")
    with pytest.raises(OutputError, match="No space left on device"):
        write_dataset(tmp_path / "ds", [sample()])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_appears_meanwhile_is_not_touched(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "ds") as writer:
        writer.add(sample())
        (tmp_path / "ds").mkdir()
        (tmp_path / "ds" / "mine.txt").write_text("mine")
        with pytest.raises(OutputError, match="Directory not empty"):
            writer.finish(classes=class_records(TAXONOMY), mpp=0.5, folds=1)
    assert names(tmp_path) == ["ds/mine.txt"]


# What a sample must be


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pixels": noise(48, 33)}, r"image of sample 's1' must be \(32, 48, 3\) uint8"),
        ({"pixels": noise(48, 32).astype(np.float32)}, "uint8, not .* float32"),
        ({"element_ids": ("e0",)}, "should have 2 points, but has 2 with 1 element ids"),
        ({"points": points((1, 1, 0))}, "should have 2 points, but has 1 with 2"),
        (
            {"points": points((48, 1, 0), (1, 1, 0))},
            r"point \(48.0, 1.0\) of sample 's1' lies outside",
        ),
        ({"points": points((1, 1, 0), (1, -0.5, 0))}, "lies outside of its image"),
        ({"labelled": shapely.MultiPolygon()}, "sample 's1' has no labelled area"),
    ],
)
def test_a_sample_that_contradicts_itself_is_refused(
    change: dict[str, object], message: str
) -> None:
    whole = sample()
    parts: dict[str, object] = {
        "record": whole.record,
        "pixels": whole.pixels,
        "points": whole.points,
        "element_ids": whole.element_ids,
        "labelled": whole.labelled,
    }
    with pytest.raises(DatasetError, match=message):
        Sample(**{**parts, **change})  # type: ignore[arg-type]


# Refusing to read


def test_a_whole_dataset_passes_the_check(folder: Path) -> None:
    check(folder)


def test_a_folder_without_manifest_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"is no dataset: it has no dataset\.json"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["images/s2.png", "points/s1.csv", "regions/s2.geojson"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DatasetError, match=name):
        check(folder)


@pytest.mark.parametrize(
    "name", ["dataset.json", "images/s2.png", "points/s1.csv", "regions/s2.geojson"]
)
@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff\xfe\x00"])
def test_a_broken_file_is_named(folder: Path, name: str, damage: bytes) -> None:
    (folder / name).write_bytes(damage)
    with pytest.raises(DatasetError, match=name):
        check(folder)


def test_a_truncated_image_is_named(folder: Path) -> None:
    path = folder / "images/s1.png"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DatasetError, match=r"images/s1\.png"):
        check(folder)


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 4500), st.integers(1, 255))
def test_any_changed_byte_of_an_image_is_found(folder: Path, place: int, change: int) -> None:
    path = folder / "images/s1.png"
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[place % len(whole)] ^= change
    path.write_bytes(damaged)
    try:
        with pytest.raises(DatasetError, match="s1"):
            check(folder)
    finally:
        path.write_bytes(whole)


def test_an_image_that_is_not_rgb_is_refused(folder: Path) -> None:
    Image.new("L", (48, 32)).save(folder / "images/s1.png")
    with pytest.raises(DatasetError, match="must be an RGB image, not L"):
        check(folder)


def test_an_image_of_another_size_is_refused(folder: Path) -> None:
    Image.new("RGB", (48, 31)).save(folder / "images/s1.png")
    with pytest.raises(DatasetError, match=r"image of sample 's1' must be \(32, 48, 3\)"):
        check(folder)


def test_an_image_too_large_to_be_true_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DatasetError, match=r"images/s1\.png"):
        check(folder)


def test_an_unknown_class_is_named_with_file_and_line(folder: Path) -> None:
    path = folder / "points/s1.csv"
    path.write_text(path.read_text().replace("negative", "til"))
    with pytest.raises(TaxonomyError, match=r"points/s1\.csv, line 3: cell class 'til' is unknown"):
        check(folder)


def test_a_point_outside_of_its_image_is_refused(folder: Path) -> None:
    path = folder / "points/s1.csv"
    path.write_text(path.read_text().replace("5.25,", "48.0,"))
    with pytest.raises(DatasetError, match="lies outside of its image"):
        check(folder)


def test_a_file_that_was_edited_is_found(folder: Path) -> None:
    path = folder / "points/s1.csv"
    path.write_text(path.read_text().replace("5.25,", "5.5,"))
    with pytest.raises(DatasetError, match=r"files of sample 's1' .* were changed"):
        check(folder)


def test_a_file_that_was_edited_is_found_by_who_reads_that_sample(folder: Path) -> None:
    manifest = read_manifest(folder)
    path = folder / "points/s1.csv"
    path.write_text(path.read_text().replace("positive", "negative"))
    with pytest.raises(DatasetError, match=r"files of sample 's1' .* were changed"):
        read_sample(folder, manifest, manifest.samples[0])
    read_sample(folder, manifest, manifest.samples[1])


def test_a_dataset_written_by_hand_needs_no_digests(folder: Path) -> None:
    manifest = json.loads((folder / "dataset.json").read_text())
    for record in manifest["samples"]:
        del record["sha256"]
    (folder / "dataset.json").write_text(json.dumps(manifest))
    check(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "it has version 2, but this program reads version 1"),
        ({"mpp": -1}, "mpp: "),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"folds": 1}, "sample 's2' is in fold 1, but folds run from 0 to 0"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(
    folder: Path, change: dict[str, object], message: str
) -> None:
    manifest = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").write_text(json.dumps({**manifest, **change}))
    with pytest.raises(DatasetError, match=rf"dataset\.json cannot be used: {message}"):
        read_manifest(folder)


# One zip file


def test_a_packed_dataset_comes_back(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "ds.zip")
    unpack(tmp_path / "ds.zip", tmp_path / "back")
    assert names(tmp_path / "back") == names(folder)
    for name in names(folder):
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.6])
def test_unpacking_that_is_stopped_leaves_nothing_behind(
    folder: Path, tmp_path: Path, fraction: float
) -> None:
    pack(folder, tmp_path / "ds.zip")
    with pytest.raises(Cancelled):
        unpack(tmp_path / "ds.zip", tmp_path / "back", RecordingProgress(stop_at=fraction))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ds", "ds.zip"]


def test_packing_twice_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "a.zip")
    os.utime(folder / "images/s1.png", (0, 0))
    pack(folder, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_broken_dataset_is_not_packed(folder: Path, tmp_path: Path) -> None:
    (folder / "points/s1.csv").unlink()
    with pytest.raises(DatasetError, match=r"points/s1\.csv"):
        pack(folder, tmp_path / "ds.zip")
    assert names(tmp_path) == [f"ds/{name}" for name in names(folder)]


def test_packing_where_nothing_can_be_written_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"nowhere/ds\.zip"):
        pack(folder, tmp_path / "nowhere" / "ds.zip")


def rewritten(zip_path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    with zipfile.ZipFile(zip_path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(zip_path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def assert_refused(zip_path: Path, message: str) -> None:
    before = sorted(zip_path.parent.rglob("*"))
    with pytest.raises(InputError, match=message) as refusal:
        unpack(zip_path, zip_path.parent / "back")
    assert ".partial" not in str(refusal.value)
    assert sorted(zip_path.parent.rglob("*")) == before


def test_a_zip_file_cannot_write_outside_of_the_folder(folder: Path, tmp_path: Path) -> None:
    zip_path = tmp_path / "ds.zip"
    pack(folder, zip_path)

    def climb(members: dict[str, bytes]) -> None:
        members["dataset.json"] = members["dataset.json"].replace(b'"s1"', b'"../../s1"')
        members["images/../../s1.png"] = members["images/s1.png"]

    rewritten(zip_path, climb)
    assert_refused(zip_path, r"ds\.zip/dataset\.json cannot be used: samples\.0\.id")


def test_what_a_zip_file_holds_beyond_the_dataset_is_left_in_it(
    folder: Path, tmp_path: Path
) -> None:
    zip_path = tmp_path / "ds.zip"
    pack(folder, zip_path)
    rewritten(zip_path, lambda members: members.update({"../evil.py": b"", "/evil.py": b""}))
    unpack(zip_path, tmp_path / "back")
    assert names(tmp_path / "back") == names(folder)
    assert not (tmp_path / "evil.py").exists()


def test_a_zip_file_that_lacks_a_file_is_refused(folder: Path, tmp_path: Path) -> None:
    zip_path = tmp_path / "ds.zip"
    pack(folder, zip_path)
    rewritten(zip_path, lambda members: members.__delitem__("points/s2.csv"))
    assert_refused(zip_path, r"ds\.zip is no packed dataset: .*points/s2\.csv")


def test_a_zip_file_with_a_broken_table_is_refused_by_its_own_name(
    folder: Path, tmp_path: Path
) -> None:
    zip_path = tmp_path / "ds.zip"
    pack(folder, zip_path)
    rewritten(zip_path, lambda members: members.update({"points/s2.csv": b"x,y\n"}))
    assert_refused(zip_path, r"ds\.zip/points/s2\.csv, line 1")


def test_a_zip_file_with_an_unknown_class_is_refused(folder: Path, tmp_path: Path) -> None:
    zip_path = tmp_path / "ds.zip"
    pack(folder, zip_path)
    table = b"x,y,class,element\n6,3,til,e0\n"
    rewritten(zip_path, lambda members: members.update({"points/s2.csv": table}))
    assert_refused(zip_path, "cell class 'til' is unknown")


def test_a_file_too_large_for_a_dataset_is_not_unpacked(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(folder, tmp_path / "ds.zip")
    monkeypatch.setattr("patherea_core.data.store._LARGEST_FILE", 4000)
    assert_refused(tmp_path / "ds.zip", r"ds\.zip/images/s1\.png is too large")


@pytest.mark.parametrize(
    ("error", "reason"),
    [(EOFError(), "it ends too early"), (RuntimeError("File is encrypted"), "File is encrypted")],
)
def test_a_zip_file_that_cannot_be_read_on_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def failing(*_: object) -> None:
        raise error

    pack(folder, tmp_path / "ds.zip")
    monkeypatch.setattr(zipfile.ZipFile, "read", failing)
    assert_refused(tmp_path / "ds.zip", f"ds.zip is no packed dataset: {reason}")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04"])
def test_what_is_no_zip_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ds.zip").write_bytes(content)
    assert_refused(tmp_path / "ds.zip", r"ds\.zip is no packed dataset")


def test_a_zip_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path / "ds.zip", r"cannot read .*ds\.zip: No such file")


def test_a_zip_file_cut_short_is_refused(folder: Path, tmp_path: Path) -> None:
    zip_path = tmp_path / "ds.zip"
    pack(folder, zip_path)
    whole = zip_path.read_bytes()
    zip_path.write_bytes(whole[: len(whole) // 2])
    assert_refused(zip_path, r"ds\.zip is no packed dataset")


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**20), st.integers(1, 255))
def test_any_changed_byte_of_a_zip_file_is_refused_or_does_no_harm(
    folder: Path, tmp_path: Path, place: int, change: int
) -> None:
    zip_path = tmp_path / "ds.zip"
    pack(folder, zip_path)
    damaged = bytearray(zip_path.read_bytes())
    damaged[place % len(damaged)] ^= change
    zip_path.write_bytes(damaged)
    try:
        unpack(zip_path, tmp_path / "back")
    except InputError:
        assert not (tmp_path / "back").exists()
    else:
        check(tmp_path / "back")
        shutil.rmtree(tmp_path / "back")


def test_unpacking_over_something_is_refused(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "ds.zip")
    with pytest.raises(DatasetError, match="already holds a dataset"):
        unpack(tmp_path / "ds.zip", folder)


def test_unpacking_where_nothing_can_be_written_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(folder, tmp_path / "ds.zip")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(OutputError, match="Permission denied"):
        unpack(tmp_path / "ds.zip", tmp_path / "back")


def test_a_flipped_byte_of_an_image_is_said_to_be_a_change(tmp_path: Path) -> None:
    write_dataset(tmp_path / "ds", [sample(name="a")])
    image = next((tmp_path / "ds" / "images").iterdir())
    content = bytearray(image.read_bytes())
    content[len(content) // 2] ^= 1
    image.write_bytes(bytes(content))
    with pytest.raises(DatasetError, match=r"were changed .*export the dataset again"):
        check(tmp_path / "ds")


def test_a_missing_image_is_said_once_and_in_words(tmp_path: Path) -> None:
    write_dataset(tmp_path / "ds", [sample(name="a")])
    image = next((tmp_path / "ds" / "images").iterdir())
    image.unlink()
    with pytest.raises(DatasetError, match=r"is missing; .*export the dataset again") as caught:
        check(tmp_path / "ds")
    assert str(caught.value).count(str(image)) == 1
    assert "Errno" not in str(caught.value)
