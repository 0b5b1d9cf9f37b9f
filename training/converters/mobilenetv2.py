"""MobileNetV2 1.0 of TensorFlow from a quantised TensorFlow Lite file with folded batch normalisation.

https://github.com/google-coral/test_data publishes it. The tensors' names there are of other layers,
so that only the order of execution says which convolution is which.
"""

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.model.weight_files import BackboneCard
from training.converters.published import Filling, Layout, Numbers, Release, card_of
from training.converters.tflite import QuantisedNetwork, read_network

#: The preprocessing is RGB / 127.5 − 1. TensorFlow pads strided convolutions on the right and below alone.
LAYOUT = Layout(
    architecture="mobilenetv2_100",
    options={"pad_type": "same"},
    folded_norm=True,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    absent=(),
)
RELEASE = Release(
    sha256="5d3137241276e79c86d14a74fe43581398ae0e815191d3dba45495b810840e8c",
    origin=(
        "https://github.com/google-coral/test_data, commit 104342d2d3480b3e66203073dac24f4e2dbb4c41,"
        " tf2_mobilenet_v2_1.0_224_ptq.tflite"
    ),
    licence="Apache-2.0",
)

#: Numbers of the schema's ``BuiltinOperator``.
CONVOLUTION, DEPTHWISE = 3, 4


def read(source: Path) -> tuple[dict[str, Tensor], BackboneCard]:
    """Return the weights by timm's names, and their card.

    Raises:
        InputError: the file cannot be read, or is of another network.
    """
    stored = list(convolutions(read_network(source)))
    places = [*_places(LAYOUT.model()), ("classifier", None)]
    if len(stored) != len(places):
        raise InputError(
            f"{source} has {len(stored)} convolutions, MobileNetV2 {len(places)}; name another file"
        )
    filling = Filling(LAYOUT)
    for (convolution, norm), (weight, bias) in zip(places, stored, strict=True):
        if norm is None:  # the first of TensorFlow's 1001 classes is the background
            filling.set(f"{convolution}.weight", weight[1:, :, 0, 0])
            filling.set(f"{convolution}.bias", bias[1:])
        else:
            filling.set(f"{convolution}.weight", weight)
            filling.set_folded(norm, bias)
    return filling.finished(), card_of(source, LAYOUT, RELEASE)


def convolutions(network: QuantisedNetwork) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield (C_out, C_in, height, width) weights and (C_out,) bias in the order of execution."""
    for step in network.steps:
        if step.operator not in {CONVOLUTION, DEPTHWISE}:
            continue
        weight, bias = (network.tensors[row].values() for row in step.inputs[1:3])
        # Depthwise weights are stored as 1 × height × width × C, others with C_out first.
        axes = (3, 0, 1, 2) if step.operator == DEPTHWISE else (0, 3, 1, 2)
        yield weight.transpose(axes), bias


def _places(model: nn.Module) -> Iterator[tuple[str, str | None]]:
    """Yield the names of each convolution and of its norm; timm's modules stand in order of execution."""
    convolution = ""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            convolution = name
        elif isinstance(module, nn.BatchNorm2d):
            yield convolution, name
