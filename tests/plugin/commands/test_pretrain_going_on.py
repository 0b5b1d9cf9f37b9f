"""A pretraining on an archive's folder goes on from a shell with the slides and fields that it began with."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from patherea_core.errors import Cancelled, InputError, ScaleError
from patherea_core.progress import Progress, Silent
from patherea_core.workflow.pretrain import PretrainRequest
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from plugin.commands import pretrain_backbone
from plugin.commands.pretrain_backbone import BackboneRequest
from plugin.commands.pretrain_checkpoint import asked_place, read_asked
from plugin.commands.pretrain_from_archive import FolderRequest, run
from plugin.commands.pretrain_source import slides_of_before, wishes_of
from plugin.dsa.session import connect
from plugin.pretraining.settings_choice import SettingsWishes
from tests.plugin.archive import FOLDER, TOKEN, FakeArchive, serving
from tests.plugin.pretraining.slides import tissue
from tests.plugin.slide_files import write_tiff

WISHES = SettingsWishes(backbone="test_efficientnet", tile_size=64, epochs=2)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[FakeArchive]:
    with serving(FakeArchive()) as running:
        for number in range(2):
            add(running, tmp_path, f"slide-{number}.tif", seed=number)
        yield running


@pytest.fixture
def wanted(archive: FakeArchive, tmp_path: Path) -> FolderRequest:
    own = BackboneRequest(out=tmp_path / "run", wishes=WISHES, device="cpu", workers=0, seed=3)
    return FolderRequest(
        api_url=archive.address, token=TOKEN, folder_id=FOLDER, backbone=own, fields=2
    )


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[PretrainRequest]:
    """Have a pretraining end after its first epoch, and return what each was asked for."""
    requests: list[PretrainRequest] = []

    def first_epoch(request: PretrainRequest, _progress: Progress) -> Path:
        folder = PretrainingFolder(request.run)
        identity = PretrainingIdentity(tiles_sha256=request.source.digest(), seed=request.seed)
        if not folder.require_usable(request.config, identity, resume=request.resume):
            folder.begin(request.config, identity)
        torch.save({"epoch": 0}, folder.last)
        requests.append(request)
        return folder.backbone

    monkeypatch.setattr(pretrain_backbone, "pretrain", first_epoch)
    return requests


def add(archive: FakeArchive, folder: Path, name: str, *, mpp: float = 0.5, seed: int = 0) -> str:
    path = folder / name
    write_tiff(path, tissue(300, 300, seed=seed), photometric="rgb", mpp=mpp, compression="zlib")
    return archive.add_slide(name, path.read_bytes(), (300, 300), mpp)


def resumed(request: FolderRequest) -> FolderRequest:
    return replace(request, backbone=replace(request.backbone, resume=True))


def fetched(archive: FakeArchive) -> int:
    """Return how many slides were fetched until now, and count anew."""
    count = sum("download" in one for one in archive.requests)
    archive.requests.clear()
    return count


def test_it_goes_on_with_its_slides_whatever_has_become_of_their_folder(
    archive: FakeArchive, wanted: FolderRequest, asked: list[PretrainRequest], tmp_path: Path
) -> None:
    run(wanted, Silent())
    assert fetched(archive) == 2
    add(archive, tmp_path, "later.tif", seed=9)
    del archive.items[min(archive.items)]
    run(resumed(wanted), Silent())
    first, second = asked
    assert fetched(archive) == 0
    assert second.source.digest() == first.source.digest()
    assert second.source.describe() == "4 fields of 2 slides of the archive"
    assert second.provenance["command"] == first.provenance["command"]


def test_of_slides_that_lack_a_field_alone_fields_are_cut_again(
    archive: FakeArchive, wanted: FolderRequest, asked: list[PretrainRequest]
) -> None:
    run(wanted, Silent())
    lost = wanted.backbone.out / "fields" / f"{min(archive.items)}-1.png"
    before = lost.read_bytes()
    lost.unlink()
    fetched(archive)
    run(resumed(wanted), Silent())
    assert fetched(archive) == 1
    assert lost.read_bytes() == before
    assert asked[1].source.digest() == asked[0].source.digest()


def test_a_slide_without_fields_that_is_gone_is_named(
    archive: FakeArchive, wanted: FolderRequest, asked: list[PretrainRequest]
) -> None:
    run(wanted, Silent())
    gone = min(archive.items)
    name = archive.items[gone]["name"]
    (wanted.backbone.out / "fields" / f"{gone}-0.png").unlink()
    del archive.items[gone]
    with pytest.raises(InputError, match=f"cannot go on without {name}, .* begin another one"):
        run(resumed(wanted), Silent())
    assert len(asked) == 1


def test_a_shell_is_told_its_own_option_for_the_size_of_pixels(
    archive: FakeArchive, wanted: FolderRequest, tmp_path: Path
) -> None:
    path = tmp_path / "unsaid.tif"
    write_tiff(path, tissue(300, 300), photometric="rgb", mpp=None, compression="zlib")
    archive.add_slide("unsaid.tif", path.read_bytes(), (300, 300), None)
    with pytest.raises(ScaleError, match=r"'unsaid\.tif' has no resolution; give --slide-mpp"):
        run(wanted, Silent())


def test_a_refused_folder_leaves_no_run(archive: FakeArchive, wanted: FolderRequest) -> None:
    archive.items.clear()
    with pytest.raises(InputError, match="the folder holds no slide"):
        run(wanted, Silent())
    assert not wanted.backbone.out.exists()


def test_other_words_are_refused_before_the_archive_is_asked(
    archive: FakeArchive, wanted: FolderRequest
) -> None:
    run(wanted, Silent())
    archive.requests.clear()
    with pytest.raises(
        InputError, match="was started with fields 2, not 7: resume it with the same"
    ):
        run(resumed(replace(wanted, fields=7)), Silent())
    with pytest.raises(InputError, match=f"was started with folder {FOLDER}, not {'e' * 24}"):
        run(resumed(replace(wanted, folder_id="e" * 24)), Silent())
    assert archive.requests == []
    asked_place(PretrainingFolder(wanted.backbone.out)).write_text("{}")
    with pytest.raises(
        InputError, match=r"asked\.json, which says what .* name another run folder"
    ):
        run(resumed(wanted), Silent())


def test_a_run_that_an_earlier_version_began_goes_on_as_before(
    archive: FakeArchive, wanted: FolderRequest, asked: list[PretrainRequest], tmp_path: Path
) -> None:
    run(wanted, Silent())
    folder = PretrainingFolder(wanted.backbone.out)
    for path in (asked_place(folder), *(folder.path / "fields").glob("*.json")):
        path.unlink()
    fetched(archive)
    tight = replace(wanted, room=1)  # it has fields already, and cannot do with fewer
    run(resumed(tight), Silent())
    assert fetched(archive) == 2
    assert asked[1].source.digest() == asked[0].source.digest()
    add(archive, tmp_path, "later.tif", seed=9)
    with pytest.raises(InputError, match="tiles of digest"):
        run(resumed(wanted), Silent())


def test_fields_leave_room_on_the_disk_and_as_many_go_on(
    archive: FakeArchive,
    wanted: FolderRequest,
    asked: list[PretrainRequest],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    field = 128 * 128 * 3
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=2 * 2 * field))
        run(wanted, Silent())
    assert "there is room for 1 fields of each of 2 slides, not for 2" in caplog.text
    run(resumed(wanted), Silent())
    for request in asked:
        assert request.source.describe() == "2 fields of 2 slides of the archive"
        assert "--fields 1 " in request.provenance["command"]
    kept = read_asked(PretrainingFolder(wanted.backbone.out))
    assert kept is not None
    assert (kept.fields, kept.fields_wanted, len(kept.slide_ids)) == (1, 2, len(archive.items))


def test_fields_of_a_run_that_was_stopped_among_them_are_not_cut_again(
    archive: FakeArchive, wanted: FolderRequest, asked: list[PretrainRequest]
) -> None:
    class Stop:
        def advance(self, _fraction: float, message: str = "") -> None:
            if "slide-1" in message:
                raise Cancelled("stopped on request")

    with pytest.raises(
        Cancelled, match=r"fields of 1 slide are kept in .*fields; the same command"
    ):
        run(wanted, Stop())
    assert fetched(archive) == 1
    run(wanted, Silent())
    assert fetched(archive) == 1
    assert asked[0].source.describe() == "4 fields of 2 slides of the archive"
    with pytest.raises(InputError, match="already holds a run; continue it with --resume"):
        run(wanted, Silent())


def test_a_coarse_slide_is_left_out_without_being_fetched_again(
    archive: FakeArchive,
    wanted: FolderRequest,
    asked: list[PretrainRequest],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    add(archive, tmp_path, "coarse.tif", mpp=4.0)
    run(wanted, Silent())
    assert fetched(archive) == 3
    caplog.clear()
    run(resumed(wanted), Silent())
    assert fetched(archive) == 0
    assert "so that these would be blurred: coarse.tif (4 µm)" in caplog.text
    assert asked[1].source.digest() == asked[0].source.digest()


def test_a_slide_that_could_not_be_read_is_tried_again_by_a_run_that_starts_alone(
    archive: FakeArchive, wanted: FolderRequest, asked: list[PretrainRequest]
) -> None:
    class Stop:
        def advance(self, fraction: float, message: str = "") -> None:
            if "fields are there" in message or fraction > 0.5:
                raise Cancelled("stopped on request")

    broken = archive.add_slide("broken.tif", b"no slide", (10, 10))
    with pytest.raises(Cancelled):
        run(wanted, Stop())
    assert fetched(archive) == 3
    run(wanted, Silent())
    assert fetched(archive) == 1
    del archive.items[broken]
    run(resumed(wanted), Silent())
    assert fetched(archive) == 0
    assert asked[1].source.digest() == asked[0].source.digest()


def test_slides_are_called_what_they_were_called_when_the_run_began(
    archive: FakeArchive, wanted: FolderRequest, tmp_path: Path
) -> None:
    run(wanted, Silent())
    kept = read_asked(PretrainingFolder(wanted.backbone.out))
    assert kept is not None
    below = kept.model_copy(update={"slide_names": ("a/slide.tif", "b/slide.tif")})
    session = connect(archive.address, TOKEN)
    elsewhere = replace(wanted.backbone, out=tmp_path / "job")
    slides = slides_of_before(below, elsewhere, session, tmp_path)
    assert [one.name for one in slides] == ["a/slide.tif", "b/slide.tif"]
    assert tuple(one.id for one in slides) == kept.slide_ids
    unsaid = kept.model_copy(update={"slide_names": ()})  # as older files are
    found = slides_of_before(unsaid, elsewhere, session, tmp_path)
    assert [one.name for one in found] == ["slide-0.tif", "slide-1.tif"]


def test_a_run_that_took_coarse_slides_goes_on_with_them(wanted: FolderRequest) -> None:
    run(wanted, Silent())
    folder = PretrainingFolder(wanted.backbone.out)
    kept = read_asked(folder)
    assert kept is not None
    assert not wishes_of(kept, wanted.backbone).tiles.enlarged
    identity = PretrainingIdentity.model_validate_json(folder.identity.read_bytes())
    folder.identity.write_text(identity.model_dump_json(exclude={"coarse_left_out"}))
    assert wishes_of(kept, wanted.backbone).tiles.enlarged
