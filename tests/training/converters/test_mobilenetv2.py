"""MobileNetV2 of TensorFlow Lite: timm computes what the file's own graph computes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from patherea_core.errors import InputError
from patherea_core.model.timm_models import created
from tests.training.converters.reference import Field, flatbuffer, run_network
from tests.training.importers.layouts import DATA, needs
from training.converters.mobilenetv2 import LAYOUT, convolutions, read
from training.converters.tflite import read_network

SOURCE = DATA / "backbones-imagenet" / "tf2_mobilenet_v2_1.0_224_ptq.tflite"
ORIGIN = "https://github.com/google-coral/test_data"


@needs("backbones-imagenet", ORIGIN)
@pytest.mark.parametrize("shape", [(64, 64), (70, 45)], ids=str)
def test_timm_computes_what_the_graph_of_the_file_computes(shape: tuple[int, int]) -> None:
    state, card = read(SOURCE)
    image = np.random.default_rng(0).uniform(-1, 1, size=(*shape, 3))
    # Smooth, so that padding at the border matters.
    image = np.cumsum(np.cumsum(image, axis=0), axis=1)
    image /= np.abs(image).max()
    expected = run_network(read_network(SOURCE), image)[-1][1:]
    given = torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None]

    def logits(**options: bool | float | str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        network = created(card.architecture, options).eval()
        network.load_state_dict(state)
        with torch.inference_mode():
            return np.asarray(network(given)[0].numpy())

    scale = np.abs(expected).max()
    np.testing.assert_allclose(logits(**LAYOUT.options), expected, atol=1e-4 * scale)
    assert np.abs(logits() - expected).max() > 0.05 * scale  # other padding, other features


@needs("backbones-imagenet", ORIGIN)
@pytest.mark.parametrize(("photograph", "class_index"), [("chelsea", 285), ("coffee", 967)])
def test_a_photograph_is_what_it_shows(photograph: str, class_index: int) -> None:
    photographs = pytest.importorskip("skimage.data", reason="pip install scikit-image")
    pixels = Image.fromarray(getattr(photographs, photograph)())
    side = min(pixels.size)
    left, top = ((length - side) // 2 for length in pixels.size)
    square = pixels.crop((left, top, left + side, top + side)).resize((224, 224))
    given = torch.from_numpy(np.array(square)).permute(2, 0, 1)[None] / 255
    state, card = read(SOURCE)
    network = created(card.architecture, card.backbone_options).eval()
    network.load_state_dict(state)
    mean, std = (torch.tensor(row).reshape(1, 3, 1, 1) for row in (card.mean, card.std))
    with torch.inference_mode():
        assert int(network((given - mean) / std).argmax()) == class_index


@needs("backbones-imagenet", ORIGIN)
def test_the_published_file_is_known_again() -> None:
    _, card = read(SOURCE)
    assert card.licence == "Apache-2.0"
    assert card.origin.startswith(ORIGIN)


def two_convolutions() -> dict[int, Field]:
    """Return the tables of a network of an ordinary and a depthwise convolution, in this order."""
    weight = np.arange(-12, 12, dtype=np.int8)  # (4, 1, 2, 3)
    depthwise = np.arange(8, dtype=np.int8)  # (1, 2, 1, 4)
    bias = np.arange(4, dtype=np.int32)

    def tensor(buffer: int, shape: list[int], kind: int, axis: int) -> dict[int, Field]:
        scale = np.array([0.5, 1, 2, 4], np.float32)
        quantisation: dict[int, Field] = {2: scale, 3: np.zeros(4, np.int64), 6: ("i", axis)}
        return {0: np.array(shape, np.int32), 1: ("b", kind), 2: ("I", buffer), 4: quantisation}

    activation: dict[int, Field] = {0: np.array([1], np.int32), 2: ("I", 0), 4: {}}
    tensors = [
        activation,
        tensor(1, [4, 1, 2, 3], 9, 0),
        tensor(2, [4], 2, 0),
        tensor(3, [1, 2, 1, 4], 9, 3),
    ]
    steps: list[dict[int, Field]] = [
        {0: ("I", code), 1: np.array(inputs, np.int32), 2: np.array([0], np.int32)}
        for code, inputs in ((0, [0, 1, 2]), (1, [0, 3, 2]))
    ]
    return {
        1: [{0: ("b", 3)}, {0: ("b", 4), 3: ("i", 4)}],
        2: [{0: tensors, 3: steps}],
        4: [
            {},
            {0: weight.view(np.uint8)},
            {0: bias.view(np.uint8)},
            {0: depthwise.view(np.uint8)},
        ],
    }


def test_weights_are_scaled_by_channel_and_turned_to_channels_first(tmp_path: Path) -> None:
    source = tmp_path / "small.tflite"
    source.write_bytes(flatbuffer(b"TFL3", two_convolutions()))
    (ordinary, bias), (depthwise, _) = convolutions(read_network(source))
    scale = np.array([0.5, 1, 2, 4])
    stored = np.arange(-12, 12).reshape(4, 1, 2, 3) * scale.reshape(4, 1, 1, 1)
    np.testing.assert_array_equal(ordinary, stored.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(bias, np.arange(4) * scale)
    stored = np.arange(8).reshape(1, 2, 1, 4) * scale
    np.testing.assert_array_equal(depthwise, stored.transpose(3, 0, 1, 2))


def test_another_network_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "small.tflite"
    source.write_bytes(flatbuffer(b"TFL3", two_convolutions()))
    with pytest.raises(InputError, match="has 2 convolutions, MobileNetV2 53"):
        read(source)


def test_a_file_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    whole = flatbuffer(b"TFL3", two_convolutions())
    source = tmp_path / "cut.tflite"
    for length in range(0, len(whole), 7):
        source.write_bytes(whole[:length])
        with pytest.raises(InputError):
            list(convolutions(read_network(source)))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "other.tflite"
    source.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match="does not begin as a TFL3 file"):
        read(source)
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "nowhere.tflite")
