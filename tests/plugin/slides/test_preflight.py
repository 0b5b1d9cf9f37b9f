"""What is found of a slide before work: each trouble by itself, and none where there is none."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from patherea_core.bundle_card import BundleCard, ClassCard, ColourStatistics
from patherea_core.config import Recipe
from patherea_core.geometry import Pixels
from patherea_core.slides import ArraySlide
from plugin.slides.check import Check, Verdict
from plugin.slides.preflight import Preflight, examine, preflight
from tests.builders import noise
from tests.plugin.slide_files import break_tile, write_image, write_tiff

CARD = BundleCard(
    recipe=Recipe(),
    classes=(ClassCard(name="cell", color="#123456"),),
    mpp=0.5,
    score_threshold=0.5,
    parameters=1,
    seed=0,
    provenance={},
    metrics={},
    weights_sha256="0" * 64,
    stain="H&E",
)
GLASS = (243, 242, 240)


def tissue(side: int = 700, colour: tuple[int, int, int] = (205, 140, 185)) -> Pixels:
    """Return glass with a piece of tissue with dark nuclei on it, in pixels of 0.5 µm."""
    pixels = np.full((side, side, 3), GLASS, dtype=np.uint8)
    inner = pixels[100 : side - 100, 100 : side - 100]
    inner[:] = colour
    spots = np.random.default_rng(0).random(inner.shape[:2]) < 0.004
    inner[ndimage.binary_dilation(spots, iterations=4)] = (95, 70, 140)
    return pixels


def named(checks: tuple[Check, ...], name: str) -> Check:
    (found,) = [check for check in checks if check.name == name]
    return found


def examined(path: Path, mpp: float | None = None) -> Preflight:
    return examine(path, mpp, CARD)


def test_a_good_slide_passes_everything(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", tissue(), mpp=0.5, photometric="rgb")
    found = examined(tmp_path / "a.tif")
    assert [str(check) for check in found.checks if check.verdict is not Verdict.PASS] == []
    assert "looks like H&E" in named(found.checks, "stain").found
    assert "mm²" in named(found.checks, "tissue").found
    assert not any(check.fix for check in found.checks)


def test_whatever_does_not_pass_says_how_to_mend_it(tmp_path: Path) -> None:
    write_tiff(tmp_path / "no size.tif", mpp=None, photometric="rgb")
    write_tiff(tmp_path / "deep.tif", noise(400, 300).astype(np.uint16), photometric="rgb")
    write_tiff(tmp_path / "short.tif", photometric="rgb")
    content = (tmp_path / "short.tif").read_bytes()
    (tmp_path / "short.tif").write_bytes(content[: len(content) // 2])
    (tmp_path / "words.svs").write_text("words")
    (tmp_path / "empty.svs").write_bytes(b"")
    names = {
        "no size.tif": ("pixel size", "has no resolution"),
        "deep.tif": ("channels", "pixels of type uint16"),
        "short.tif": ("file", "cut short"),
        "words.svs": ("file", "is no slide or image that can be read"),
        "empty.svs": ("file", "is empty"),
        "missing.svs": ("file", "no such file"),
    }
    for file, (name, reason) in names.items():
        found = examined(tmp_path / file)
        assert found.count(Verdict.FAIL) == 1
        check = named(found.checks, name)
        assert check.verdict is Verdict.FAIL
        assert reason in check.found
        assert check.fix
        assert "tilesource" not in check.found
    assert named(examined(tmp_path / "missing.svs").checks, "file").fix == "check its path"


@pytest.mark.parametrize(
    ("mpp", "verdict"),
    [(0.5, Verdict.PASS), (0.25, Verdict.PASS), (0.1, Verdict.WARN), (5.0, Verdict.FAIL)],
)
def test_the_pixel_size_is_held_against_the_models(mpp: float, verdict: Verdict) -> None:
    found = preflight(ArraySlide("s", mpp, tissue(300)), CARD)
    assert named(found, "pixel size").verdict is verdict
    assert named(preflight(ArraySlide("s", mpp, tissue(300))), "pixel size").verdict is Verdict.PASS


def test_a_blurred_slide_is_warned_of() -> None:
    sharp = tissue()
    blurred = ndimage.gaussian_filter(sharp, (4, 4, 0))
    assert named(preflight(ArraySlide("s", 0.5, sharp), CARD), "focus").verdict is Verdict.PASS
    assert named(preflight(ArraySlide("s", 0.5, blurred), CARD), "focus").verdict is Verdict.WARN


def test_another_stain_than_the_models_is_warned_of() -> None:
    brown = tissue(colour=(190, 150, 110))
    found = named(preflight(ArraySlide("s", 0.5, brown), CARD), "stain")
    assert found.verdict is Verdict.WARN
    assert "looks like H-DAB" in found.found
    other = CARD.model_copy(update={"stain": "PAS"})
    assert named(preflight(ArraySlide("s", 0.5, brown), other), "stain").verdict is Verdict.PASS


def test_colours_are_held_against_those_of_the_training() -> None:
    slide = ArraySlide("s", 0.5, tissue())
    assert "nothing of colours" in named(preflight(slide, CARD), "colours").found
    for green, verdict in ((0.46, Verdict.PASS), (0.30, Verdict.WARN)):
        colours = ColourStatistics(mean=(0.5, 0.28, green), spread=(0.2, 0.03, 0.03), tiles=9)
        card = CARD.model_copy(update={"colours": colours})
        assert named(preflight(slide, card), "colours").verdict is verdict


def test_no_tissue_is_a_warning_and_no_failure() -> None:
    empty = ArraySlide("s", 0.5, np.full((300, 300, 3), GLASS, dtype=np.uint8))
    assert named(preflight(empty, CARD), "tissue").verdict is Verdict.WARN


def test_a_tile_that_cannot_be_decoded_is_warned_of_and_all_of_them_fail(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, tissue(), mpp=0.5, photometric="rgb", compression="jpeg")
    break_tile(path, 14)
    found = examined(path)
    assert found.count(Verdict.FAIL) == 0
    check = named(found.checks, "pixels")
    assert check.verdict is Verdict.WARN
    assert "of 12 places cannot be read" in check.found
    assert "cannot be decoded" in check.found
    assert "cells there will be missing" in check.fix
    assert named(found.checks, "tissue").verdict is Verdict.WARN  # there is no overview
    for number in range(36):
        break_tile(path, number)
    check = named(examined(path).checks, "pixels")
    assert check.verdict is Verdict.FAIL
    assert "12 of 12 places" in check.found


def test_pixels_that_are_not_square_are_warned_of_if_a_size_is_given(tmp_path: Path) -> None:
    resolution = {"resolution": (20_000, 10_000), "resolutionunit": "CENTIMETER"}
    write_tiff(tmp_path / "a.tif", tissue(), mpp=None, photometric="rgb", **resolution)
    found = examined(tmp_path / "a.tif", 0.5)
    assert named(found.checks, "pixel shape").verdict is Verdict.WARN


def test_a_plain_image_is_examined_too(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", tissue())
    assert examined(tmp_path / "a.png", 0.5).count(Verdict.FAIL) == 0
    shutil.copy(tmp_path / "a.png", tmp_path / "b.png")
    assert examined(tmp_path / "b.png").count(Verdict.FAIL) == 1
