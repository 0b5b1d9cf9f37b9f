"""A TIFF as a file: none of its end may be missing, and its resolution is told, plausible or not."""

from pathlib import Path

import pytest
import tifffile

from patherea_core.errors import SlideError
from plugin.slides.tiff_file import require_whole, said_mpp
from tests.builders import noise
from tests.plugin.slide_files import write_tiff


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("kept", [0, 1, 40])
def test_a_tiff_of_which_later_images_are_gone_is_cut_short(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kept: int, bigtiff: bool
) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as file:
        for side in (300, 150):
            file.write(noise(side, side), photometric="rgb")
    require_whole(path)
    with tifffile.TiffFile(path) as written:
        second = written.pages[1].offset
        first_ends = written.pages[0].dataoffsets[-1] + written.pages[0].databytecounts[-1]
    assert first_ends <= second
    path.write_bytes(path.read_bytes()[: second + kept])
    with pytest.raises(SlideError, match=r"'a\.tif' is cut short; fetch the file again"):
        require_whole(path)
    assert capfd.readouterr().err == ""


def test_what_is_no_tiff_is_left_to_others(tmp_path: Path) -> None:
    for content in (b"", b"words"):
        (tmp_path / "a.tif").write_bytes(content)
        require_whole(tmp_path / "a.tif")
        assert said_mpp(tmp_path / "a.tif") is None


def test_a_tiff_that_ends_in_its_first_bytes_is_refused(tmp_path: Path) -> None:
    for kept in (3, 7):
        write_tiff(tmp_path / "a.tif", photometric="rgb")
        (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:kept])
        with pytest.raises(SlideError, match="fetch the file again"):
            require_whole(tmp_path / "a.tif")


@pytest.mark.parametrize("mpp", [0.25, 352.8])
def test_the_resolution_is_what_was_written(tmp_path: Path, mpp: float) -> None:
    write_tiff(tmp_path / "a.tif", mpp=mpp, photometric="rgb")
    assert said_mpp(tmp_path / "a.tif") == pytest.approx(mpp, rel=1e-3)
