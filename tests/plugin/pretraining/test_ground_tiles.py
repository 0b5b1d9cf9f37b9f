"""Random tiles of images and slides."""

import pickle
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from patherea_core.errors import InputError, ShapeError, SlideError
from patherea_core.pretraining.tile_source import TileSource
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide, SlideReader
from plugin.pretraining.ground import Ground, Sites
from plugin.pretraining.ground_tiles import GroundTiles
from plugin.pretraining.open_images import OpenImages
from tests.plugin.pretraining.slides import tissue, write_field
from tests.plugin.slide_files import write_image, write_tiff

SIDE = 16


def of_here(grounds: Sequence[Ground]) -> str:
    return f"{len(grounds)} images of here"


def field(path: Path, width: int = 80, height: int = 60, *, seed: int = 0) -> Ground:
    write_field(path, width, height, seed=seed)
    return Ground(path, path.name, 0.5, width, height)


@pytest.fixture
def tiles(tmp_path: Path) -> GroundTiles:
    grounds = [field(tmp_path / f"{row}.png", seed=row) for row in range(3)]
    return GroundTiles(grounds, 0.5, of_here)


def test_it_fills_the_port(tiles: GroundTiles) -> None:
    assert isinstance(tiles, TileSource)
    assert (tiles.mpp, tiles.describe()) == (0.5, "3 images of here")


def test_a_part_has_its_own_images_words_and_digest(tiles: GroundTiles) -> None:
    part = tiles.part(tiles.grounds[1:])
    assert part.describe() == "2 images of here"
    assert part.digest() == GroundTiles(tiles.grounds[1:], 0.5, of_here).digest() != tiles.digest()


def test_tiles_are_pieces_of_the_images(tiles: GroundTiles) -> None:
    images = [np.asarray(Image.open(one.path)) for one in tiles.grounds]
    for tile in tiles.sample(5, SIDE, Seed(0).stream("tiles")):
        windows = [
            np.lib.stride_tricks.sliding_window_view(image, (SIDE, SIDE, 3)) for image in images
        ]
        assert any((one == tile).all(axis=(-3, -2, -1)).any() for one in windows)


def test_the_same_generator_gives_the_same_tiles_in_any_process_and_order(
    tiles: GroundTiles,
) -> None:
    first = tiles.sample(4, SIDE, Seed(1).stream("tiles"))
    other = pickle.loads(pickle.dumps(tiles))  # noqa: S301  as it travels to other processes
    other.sample(3, SIDE, Seed(2).stream("tiles"))
    assert np.array_equal(first, other.sample(4, SIDE, Seed(1).stream("tiles")))
    assert not np.array_equal(first, tiles.sample(4, SIDE, Seed(2).stream("tiles")))


def test_tiles_of_one_call_and_of_many_are_the_same(tiles: GroundTiles) -> None:
    random = Seed(1).stream("tiles")
    single = np.concatenate([tiles.sample(1, SIDE, random) for _ in range(4)])
    assert np.array_equal(single, tiles.sample(4, SIDE, Seed(1).stream("tiles")))


def test_nothing_that_is_open_travels(tiles: GroundTiles) -> None:
    before = len(pickle.dumps(tiles))
    tiles.sample(8, SIDE, Seed(0).stream("tiles"))
    assert len(pickle.dumps(tiles)) == before


def test_pixels_are_brought_to_the_wanted_size(tmp_path: Path) -> None:
    path = tmp_path / "coarse.png"
    pixels = np.repeat(np.repeat(tissue(20, 20), 4, axis=0), 4, axis=1)
    write_image(path, pixels)
    tiles = GroundTiles([Ground(path, path.name, 0.25, 40, 40)], 0.5, of_here)
    (tile,) = tiles.sample(1, 40, Seed(0).stream("tiles"))
    shrunk = Image.fromarray(pixels).resize((40, 40), Image.Resampling.BICUBIC)
    assert np.abs(tile.astype(int) - np.asarray(shrunk)).mean() < 2


