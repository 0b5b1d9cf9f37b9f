"""Slides of any size from a few pictures, and what a program takes that works on them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from patherea_core.errors import InputError
from patherea_core.geometry import Pixels
from plugin.slides.reader import open_slide
from tests.builders import noise, points, sample, write_dataset
from training.benchmarks import slides
from training.benchmarks.slides_composed import (
    STEP,
    Mosaic,
    dataset_pictures,
    field_pictures,
    mosaic,
    write_slide,
)
from training.benchmarks.slides_measured import Run, Usage, detection, looked_at, usage

#: A program that takes the words of ``patherea detect`` and writes what it would.
PROGRAM = """
import json, pathlib, sys
slide, out = sys.argv[2], pathlib.Path(sys.argv[4])
pathlib.Path(slide + ".times").open("a").write("1")
out.write_text("x,y\\n1,2\\n")
check = {"name": "tissue", "found": "1.5 mm², 9 % of the slide"}
record = {
    "slide": {"width": 4000, "height": 2000, "base_mpp": 0.5},
    "parameters": {"preflight": [check]},
    "timings": {"detection": 0.0},
    "counts": {"a": 2, "b": 3},
}
pathlib.Path(str(out) + ".run.json").write_text(json.dumps({"slides": [record]}))
"""


def pictures(count: int = 3, side: int = 64) -> Pixels:
    return np.stack([smooth(side, seed) for seed in range(count)])


def smooth(side: int, seed: int) -> Pixels:
    """Return colours that change slowly, which survive JPEG."""
    few = Image.fromarray(noise(4, 4, seed=seed))
    return np.asarray(few.resize((side, side), Image.Resampling.BICUBIC))


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "program.py").write_text(PROGRAM)
    return [sys.executable, str(tmp_path / "program.py")]


def whole(slide: Mosaic, level: int) -> Pixels:
    """Return all pixels of a level from a slide made in one piece."""
    shown = slide.levels[level]
    glass = np.full_like(shown[0], 243)
    rows = []
    for row in slide.places:
        turned = [np.rot90(shown[place // 8], place % 4) for place in row]
        turned = [
            picture.swapaxes(0, 1) if place % 8 >= 4 else picture
            for place, picture in zip(row, turned, strict=True)
        ]
        picked = [glass if place < 0 else part for place, part in zip(row, turned, strict=True)]
        rows.append(np.concatenate(picked, axis=1))
    height, width = slide.size(level)
    return np.concatenate(rows)[:height, :width]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_tiles_are_the_parts_of_the_whole(level: int) -> None:
    slide = mosaic(pictures(), (700, 600), 0.25)
    every, (height, width) = whole(slide, level), slide.size(level)
    for top in range(0, height, 256):
        for left in range(0, width, 256):
            part = every[top : top + 256, left : left + 256]
            tile = slide.tile(level, top, left)[: part.shape[0], : part.shape[1]]
            np.testing.assert_array_equal(tile, part)


def test_a_slide_has_tissue_and_glass_and_coarser_copies_of_itself() -> None:
    slide = mosaic(pictures(), (1500, 1000), 0.25)
    share = (slide.places >= 0).mean()
    assert 0.4 < share < 0.7
    fine, coarse = (whole(slide, level).astype(float) for level in (0, 1))
    height, width = (side // STEP for side in fine.shape[:2])
    squares = fine[: height * STEP, : width * STEP].reshape(height, STEP, width, STEP, 3)
    assert np.abs(squares.mean(axis=(1, 3)) - coarse[:height, :width]).max() <= 0.5


def test_slides_of_other_sizes_have_the_same_shape() -> None:
    small, large = (mosaic(pictures(), (side, side), 0.25).places >= 0 for side in (1280, 12800))
    assert (small == large[5::10, 5::10]).mean() > 0.9


def test_a_written_slide_is_the_one_that_was_made(tmp_path: Path) -> None:
    slide = mosaic(pictures(), (700, 600), 0.25)
    write_slide(slide, tmp_path / "slide.tif")
    with tifffile.TiffFile(tmp_path / "slide.tif") as file:
        assert len(file.pages) == len(slide.levels) == 4
        for level in (0, 1):
            read, made = file.pages[level].asarray(), whole(slide, level)
            assert read.shape == made.shape
            assert np.abs(read.astype(int) - made).mean() < 10
    opened = open_slide(tmp_path / "slide.tif")
    assert (opened.width, opened.height) == (700, 600)
    assert opened.base_mpp == pytest.approx(0.25)


def test_pictures_are_squares_that_can_be_reduced(tmp_path: Path) -> None:
    for name, size in (("a.png", (150, 200)), ("b.jpg", (170, 140))):
        Image.fromarray(noise(*size)).save(tmp_path / name)
    (tmp_path / "README.md").write_text("no picture")
    assert field_pictures(tmp_path).shape == (2, 128, 128, 3)
    (tmp_path / "a.png").unlink()
    (tmp_path / "b.jpg").unlink()
    with pytest.raises(InputError, match="at least 64 pixels"):
        field_pictures(tmp_path)


def test_pictures_of_a_dataset_are_resized_to_the_pixel_size(tmp_path: Path) -> None:
    samples = [sample(points((1.0, 1.0, 0)), name=f"s{row}", size=(80, 70)) for row in range(2)]
    manifest = write_dataset(tmp_path / "data", samples)
    assert dataset_pictures(tmp_path / "data", manifest.mpp / 2).shape == (2, 128, 128, 3)


def test_a_run_tells_what_the_program_took_and_found(tmp_path: Path, command: list[str]) -> None:
    run = detection(command, tmp_path / "a.tif", tmp_path / "a.csv", ())
    assert (run.pixels, run.cells, run.square_millimetres) == ((4000, 2000), 5, 1.5)
    assert run.bytes_written == 8
    assert run.usage.processor_seconds > 0
    assert 5 < run.usage.peak_mib < 100_000


def test_what_was_measured_is_not_measured_again_by_the_same_words(
    tmp_path: Path, command: list[str]
) -> None:
    def times(*options: str) -> int:
        detection(command, tmp_path / "a.tif", tmp_path / "a.csv", options)
        return len((tmp_path / "a.tif.times").read_text())

    assert [times(), times(), times("--everywhere"), times("--everywhere")] == [1, 1, 2, 2]


def test_a_run_that_was_stopped_is_measured_from_the_beginning(
    tmp_path: Path, command: list[str]
) -> None:
    journal = tmp_path / ".a.csv.0123.journal"
    journal.write_text("half of it")
    detection(command, tmp_path / "a.tif", tmp_path / "a.csv", ())
    assert not journal.exists()


def test_memory_that_a_program_takes_is_seen() -> None:
    size = 300
    words = [sys.executable, "-c", f"held = b'x' * {size << 20}"]
    assert size < usage(words).peak_mib


def test_a_program_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(InputError, match="ended with 3: no such slide"):
        usage([sys.executable, "-c", "import sys; sys.stderr.write('no such slide'); sys.exit(3)"])


def test_without_a_look_for_tissue_all_of_the_slide_counts() -> None:
    slide = {"width": 4000, "height": 2000, "base_mpp": 0.5}
    checks = [{"name": "pixel size", "found": "0.5 µm"}]
    assert looked_at({"slide": slide, "parameters": {"preflight": checks}}) == pytest.approx(2.0)


def test_the_table_tells_the_rest_of_the_time() -> None:
    used = Usage(("patherea",), 10.0, 20.0, 1234.4)
    run = Run(used, (1000, 2000), 4.0, 56, {"detection": 7.5, "writing": 0.5}, 7890)
    line = slides.table({"a.tif": run}).splitlines()[-1]
    assert line == (
        "| a.tif | 1,000 × 2,000 | 4 | 56 | 10.0 | 2.5 | 5 | 1,234 | 8"
        " | detection 75.0%, writing 5.0%, rest 20.0% |"
    )


def test_the_benchmark_runs_on_slides_fields_and_composed_ones(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "slides"
    given.mkdir()
    for name in ("b.svs", "README.md"):
        (given / name).write_text(name)
    fields = tmp_path / "ki67" / "images"
    fields.mkdir(parents=True)
    Image.fromarray(noise(70, 70)).save(fields / "a.png")
    write_dataset(tmp_path / "data", [sample(points((1.0, 1.0, 0)), size=(80, 70))])
    slides.main(
        [
            *("--work", str(tmp_path / "work"), "--slides", str(given), "--mpp", "b.svs=0.25"),
            *("--fields", str(fields), "--fields-side", "300", "--data", str(tmp_path / "data")),
            *(
                "--sides",
                "300,400",
                "--patherea",
                " ".join(command),
                "--",
                "--precision",
                "32-true",
            ),
        ]
    )
    lines = capsys.readouterr().out.splitlines()[2:]
    names = ["b.svs", "fields-ki67-300.tif", "composed-300.tif", "composed-400.tif"]
    assert [line.split(" | ")[0].strip("| ") for line in lines] == names
    words = [
        json.loads((tmp_path / "work" / f"{name}.csv.usage.json").read_text())["command"][-4:]
        for name in names[:2]
    ]
    assert words[0] == ["--mpp", "0.25", "--precision", "32-true"]
    assert "--mpp" not in words[1]
