"""What timm says of a model, without making its weights."""

from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import nn

from patherea_core.errors import InputError


def described(name: str, options: Mapping[str, object]) -> nn.Module:
    """Return the whole timm model of that name on the meta device: shapes, but no numbers.

    Raises:
        InputError: timm knows no such model, or it takes no such options.
    """
    if not timm.is_model(name):
        raise InputError(f"timm knows no model {name!r}; `timm.list_models()` lists them")
    try:
        with torch.device("meta"):
            model: Any = timm.create_model(name, pretrained=False, **options)
    except TypeError as error:
        raise InputError(f"{name!r} cannot be built with {dict(options)}: {error}") from error
    whole: nn.Module = model
    return whole
