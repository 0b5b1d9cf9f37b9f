"""The published files that can be converted, by name; their modules are loaded when they are asked for."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from torch import Tensor

from patherea_core.errors import InputError
from patherea_core.model.weight_files import BackboneCard

#: Modules that hold ``read(source) -> (weights by timm's names, card)``, by the names that people type.
CONVERTERS: Mapping[str, str] = MappingProxyType(
    {
        "densenet169": "training.converters.densenet169",
        "hibou-b": "training.converters.hibou",
        "mobilenetv2": "training.converters.mobilenetv2",
        "resnet18": "training.converters.resnet18",
    }
)


def read_weights(name: str, source: Path) -> tuple[dict[str, Tensor], BackboneCard]:
    """Return the weights of a published file by timm's names, and their card.

    Args:
        name: a name in CONVERTERS; capitals, hyphens and underscores do not matter.
        source: the published file.

    Raises:
        InputError: there is no such converter, or the file cannot be used.
    """
    by_plain_name = {_plain(known): module for known, module in CONVERTERS.items()}
    if _plain(name) not in by_plain_name:
        raise InputError(f"no converter is called {name!r}; choose from {', '.join(CONVERTERS)}")
    module = importlib.import_module(by_plain_name[_plain(name)])
    weights: tuple[dict[str, Tensor], BackboneCard] = module.read(source)
    return weights


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