def test_a_large_image_is_drawn_more_often_but_not_in_proportion(tmp_path: Path) -> None:
    grounds = [field(tmp_path / "small.png", 40, 40), field(tmp_path / "large.png", 160, 160)]
    tiles = GroundTiles(grounds, 0.5, of_here)
    random = Seed(0).stream("draws")
    drawn = Counter(tiles._drawn(random).name for _ in range(2000))
    assert 3.2 < drawn["large.png"] / drawn["small.png"] < 5.0


def test_the_digest_knows_files_scale_and_places_but_no_folders(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    here, there = field(tmp_path / "a.png"), field(tmp_path / "other" / "a.png")
    digest = GroundTiles([here], 0.5, of_here).digest()
    assert len(digest) == 64
    assert digest == GroundTiles([there], 0.5, of_here).digest()
    sites = Sites.of(np.ones((2, 2), dtype=bool), 8.0)
    others = [
        GroundTiles([here, there], 0.5, of_here),
        GroundTiles([here], 0.25, of_here),
        GroundTiles([Ground(here.path, "a.png", 0.5, 80, 60, sites)], 0.5, of_here),
        GroundTiles([field(tmp_path / "a.png", 81)], 0.5, of_here),
    ]
    assert len({digest, *(one.digest() for one in others)}) == 5


def test_what_stands_for_the_files_stands_for_their_sizes(tmp_path: Path) -> None:
    ground = field(tmp_path / "a.png")
    before = GroundTiles([ground], 0.5, of_here, "an archive").digest()
    field(tmp_path / "a.png", seed=5)
    assert GroundTiles([ground], 0.5, of_here, "an archive").digest() == before
    assert GroundTiles([ground], 0.5, of_here, "another").digest() != before


def test_a_place_that_cannot_be_read_is_passed_over_and_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    grounds = [field(tmp_path / name) for name in ("lost.png", "here.png")]
    tiles = GroundTiles(grounds, 0.5, of_here)
    grounds[0].path.unlink()
    assert tiles.sample(12, SIDE, Seed(0).stream("tiles")).std() > 0
    assert [("lost.png" in one) for one in caplog.messages] == [True]


def test_a_source_that_is_gone_is_said_to_be(tiles: GroundTiles) -> None:
    for one in tiles.grounds:
        one.path.unlink()
    with pytest.raises(SlideError, match="see whether the slides are still there"):
        tiles.sample(1, SIDE, Seed(0).stream("tiles"))
    with pytest.raises(SlideError, match="no such file"):
        tiles.digest()


def test_nothing_to_take_tiles_from_is_refused() -> None:
    with pytest.raises(InputError, match="name slides or images"):
        GroundTiles([], 0.5, of_here)


def test_a_tile_larger_than_the_image_is_refused(tiles: GroundTiles) -> None:
    with pytest.raises(ShapeError, match="too few for a tile of 61; take smaller tiles"):
        tiles.sample(1, 61, Seed(0).stream("tiles"))


def test_what_is_open_stays_within_its_memory(tmp_path: Path) -> None:
    opened: list[str] = []

    def opener(_path: Path, mpp: float, name: str) -> SlideReader:
        opened.append(name)
        return ArraySlide(name, mpp, tissue(10, 10))

    images = OpenImages(2 * 300, opener)
    grounds = [Ground(tmp_path / name, name, 0.5, 10, 10) for name in "abc"]
    for row in (0, 1, 0, 2, 0, 1):
        images.reader(grounds[row])
        assert len(images) <= 2
    assert opened == ["a", "b", "c", "b"]


def test_a_warning_of_a_slide_is_heard_once_however_often_it_is_opened(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_tiff(tmp_path / "a.tif", tissue(300, 300), mpp=0.5, photometric="rgb")
    ground = Ground(tmp_path / "a.tif", f"slide of {tmp_path}", 0.25, 600, 600)
    for _ in range(3):
        OpenImages().reader(ground)
    assert len([one for one in caplog.messages if "as --mpp says" in one]) == 1
