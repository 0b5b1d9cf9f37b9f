"""DenseNet-169 of the Keras applications from a flat dump, whole but for its classifier.

https://github.com/aGoodCat/PACT-CUSNN publishes it, under Keras' names of layers:
https://github.com/keras-team/keras-applications/blob/master/keras_applications/densenet.py
"""

import re
from pathlib import Path

from torch import Tensor

from patherea_core.errors import InputError
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
    architecture="densenet169",
    options={},
    folded_norm=False,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    absent=("classifier",),
)
RELEASE = Release(
    sha256="d1e416ff225797b2d4993bd590b3ef4a72144bfe57d542a018388b95113fe354",
    origin=(
        "https://github.com/aGoodCat/PACT-CUSNN, commit 75c5f375e8486b7bad9b769b39efbb09322082f9,"
        " weights/densenet169; a dump of Keras' DenseNet-169"
    ),
    licence="none stated: for development and evaluation only, never to be shipped",
)

#: A layer of a dense block in Keras; its stages count from 2, and its first norm has the number 0.
_DENSE = re.compile(r"conv(?P<stage>[2-5])_block(?P<layer>\d+)_(?P<part>0_bn|[12]_conv|1_bn)")
_PARTS = {"0_bn": "norm1", "1_conv": "conv1", "1_bn": "norm2", "2_conv": "conv2"}
_TRANSITION = re.compile(r"pool(?P<stage>[2-4])_(?P<part>bn|conv)")
_OUTER = {"conv1_conv": "features.conv0", "conv1_bn": "features.norm0", "bn": "features.norm5"}


def read(source: Path) -> tuple[dict[str, Tensor], BackboneCard]:
    """Return the weights by timm's names, and their card.

    Raises:
        InputError: the file cannot be read, or is of another network.
    """
    filling = Filling(LAYOUT)
    for name, numbers in read_arrays(source).items():
        if name.endswith("bn"):  # flat weight, bias, mean and variance
            filling.set_norm(timm_name(name), numbers.reshape(4, -1))
        else:
            filling.set(f"{timm_name(name)}.weight", numbers)
    return filling.finished(), card_of(source, LAYOUT, RELEASE)


def timm_name(name: str) -> str:
    """Return what timm calls a layer of Keras' DenseNet.

    Raises:
        InputError: Keras has no such layer.
    """
    if name in _OUTER:
        return _OUTER[name]
    if found := _DENSE.fullmatch(name):
        stage = int(found["stage"]) - 1
        return f"features.denseblock{stage}.denselayer{found['layer']}.{_PARTS[found['part']]}"
    if found := _TRANSITION.fullmatch(name):
        part = "norm" if found["part"] == "bn" else "conv"
        return f"features.transition{int(found['stage']) - 1}.{part}"
    raise InputError(f"{name!r} is no layer of Keras' DenseNet; name another file")
