"""From what a person names to what tiles are taken from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from patherea_core.errors import Cancelled, DatasetError, InputError, ScaleError, SlideError
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from plugin.pretraining.finding import TileWishes, find_tiles
from plugin.pretraining.ground_tiles import GroundTiles
from plugin.pretraining.held_out import by_slide
from tests.builders import sample, write_dataset
from tests.plugin.pretraining.slides import glass, is_glass, tissue, write_field, write_slide
from tests.plugin.slide_files import write_image, write_tiff

WISHES = TileWishes(mpp=0.5, side=32, slide_mpp=0.5)


def names(*inputs: Path, wishes: TileWishes = WISHES) -> list[str]:
    return [one.name for one in find_tiles(inputs, wishes, Silent()).grounds]


def test_images_of_a_folder_are_taken_whole(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "c.bmp"):
        write_field(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    found = find_tiles([tmp_path], WISHES, Silent())
    assert [one.name for one in found.grounds] == ["a.jpg", "b.png", "c.bmp"]
    assert all(one.sites is None for one in found.grounds)
    assert found.describe() == f"3 images of {tmp_path.name}"


def test_many_places_are_named_in_part(tmp_path: Path) -> None:
    files = [write_field(tmp_path / f"{number}.png") for number in range(6)]
    words = find_tiles(files, WISHES, Silent()).describe()
    assert words == "6 images of 0.png, 1.png, 2.png, 3.png and 2 more"


def test_tiles_of_a_slide_are_tissue(tmp_path: Path) -> None:
    found = find_tiles([write_slide(tmp_path / "slide.tif")], replace(WISHES, side=96), Silent())
    assert found.describe() == "1 slide of slide.tif"
    tiles = found.sample(60, 96, Seed(0).stream("tiles"))
    shares = [is_glass(tile) for tile in tiles]
    assert max(shares) < 0.9
    assert np.mean(shares) < 0.2


def test_a_slide_says_itself_how_large_its_pixels_are(tmp_path: Path) -> None:
    path = write_slide(tmp_path / "slide.tif", mpp=0.25)
    (one,) = find_tiles([path], TileWishes(mpp=0.5, side=32), Silent()).grounds
    assert (one.base_mpp, one.width) == (0.25, 1152)


def test_a_table_names_images_and_the_size_of_their_pixels(tmp_path: Path) -> None:
    write_field(tmp_path / "a.png", 80, 80)
    write_field(tmp_path / "b.png", 80, 80)
    (tmp_path / "list.csv").write_text("slide,mpp\na.png,0.5\nb.png,0.25\n")
    wishes = TileWishes(mpp=0.5, side=32)
    found = find_tiles([tmp_path / "list.csv"], wishes, Silent())
    assert [(one.name, one.width) for one in found.grounds] == [("a.png", 80), ("b.png", 40)]


@pytest.fixture
def studies(tmp_path: Path) -> tuple[Path, Path]:
    """Return two folders with images of the same names."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for name in ("1.png", "2.png"):
            write_field(tmp_path / folder / name)
    return tmp_path / "one", tmp_path / "two"


