"""ResNet-18 with folded norms: the features are those of convolutions with a bias."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from patherea_core.errors import InputError
from patherea_core.model.timm_models import created
from tests.training.converters.reference import Numbers, convolved, pooled
from tests.training.importers.layouts import DATA, needs
from training.converters.published import read_arrays
from training.converters.resnet18 import LAYOUT, read

SOURCE = DATA / "backbones-imagenet" / "resnet18_bnfolded_to_layer3.npz"


def random_arrays() -> Iterator[tuple[str, Numbers]]:
    """Yield what such a file holds, with random numbers that keep activations of one size."""
    generator = np.random.default_rng(0)
    for name, module in LAYOUT.model().named_modules():
        if isinstance(module, nn.Conv2d) and not name.startswith("layer4"):
            shape = tuple(module.weight.shape)
            scale = np.sqrt(1 / np.prod(shape[1:]))
            yield f"{name}.weight", (generator.normal(size=shape) * scale).astype(np.float16)
            yield f"{name}.bias", generator.normal(size=shape[0]).astype(np.float32)


def literal(arrays: Mapping[str, npt.NDArray[np.generic]], image: Numbers) -> Numbers:
    """Return the (256, H / 16, W / 16) features of convolutions with a bias."""

    def layer(name: str, given: Numbers, stride: int = 1) -> Numbers:
        bias = arrays[f"{name}.bias"].astype(np.float64).reshape(-1, 1, 1)
        return convolved(given, arrays[f"{name}.weight"].astype(np.float64), stride) + bias

    features = pooled(np.maximum(layer("conv1", image, 2), 0))
    for stage in (1, 2, 3):
        for block in (0, 1):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and not block else 1
            inner = np.maximum(layer(f"{name}.conv1", features, stride), 0)
            beside = layer(f"{name}.downsample.0", features, stride) if stride == 2 else features
            features = np.maximum(layer(f"{name}.conv2", inner) + beside, 0)
    return features


def assert_same_features(source: Path) -> None:
    state, card = read(source)
    assert card.folded_norm
    network = created(LAYOUT.architecture, {}).eval()
    network.load_state_dict(state, strict=False)
    image = np.random.default_rng(1).normal(size=(3, 32, 48)).astype(np.float32)
    expected = literal(read_arrays(source), image.astype(np.float64))
    seen: list[torch.Tensor] = []
    network.get_submodule("layer3").register_forward_hook(lambda _a, _b, maps: seen.append(maps))
    with torch.inference_mode():
        network(torch.from_numpy(image)[None])
    np.testing.assert_allclose(seen[0][0].numpy(), expected, atol=1e-4 * expected.max())


def test_features_are_those_of_convolutions_with_a_bias(tmp_path: Path) -> None:
    source = tmp_path / "weights.npz"
    np.savez(source, **dict(random_arrays()))  # type: ignore[arg-type]  # arrays by name
    assert_same_features(source)


@needs("backbones-imagenet", "https://github.com/shiyegao/CudaResnet18")
def test_features_of_the_published_file_are_its_own() -> None:
    assert_same_features(SOURCE)


def test_a_file_that_lacks_a_convolution_is_refused(tmp_path: Path) -> None:
    arrays = dict(random_arrays())
    del arrays["layer3.1.conv2.bias"]
    np.savez(tmp_path / "weights.npz", **arrays)  # type: ignore[arg-type]  # arrays by name
    with pytest.raises(InputError, match=r"lacks 4 tensors of resnet18: layer3\.1\.bn2\.weight"):
        read(tmp_path / "weights.npz")
