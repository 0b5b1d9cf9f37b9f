"""Slides as files: what is read, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from patherea_core.errors import InputError, PixelFormatError, ScaleError, SlideError
from patherea_core.geometry import Box
from plugin.slides.inputs import slide_files
from plugin.slides.reader import checked_mpp, open_slide, require_readable
from tests.builders import noise
from tests.plugin.slide_files import break_tile, write_image, write_tiff


def test_a_slide_says_its_size_and_pixel_size(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", photometric="rgb")
    slide = open_slide(tmp_path / "a.tif")
    assert (slide.name, slide.width, slide.height) == ("a.tif", 400, 300)
    assert slide.base_mpp == pytest.approx(0.25)


def test_pixels_are_those_of_the_file_and_white_beyond_it(tmp_path: Path) -> None:
    pixels = write_tiff(tmp_path / "a.tif", photometric="rgb")
    slide = open_slide(tmp_path / "a.tif")
    assert np.array_equal(slide.read(Box(10, 20, 50, 60)), pixels[20:80, 10:60])
    window = slide.read(Box(-5, 290, 20, 30))
    assert window.shape == (30, 20, 3)
    assert np.array_equal(window[:10, 5:], pixels[290:, :15])
    assert (window[10:] == 255).all()
    assert (window[:, :5] == 255).all()
    assert (slide.read(Box(1000, 1000, 4, 3)) == 255).all()


def test_grey_becomes_three_channels(tmp_path: Path) -> None:
    grey = noise(400, 300)[:, :, 0]
    write_tiff(tmp_path / "a.tif", grey)
    found = open_slide(tmp_path / "a.tif").read(Box(0, 0, 30, 20))
    assert np.array_equal(found, np.repeat(grey[:20, :30, None], 3, axis=2))


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    pixels = np.dstack([noise(400, 300), np.zeros((300, 400), np.uint8)])
    pixels[:, :200, 3] = 255
    write_tiff(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    found = open_slide(tmp_path / "a.tif").read(Box(0, 0, 400, 300))
    assert np.array_equal(found[:, :200], pixels[:, :200, :3])
    assert (found[:, 200:] == 255).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_more_than_eight_bits_are_refused(tmp_path: Path, dtype: type) -> None:
    write_tiff(tmp_path / "a.tif", noise(400, 300).astype(dtype), photometric="rgb")
    with pytest.raises(PixelFormatError, match="convert it to 8 bits a channel"):
        open_slide(tmp_path / "a.tif")


def test_more_channels_than_a_colour_has_are_refused_when_the_slide_is_opened(
    tmp_path: Path,
) -> None:
    pixels = np.dstack([noise(400, 300), noise(400, 300)])[:, :, :5]
    write_tiff(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig="contig")
    with pytest.raises(PixelFormatError, match=r"5 channels.*; convert it to RGB of 8 bits"):
        open_slide(tmp_path / "a.tif")


@pytest.mark.parametrize("mpp", [None, 352.8, 0.001])
def test_a_slide_without_a_microscopes_pixel_size_is_refused_unless_it_is_given(
    tmp_path: Path, mpp: float | None
) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, mpp=mpp, photometric="rgb")
    with pytest.raises(ScaleError, match=r"'a.tif'.*give --mpp"):
        open_slide(path)
    assert open_slide(path, 0.5).base_mpp == 0.5


def test_a_printers_resolution_is_told_and_a_filler_is_none(tmp_path: Path) -> None:
    for dpi, said in ((72, "353 µm|352.8 µm"), (1, "has no resolution")):
        write_tiff(
            tmp_path / "a.tif",
            mpp=None,
            photometric="rgb",
            resolution=(dpi, dpi),
            resolutionunit="INCH",
        )
        with pytest.raises(ScaleError, match=said):
            open_slide(tmp_path / "a.tif")


def test_pixels_that_are_not_square_are_refused_unless_a_size_is_given(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_tiff(
        path,
        mpp=None,
        photometric="rgb",
        resolution=(40_000, 20_000),
        resolutionunit="CENTIMETER",
    )
    with pytest.raises(ScaleError, match="not square"):
        open_slide(path)
    assert open_slide(path, 0.5).base_mpp == 0.5


@pytest.mark.filterwarnings("ignore")
def test_a_tiff_whose_directory_is_broken_is_refused(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", photometric="rgb")
    content = bytearray((tmp_path / "a.tif").read_bytes())
    content[8:200] = b"\xff" * 192
    (tmp_path / "a.tif").write_bytes(bytes(content))
    with pytest.raises(SlideError):
        open_slide(tmp_path / "a.tif", 0.25)


def test_a_plain_image_needs_its_pixel_size(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg"):
        write_image(tmp_path / name, dpi=(300, 300))
        with pytest.raises(ScaleError, match=r"has no resolution; give --mpp"):
            open_slide(tmp_path / name)
        with pytest.raises(ScaleError, match="no resolution"):
            require_readable(tmp_path / name)


@pytest.mark.parametrize("mpp", [0.0, -1.0, float("nan"), float("inf")])
def test_a_pixel_size_that_is_none_is_refused(tmp_path: Path, mpp: float) -> None:
    write_image(tmp_path / "a.png")
    with pytest.raises(ScaleError, match="positive"):
        open_slide(tmp_path / "a.png", mpp)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_plain_images_of_every_eight_bit_mode_are_read(tmp_path: Path, mode: str) -> None:
    pixels = write_image(tmp_path / "a.png", mode=mode)
    found = open_slide(tmp_path / "a.png", 0.25).read(Box(0, 0, 60, 40))
    assert found.shape == (40, 60, 3)
    if mode in {"RGB", "RGBA"}:
        assert np.array_equal(found, pixels)


def test_a_plain_image_of_sixteen_bits_is_refused(tmp_path: Path) -> None:
    Image.fromarray(noise(60, 40)[:, :, 0].astype(np.uint16) * 256).save(tmp_path / "a.png")
    with pytest.raises(PixelFormatError, match="convert it to 8 bits"):
        open_slide(tmp_path / "a.png", 0.25)


def test_a_colour_profile_is_applied(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = write_image(tmp_path / "a.png", icc_profile=profile)
    found = open_slide(tmp_path / "a.png", 0.25).read(Box(0, 0, 60, 40))
    assert np.abs(found.astype(int) - pixels).max() <= 1
    broken = write_image(tmp_path / "b.png", icc_profile=b"nonsense" * 40)
    found = open_slide(tmp_path / "b.png", 0.25).read(Box(0, 0, 60, 40))
    assert np.array_equal(found, broken)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.svs"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SlideError, match=rf"{name}.*no such file"):
        open_slide(tmp_path / name, 0.25)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.svs"])
@pytest.mark.parametrize("content", [b"", b"this is no picture"])
def test_what_is_no_picture_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SlideError) as caught:
        open_slide(tmp_path / name, 0.25)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a-jpeg.tif"])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    if name.startswith("a-jpeg"):
        write_tiff(path, photometric="rgb", compression="jpeg")
    elif path.suffix == ".tif":
        write_tiff(path, photometric="rgb")
    else:
        write_image(path, noise(300, 200))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(SlideError):
        open_slide(path, 0.25).read(Box(0, 0, 300, 200))


def test_folders_give_their_slides_in_order_of_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.tif", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    found = slide_files([tmp_path, Path("elsewhere.svs")])
    assert [path.name for path in found] == ["a.tif", "b.png", "elsewhere.svs"]


def test_a_folder_without_slides_and_two_slides_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SlideError, match="holds no slide"):
        slide_files([tmp_path / "empty"])
    with pytest.raises(InputError, match=r"two inputs are called 'a.png'"):
        slide_files([Path("a.png"), Path("x/a.png")])


@pytest.mark.parametrize(("given", "told"), [(0.5, False), (0.505, False), (0.25, True)])
def test_a_given_pixel_size_goes_before_that_of_the_file_and_a_warning_tells(
    given: float, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    assert checked_mpp("s.svs", given, 0.5) == given
    assert ("s.svs" in caplog.text and "0.25" in caplog.text) == told


@pytest.mark.parametrize("compression", ["jpeg", "zlib"])
def test_a_tile_that_cannot_be_decoded_is_told_and_the_others_are_read(
    tmp_path: Path, compression: str
) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, photometric="rgb", compression=compression)
    slide = open_slide(path)
    whole = slide.read(Box(0, 0, 100, 100))
    break_tile(path, 5)
    slide = open_slide(path)
    for _ in range(2):
        with pytest.raises(SlideError, match=r"'a.tif' cannot be read at x 140, .*decoded"):
            slide.read(Box(140, 140, 50, 50))
        assert np.array_equal(slide.read(Box(0, 0, 100, 100)), whole)


def test_an_image_for_each_channel_is_refused_instead_of_reading_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    channels = noise(300, 200).transpose(2, 0, 1)[[0, 1, 2, 0]]
    tifffile.imwrite(path, channels, tile=(128, 128), metadata={"axes": "CYX"}, ome=True)
    with pytest.raises(SlideError, match="4 channels, an image each"):
        open_slide(path, 0.5)


def test_several_threads_read_what_one_reads(tmp_path: Path) -> None:
    pixels = write_tiff(tmp_path / "a.tif", noise(700, 600), photometric="rgb", compression="zlib")
    slide = open_slide(tmp_path / "a.tif")
    boxes = [Box(x, y, 90, 80) for y in range(0, 500, 60) for x in range(0, 600, 70)]
    with ThreadPoolExecutor(4) as threads:
        read = list(threads.map(slide.read, boxes))
    for box, found in zip(boxes, read, strict=True):
        assert np.array_equal(found, pixels[box.top : box.bottom, box.left : box.right])


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
def test_a_file_that_may_not_be_read_is_not_called_broken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image(tmp_path / "a.png")
    write_tiff(tmp_path / "a.tif", photometric="rgb")
    monkeypatch.setattr("plugin.slides.refusals.os.access", lambda *_: False)
    with pytest.raises(SlideError, match=rf"{name}' cannot be read: user \d+ is not permitted to"):
        open_slide(tmp_path / name, mpp=0.5)
    with pytest.raises(SlideError, match="grant it the right"):
        require_readable(tmp_path / name, mpp=0.5)