def test_what_is_named_twice_is_taken_once_with_a_warning_that_names_both_places(
    studies: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    one, two = studies
    assert names(one, two, one / "1.png") == ["1.png", "2.png"] * 2
    (told,) = caplog.messages
    assert told == (
        "1 file is named twice and taken once, as the first place says: 1.png (by the folder"
        f" {one} and by itself)"
    )


@pytest.mark.parametrize("way", ["folders", "list"])
def test_images_of_one_name_are_told_apart_by_their_folders(
    studies: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture, *, way: str
) -> None:
    (tmp_path / "list.csv").write_text("slide\none\ntwo\n")
    write_field(studies[0] / "2.png", 8, 8)
    (studies[1] / "2.png").write_bytes(b"no image")
    inputs = studies if way == "folders" else (tmp_path / "list.csv",)
    found = find_tiles(inputs, WISHES, Silent())
    assert [one.title for one in found.grounds] == ["one/1.png", "two/1.png"]
    text = "\n".join(caplog.messages)
    assert "smaller than a tile: one/2.png (8 × 8" in text
    assert "cannot be read: two: '2.png' is no slide" in text


def test_that_images_are_told_apart_changes_neither_order_nor_digest(
    studies: tuple[Path, Path],
) -> None:
    found = find_tiles(studies, WISHES, Silent())
    untold = [replace(one, folder="") for one in found.grounds]
    before = GroundTiles(untold, found.mpp, found._words)
    assert found.digest() == before.digest()
    assert [[one.path for one in slide] for slide in by_slide(found.grounds)] == [
        [one.path for one in slide] for slide in by_slide(untold)
    ]


def test_a_dataset_gives_its_images_without_the_folds_that_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    write_dataset(folder, [sample(name="s1"), sample(name="s2", fold=1)], folds=2)
    wishes = TileWishes(mpp=0.5, side=32, without_folds=("1",))
    assert names(folder, wishes=TileWishes(mpp=0.5, side=32)) == ["s1.png", "s2.png"]
    assert names(folder, wishes=wishes) == ["s1.png"]
    with pytest.raises(DatasetError, match="no fold"):
        names(folder, wishes=TileWishes(mpp=0.5, side=32, without_folds=("99",)))


def test_pieces_of_one_slide_of_a_dataset_know_that_they_are(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_dataset(tmp_path / folder, [sample(name=f"{folder}{row}") for row in range(2)])
    write_field(tmp_path / "a.png")
    places = [tmp_path / name for name in ("one", "two", "a.png")]
    first, second, third, fourth, image = find_tiles(places, WISHES, Silent()).grounds
    assert first.slide == second.slide != third.slide == fourth.slide
    assert image.slide == str(image.path)


def test_a_packed_dataset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dataset.zip").write_bytes(b"")
    with pytest.raises(InputError, match=r"dataset\.zip is packed; unpack it"):
        names(tmp_path / "dataset.zip")


def test_what_cannot_serve_is_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_field(tmp_path / "good.png")
    write_field(tmp_path / "tiny.png", 31, 60)
    (tmp_path / "broken.png").write_bytes(b"no image")
    write_tiff(tmp_path / "empty.tif", glass(2304, 2304), mpp=0.5, photometric="rgb")
    assert names(tmp_path) == ["good.png"]
    text = "\n".join(caplog.messages)
    assert "1 file is left out, cannot be read: 'broken.png' is no slide or image" in text
    assert "1 file is left out, smaller than a tile: tiny.png (31 × 60 pixels of 0.5 µm)" in text
    assert "1 file is left out, without tissue: empty.tif" in text


def test_a_blank_image_is_left_out_however_small_and_a_pale_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    grain = np.random.default_rng(0).integers(-6, 7, size=(80, 80, 3))
    write_image(tmp_path / "blank.png", (glass(80, 80) + grain).astype(np.uint8))
    pale = glass(80, 80)
    pale[30:50, 30:50] -= 20
    write_image(tmp_path / "pale.png", pale)
    assert names(tmp_path) == ["pale.png"]
    assert "1 file is left out, without tissue: blank.png" in caplog.text
    assert len(names(tmp_path, wishes=replace(WISHES, blank=True))) == 2


def test_an_image_of_much_larger_pixels_than_the_tiles_is_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, mpp in (("scan", 0.5), ("near", 1.12), ("thumbnail", 4.0)):
        write_tiff(tmp_path / f"{name}.tif", tissue(96, 80), mpp=mpp, photometric="rgb")
    wishes = TileWishes(mpp=0.5, side=32)
    assert names(tmp_path, wishes=wishes) == ["near.tif", "scan.tif"]
    (message,) = caplog.messages
    assert message == (
        "1 file is left out, with much larger pixels than the tiles, so that these would be blurred:"
        " thumbnail.tif (4 µm)"
    )
    assert len(names(tmp_path, wishes=replace(wishes, enlarged=True))) == 3
    assert names(tmp_path / "thumbnail.tif", wishes=replace(wishes, mpp=2)) == ["thumbnail.tif"]
    with pytest.raises(
        InputError,
        match=r"thumbnail\.tif \(4 µm\); name other .* or take a coarser pixel size \(--mpp\)$",
    ):
        names(tmp_path / "thumbnail.tif", wishes=wishes)


def test_a_broken_file_among_many_is_named_and_the_rest_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_field(tmp_path / "good.png")
    for number in range(8):
        write_field(tmp_path / f"tiny-{number}.png", 8, 8)
    names(tmp_path)
    (message,) = caplog.messages
    assert "8 files are left out" in message
    assert message.endswith("and 3 more")


def test_nothing_that_can_serve_is_refused_with_the_reason(tmp_path: Path) -> None:
    write_tiff(tmp_path / "empty.tif", glass(2304, 2304), mpp=0.5, photometric="rgb")
    with pytest.raises(
        InputError, match=r"without tissue: empty\.tif; name other slides or images$"
    ):
        names(tmp_path)
    write_field(tmp_path / "tiny.png", 8, 8)
    with pytest.raises(
        InputError, match=r"smaller tiles \(--tile\) or a finer pixel size \(--mpp\)$"
    ):
        names(tmp_path)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(SlideError, match="holds no slide or image"):
        names(tmp_path / "nothing")


def test_images_that_do_not_say_how_large_their_pixels_are_are_refused(tmp_path: Path) -> None:
    write_field(tmp_path / "a.png")
    with pytest.raises(ScaleError, match=r"a\.png.*give --slide-mpp"):
        names(tmp_path, wishes=TileWishes(mpp=0.5, side=32))


def test_a_request_to_stop_is_heard(tmp_path: Path) -> None:
    write_field(tmp_path / "a.png")

    class Stop:
        def advance(self, _fraction: float, _message: str = "") -> None:
            raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        find_tiles([tmp_path], WISHES, Stop())
