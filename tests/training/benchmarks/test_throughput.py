"""The benchmark of detection: all forms work on the same slide, and ours finds what prediction finds."""

from pathlib import Path

import numpy as np
import pytest

from patherea_core import detect_cells, load_detector
from tests.builders import points, sample, write_dataset
from tests.plugin.bundles import write_model
from training.benchmarks import throughput
from training.benchmarks.throughput import make_scene, network_alone, ours, slide_pixels


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "m.safetensors")


def test_ours_is_detection_and_the_network_alone_sees_its_tiles(
    model: Path, tmp_path: Path
) -> None:
    detector = load_detector(model, "cpu")
    pixels = slide_pixels(224, None)
    scene = make_scene(detector, pixels, tmp_path)
    assert ours(scene) == ours(scene) == len(detect_cells(detector, pixels, 0.25))
    assert network_alone(scene) >= ours(scene)
    assert len(scene.windows) == len(scene.plan.batches)


def test_the_slide_shows_the_images_of_a_dataset(tmp_path: Path) -> None:
    samples = [sample(points((1.0, 1.0, 0)), name=f"s{row}", size=(48, 40)) for row in range(2)]
    write_dataset(tmp_path / "data", samples)
    pixels = slide_pixels(100, tmp_path / "data")
    np.testing.assert_array_equal(pixels[:40, :40], samples[0].pixels[:40, :40])
    np.testing.assert_array_equal(pixels[:40, 40:80], samples[1].pixels[:40, :40])


def test_the_table_says_how_the_forms_compare(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    throughput.main([str(model), "--side", "200", "--rounds", "1", "--clock", "cpu"])
    said = capsys.readouterr().out
    for words in ("| network alone |", "| ours |", "| as released |", "0.25 µm", "eager"):
        assert words in said
