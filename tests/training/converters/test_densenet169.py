"""DenseNet-169 of Keras: each layer finds its place in timm, and the features are those of the file."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.model.timm_models import created
from tests.training.converters.reference import Numbers, convolved, pooled
from tests.training.importers.layouts import DATA, needs
from training.converters.densenet169 import LAYOUT, read, timm_name
from training.converters.published import read_arrays

SOURCE = DATA / "backbones-imagenet" / "densenet169_keras_imagenet_flat.npz"
ORIGIN = "https://github.com/aGoodCat/PACT-CUSNN"


def keras_layers() -> Iterator[str]:
    yield from ("conv1_conv", "conv1_bn", "bn")
    for stage, layers in enumerate((6, 12, 32, 32), 2):
        for layer in range(1, layers + 1):
            for part in ("0_bn", "1_conv", "1_bn", "2_conv"):
                yield f"conv{stage}_block{layer}_{part}"
        if stage < 5:
            yield from (f"pool{stage}_bn", f"pool{stage}_conv")


def test_every_layer_of_keras_is_one_of_timm_and_none_is_left() -> None:
    names = [timm_name(name) for name in keras_layers()]
    layers = {
        name
        for name, module in LAYOUT.model().named_modules()
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d)
    }
    assert len(names) == len(set(names)) == 338 - 1
    assert set(names) == layers


@pytest.mark.parametrize("name", ["conv6_block1_0_bn", "conv2_block1_0_conv", "pool5_bn", "fc"])
def test_a_layer_that_keras_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no layer of Keras' DenseNet"):
        timm_name(name)


def tissue(side: int, count: int = 1) -> Tensor:
    """Return (count, 3, side, side) normalised pixels."""
    folder = DATA / "brca-m2c" / "images"
    pixels = [
        np.asarray(Image.open(path).convert("RGB").crop((0, 0, side, side)))
        for path in sorted(folder.glob("*.png"))[:count]
    ]
    mean, std = (torch.tensor(row).reshape(1, 3, 1, 1) for row in (LAYOUT.mean, LAYOUT.std))
    return (torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2) / 255 - mean) / std


@needs("backbones-imagenet", ORIGIN)
@needs("brca-m2c", "BRCA-M2C")
def test_the_first_layers_do_what_the_file_says() -> None:
    arrays = {name: array.astype(np.float64) for name, array in read_arrays(SOURCE).items()}

    def normed(given: Numbers, name: str) -> Numbers:
        weight, bias, mean, variance = (
            row.reshape(-1, 1, 1) for row in arrays[name].reshape(4, -1)
        )
        return np.maximum((given - mean) / np.sqrt(variance + 1.001e-5) * weight + bias, 0)

    images = tissue(48)
    stem = convolved(images[0].double().numpy(), arrays["conv1_conv"].reshape(64, 3, 7, 7), 2)
    stem = pooled(normed(stem, "conv1_bn"))
    inner = convolved(
        normed(stem, "conv2_block1_0_bn"), arrays["conv2_block1_1_conv"].reshape(128, 64, 1, 1), 1
    )
    grown = convolved(
        normed(inner, "conv2_block1_1_bn"), arrays["conv2_block1_2_conv"].reshape(32, 128, 3, 3), 1
    )
    state, _ = read(SOURCE)
    network = created(LAYOUT.architecture, {}).eval()
    network.load_state_dict(state, strict=False)
    seen: list[Tensor] = []
    first: nn.Module = network.get_submodule("features.denseblock1.denselayer1")
    first.register_forward_hook(lambda _layer, _given, result: seen.append(result))
    with torch.inference_mode():
        network(images)
    np.testing.assert_allclose(seen[0][0].numpy(), grown, atol=1e-3 * np.abs(grown).max())


@needs("backbones-imagenet", ORIGIN)
@needs("brca-m2c", "BRCA-M2C")
@pytest.mark.slow
def test_tissue_has_the_statistics_that_the_norms_remember_unless_channels_are_mixed_up() -> None:
    state, _ = read(SOURCE)
    images = tissue(160, count=4)
    mean, variance = normalised_statistics(state, images)
    assert mean.max() < 1.5
    assert 0.2 < variance.min() < variance.max() < 2
    generator = torch.Generator().manual_seed(0)
    for name in [name for name in state if name.endswith("running_mean")]:
        order = torch.randperm(len(state[name]), generator=generator)
        for part in ("weight", "bias", "running_mean", "running_var"):
            tensor = name.replace("running_mean", part)
            state[tensor] = state[tensor][order]
    mean, variance = normalised_statistics(state, images)
    assert mean.max() > 10
    assert variance.max() > 20


def normalised_statistics(state: Mapping[str, Tensor], images: Tensor) -> tuple[Numbers, Numbers]:
    """Return for each norm the middle of its channels' absolute mean and of their variance.

    Both are of what the norm gives before its weight and bias: near 0 and 1 where it was trained.
    """
    network = created(LAYOUT.architecture, {}).eval()
    network.load_state_dict(state, strict=False)
    middles: list[tuple[float, float]] = []

    def look(norm: nn.BatchNorm2d, given: tuple[Tensor]) -> None:
        values = given[0].transpose(0, 1).flatten(1)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        variance = norm.running_var + norm.eps
        mean = (values.mean(1) - norm.running_mean) / variance.sqrt()
        middles.append((float(mean.abs().median()), float((values.var(1) / variance).median())))

    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(look)
    with torch.inference_mode():
        network(images)
    means, variances = np.array(middles).T
    return means, variances
