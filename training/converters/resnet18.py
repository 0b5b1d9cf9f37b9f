"""ResNet-18 of torchvision up to its third stage, with folded batch normalisation.

https://github.com/shiyegao/CudaResnet18 publishes it. A convolution there has a bias, and no norm.
"""

from pathlib import Path

from torch import Tensor

from patherea_core.model.weight_files import BackboneCard
from training.converters.published import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Filling,
    Layout,
    Release,
    card_of,
    read_arrays,
)

LAYOUT = Layout(
    architecture="resnet18",
    options={},
    folded_norm=True,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    absent=("layer4", "fc"),
)
RELEASE = Release(
    sha256="019c21384df47e136b532cb42027ac7ffa4ec1f9673a2e6c77e57c1c265b712d",
    origin=(
        "https://github.com/shiyegao/CudaResnet18, commit 85b5947966eba80da43a2341a0968a80797a5019,"
        " weights; a dump of torchvision's ResNet-18"
    ),
    licence="none stated: for development and evaluation only, never to be shipped",
)


def read(source: Path) -> tuple[dict[str, Tensor], BackboneCard]:
    """Return the weights by timm's names, and their card.

    Raises:
        InputError: the file cannot be read, or is of another network.
    """
    filling = Filling(LAYOUT)
    for name, numbers in read_arrays(source).items():
        convolution, _, part = name.rpartition(".")
        if part == "bias":
            filling.set_folded(_norm_of(convolution), numbers)
        else:
            filling.set(name, numbers)
    return filling.finished(), card_of(source, LAYOUT, RELEASE)


def _norm_of(convolution: str) -> str:
    """Return the name of the norm that follows a convolution."""
    if convolution.endswith("downsample.0"):
        return f"{convolution[:-1]}1"
    return convolution.replace("conv", "bn")
