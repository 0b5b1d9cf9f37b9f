"""timm's models by name: what is known of them without their weights, and how they are built.

A foundation model goes by its own name, which stands for a timm model and its options.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import timm
import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN as IMAGENET_MEAN
from timm.data.constants import IMAGENET_DEFAULT_STD as IMAGENET_STD
from torch import nn

from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import FOUNDATIONS, known_foundation

#: Arguments of timm that a recipe may not set: they read files, or this program sets them itself.
_RESERVED = frozenset(
    {
        *("cache_dir", "checkpoint_path", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay"),
        *("features_only", "out_indices", "feature_cfg", "feature_cls", "in_chans", "num_classes"),
        *("global_pool", "dynamic_img_pad", "dynamic_img_size", "patch_drop_rate"),
    }
)

#: What timm's models raise for arguments that they cannot be built with.
_REFUSALS = (TypeError, ValueError, AssertionError, KeyError, RuntimeError, ZeroDivisionError)

Colour = tuple[float, float, float]


def described(name: str, options: Mapping[str, Any], **settings: Any) -> nn.Module:  # noqa: ANN401  timm's
    """Return the timm model of that name on the meta device: shapes, but no numbers.

    Raises:
        InputError: timm knows no such model, or it takes no such options.
    """
    with torch.device("meta"):
        return created(name, options, **settings)


def created(name: str, options: Mapping[str, Any], **settings: Any) -> nn.Module:  # noqa: ANN401  timm's
    """Return the timm model of that name with random weights.

    Args:
        name: what timm calls it.
        options: further arguments, from a recipe.
        settings: further arguments, from this program.

    Raises:
        InputError: timm knows no such model, or it takes no such options.
    """
    require_known(name)
    architecture, options = published_form(name, options)
    reserved = sorted(_RESERVED & options.keys())
    if reserved:
        raise InputError(
            f"the options of a backbone may not set {', '.join(reserved)}; leave that to the program"
        )
    try:
        model: Any = timm.create_model(architecture, pretrained=False, **options, **settings)
    except _REFUSALS as error:
        said = f"with the options {dict(options)}" if options else "as it is asked for"
        raise InputError(f"{name!r} cannot be built {said}: {error}") from error
    built: nn.Module = model
    return built


def published_form(name: str, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the timm model that a name stands for, and its arguments.

    Raises:
        InputError: the arguments would make another network of a foundation model.
    """
    foundation = known_foundation(name)
    if foundation is None:
        return name, dict(options)
    fixed = foundation.options
    changed = [option for option, value in fixed.items() if options.get(option, value) != value]
    if changed:
        raise InputError(
            f"{name} is published with {', '.join(f'{one} {fixed[one]}' for one in changed)}; leave that out"
            " of network.backbone_options"
        )
    return foundation.architecture, {**fixed, **options}


def require_known(name: str, setting: str = "network.backbone") -> None:
    """Raise InputError if there is neither a model of timm of that name and tag nor a foundation model.

    Args:
        name: what timm calls it.
        setting: where a person says so, for the message.
    """
    if known_foundation(name) is not None:
        return
    if not timm.is_model(name):
        near = get_close_matches(name, [*timm.list_models(), *FOUNDATIONS], n=3)
        raise InputError(
            f"{setting}: timm knows no model {name!r}; "
            + (f"{' or '.join(near)} is near" if near else "`timm.list_models()` lists them")
        )
    try:
        timm.get_pretrained_cfg(name)
    except RuntimeError as error:
        raise InputError(f"{setting}: {_known_tags(name)}") from error


def _known_tags(name: str) -> str:
    """Return which weights timm knows of a model, for whoever named others of it."""
    architecture, dot, tag = name.partition(".")
    tagged = timm.list_models(f"{architecture}.*", pretrained=True)
    named = f"name {' or '.join(tagged)}, or leave" if tagged else "leave"
    return f"timm's {architecture} has no weights of the tag {tag!r}; {named} {dot}{tag} out"


def family(name: str) -> str:
    """Return the name of timm's module that has a model, say "convnext"; empty if there is none."""
    name, _ = published_form(name, {})
    return timm.model_entrypoint(name).__module__.rpartition(".")[2] if timm.is_model(name) else ""


def input_statistics(name: str) -> tuple[Colour, Colour]:
    """Return the mean and the standard deviation of the colours, in [0, 1], that a model expects.

    Raises:
        InputError: timm knows no weights of that tag.
    """
    if foundation := known_foundation(name):
        return foundation.mean, foundation.std
    try:
        settings: Any = timm.get_pretrained_cfg(name)
    except RuntimeError as error:
        raise InputError(f"timm cannot tell what {name!r} is: {error}") from error
    return (settings.mean, settings.std) if settings else (IMAGENET_MEAN, IMAGENET_STD)
