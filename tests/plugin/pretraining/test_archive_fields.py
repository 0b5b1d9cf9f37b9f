"""Fields of the slides of an archive, against a stand-in for it."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from patherea_core.errors import ArchiveError, Cancelled, InputError, ScaleError
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin.dsa.session import Session, connect
from plugin.pretraining.archive_fields import (
    ArchiveWishes,
    archive_tiles,
    fields_with_room,
    slides_wanted,
)
from plugin.pretraining.finding import TileWishes
from plugin.pretraining.ground_tiles import GroundTiles
from plugin.pretraining.held_out import divided
from plugin.pretraining.kept_fields import room_for_fields
from tests.plugin.archive import FOLDER, TOKEN, FakeArchive, serving
from tests.plugin.pretraining.slides import glass, tissue
from tests.plugin.slide_files import write_tiff

WISHES = ArchiveWishes(
    folder_id=FOLDER, tiles=TileWishes(mpp=0.5, side=32), fields=3, room=10**9, seed=1
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[FakeArchive]:
    with serving(FakeArchive()) as running:
        for number in range(2):
            add(running, tmp_path, f"slide-{number}.tif", tissue(400, 300, seed=number))
        yield running


@pytest.fixture
def session(archive: FakeArchive) -> Session:
    return connect(archive.address, TOKEN)


def add(
    archive: FakeArchive,
    folder: Path,
    name: str,
    pixels: np.ndarray,
    mpp: float | None = 0.25,
) -> str:
    path = folder / name
    write_tiff(path, pixels, photometric="rgb", mpp=mpp, compression="zlib")
    content = path.read_bytes()
    path.unlink()
    return archive.add_slide(name, content, pixels.shape[1::-1], mpp)


def taken(session: Session, scratch: Path, wishes: ArchiveWishes = WISHES) -> GroundTiles:
    scratch.mkdir(exist_ok=True)
    return archive_tiles(session, slides_wanted(session, wishes), wishes, scratch, Silent())


def test_each_slide_leaves_fields_and_no_file(session: Session, tmp_path: Path) -> None:
    wishes = replace(WISHES, fields=2)
    found = taken(session, tmp_path / "scratch", wishes)
    assert found.describe() == "4 fields of 2 slides of the archive"
    assert found.part(found.grounds[2:]).describe() == "2 fields of 1 slide of the archive"
    assert [(one.width, one.height) for one in found.grounds] == [(64, 64)] * 4
    left = sorted(path.suffix for path in (tmp_path / "scratch").iterdir())
    assert left == [".json"] * 2 + [".png"] * 4
    tiles = found.sample(4, 32, Seed(0).stream("tiles"))
    assert abs(tiles.reshape(-1, 3).mean(axis=0) - [200, 90, 170]).max() < 10


def test_of_ten_slides_one_is_held_out_with_all_its_fields(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    for number in range(2, 10):
        add(archive, tmp_path, f"slide-{number}.tif", tissue(400, 300, seed=number))
    found = taken(session, tmp_path / "scratch", replace(WISHES, fields=2))
    learnt, held_out = divided(found, PretrainingFolder(tmp_path / "run"), 1)
    assert learnt.describe() == "18 fields of 9 slides of the archive"
    assert held_out is not None
    one, other = (ground.name for ground in held_out.grounds)
    assert [one[-9:], other[-9:]] == [", field 1", ", field 2"]
    assert one[:-9] == other[:-9]
    assert held_out.sample(2, 32, Seed(0).stream("tiles")).shape == (2, 32, 32, 3)


def test_an_image_that_is_no_larger_than_its_fields_is_kept_whole(
    session: Session, tmp_path: Path
) -> None:
    found = taken(session, tmp_path / "scratch", replace(WISHES, fields=8))
    assert [(one.width, one.height) for one in found.grounds] == [(200, 150)] * 2


def test_the_same_seed_gives_the_same_fields_whatever_else_lies_in_the_folder(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    first = taken(session, tmp_path / "first")
    again = taken(session, tmp_path / "again")
    assert first.digest() == again.digest()
    assert all(
        np.array_equal(np.asarray(Image.open(one.path)), np.asarray(Image.open(other.path)))
        for one, other in zip(first.grounds, again.grounds, strict=True)
    )
    other = taken(session, tmp_path / "other", replace(WISHES, seed=2))
    assert other.digest() != first.digest()
    only = tuple(archive.items)
    add(archive, tmp_path, "later.tif", tissue(400, 300, seed=9))
    assert taken(session, tmp_path / "more").digest() != first.digest()
    gone_on = replace(WISHES, slide_ids=only)
    assert taken(session, tmp_path / "on", gone_on).digest() == first.digest()


def downloads(archive: FakeArchive) -> int:
    """Return how many slides were fetched until now, and count anew."""
    count = sum("download" in one for one in archive.requests)
    archive.requests.clear()
    return count


def test_fields_that_are_there_are_taken_for_the_same_wishes_and_files_alone(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    first = taken(session, scratch)
    assert downloads(archive) == 2
    assert taken(session, scratch).digest() == first.digest()
    assert downloads(archive) == 0
    for other in (replace(WISHES, seed=2), replace(WISHES, fields=2)):
        assert len(taken(session, scratch, other).grounds) == 2 * other.fields
        assert downloads(archive) == 2
        assert len(list(scratch.glob("*.png"))) == 2 * other.fields
    replaced = min(archive.items)
    archive.files["9" * 24] = archive.files[archive.items[replaced]["largeImage"]["fileId"]]
    archive.items[replaced]["largeImage"]["fileId"] = "9" * 24
    taken(session, scratch, replace(WISHES, fields=2))
    assert downloads(archive) == 1


def test_a_record_that_is_broken_counts_for_nothing(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    first = taken(session, tmp_path / "scratch")
    (tmp_path / "scratch" / f"{min(archive.items)}.json").write_text("{}")
    downloads(archive)
    assert taken(session, tmp_path / "scratch").digest() == first.digest()
    assert downloads(archive) == 1


def test_fields_that_are_there_are_counted_as_room(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = taken(session, tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    taken_bytes = sum(one.path.stat().st_size for one in found.grounds)
    assert room_for_fields(tmp_path) == taken_bytes
    assert fields_with_room(replace(WISHES, room=None), 2, tmp_path) < WISHES.fields


def test_little_room_is_shared_out_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    field = 64 * 64 * 3
    assert fields_with_room(replace(WISHES, room=6 * field), 2, tmp_path) == 3
    assert caplog.messages == []
    assert fields_with_room(replace(WISHES, room=5 * field), 2, tmp_path) == 2
    assert "room for 2 fields of each of 2 slides, not for 3" in caplog.text
    assert fields_with_room(replace(WISHES, room=0), 2, tmp_path) == 1


def test_a_slide_that_cannot_serve_is_left_out_and_named(
    archive: FakeArchive, session: Session, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(archive, tmp_path, "tiny.tif", tissue(40, 40))
    add(archive, tmp_path, "empty.tif", glass(2304, 2304))
    archive.add_slide("broken.tif", b"no slide", (10, 10))
    with caplog.at_level(logging.WARNING):
        found = taken(session, tmp_path / "scratch")
    assert found.describe() == "6 fields of 2 slides of the archive"
    for what in ("smaller than a tile: tiny.tif", "without tissue: empty.tif", "'broken.tif'"):
        assert what in caplog.text


def test_slides_that_cannot_serve_alone_are_refused(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    archive.items.clear()
    with pytest.raises(InputError, match="the folder holds no slide"):
        taken(session, tmp_path / "scratch")
    add(archive, tmp_path, "empty.tif", glass(2304, 2304))
    with pytest.raises(InputError, match=r"nothing to take tiles from: .* without tissue: empty"):
        taken(session, tmp_path / "scratch")


def test_a_slide_that_does_not_say_its_scale_is_refused_unless_somebody_does(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    add(archive, tmp_path, "unsaid.tif", tissue(400, 300), mpp=None)
    with pytest.raises(ScaleError, match=r"'unsaid\.tif' has no resolution; give --slideMpp"):
        taken(session, tmp_path / "scratch")
    said = replace(WISHES, tiles=replace(WISHES.tiles, slide_mpp=0.25))
    assert len(taken(session, tmp_path / "said", said).grounds) == 9


def test_a_slide_that_goes_meanwhile_is_named(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    slides = slides_wanted(session, WISHES)
    gone = slides[1]
    del archive.items[gone.id]
    del archive.files[gone.file_id]
    (tmp_path / "scratch").mkdir()
    with pytest.raises(ArchiveError, match=r"slide-1\.tif"):
        archive_tiles(session, slides, WISHES, tmp_path / "scratch", Silent())


def test_a_request_to_stop_leaves_no_slide_behind(session: Session, tmp_path: Path) -> None:
    class Stop:
        def advance(self, fraction: float, _message: str = "") -> None:
            if fraction > 0:
                raise Cancelled("stopped on request")

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(Cancelled):
        archive_tiles(session, slides_wanted(session, WISHES), WISHES, scratch, Stop())
    assert all(path.suffix in {".png", ".json"} for path in scratch.iterdir())
