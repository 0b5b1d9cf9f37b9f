"""The names that others give to the tensors of a network, and what timm calls them.

timm's own translation, which most architectures have, comes last; before it stand the wrappings of
training programs, torchvision's ConvNeXt, and the ways in which vision transformers are published.
"""

import inspect
import re
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any

import timm
from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.model.foundation.layouts import by_timms_names, layout_of, renamed

State = dict[str, Tensor]

#: Under which a checkpoint keeps its weights, the first of them that is there.
_CONTAINERS = (
    "teacher",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "encoder",
)
#: What programs put before the names of a network that they wrap.
_PREFIXES = (
    "module.",
    "_orig_mod.",
    "model.",
    "teacher.",
    "backbone.",
    "encoder.",
    "dinov2_with_registers.",
    "dinov2.",
    "vit.",
)
_HUGGING_FACE = "embeddings.patch_embeddings.projection.weight"
_TORCHVISION_CONVNEXT = "features.1.0.layer_scale"


def timm_names(content: Mapping[str, Any], name: str, model: nn.Module) -> State:
    """Return the tensors of a published file under timm's names.

    Args:
        content: what the file holds.
        name: the timm model.
        model: the whole of it; its numbers do not matter.

    Raises:
        InputError: it holds something else than tensors.
    """
    known = model.state_dict().keys()
    state = _without_prefixes(_unwrapped(content), known)
    layout = layout_of(state)
    if layout is not None:
        return by_timms_names(state, layout)
    if _TORCHVISION_CONVNEXT in state:
        state = _from_torchvision_convnext(state)
    if state.keys() <= known:
        return state
    return _translated_by_timm(state, name, model)


def _unwrapped(content: Mapping[str, Any]) -> State:
    """Return the tensors inside the dictionaries that a training program wraps them in."""
    inner = [content[name] for name in _CONTAINERS if isinstance(content.get(name), Mapping)]
    if inner:
        return _unwrapped(inner[0])
    foreign = [name for name, value in content.items() if not isinstance(value, Tensor)]
    if foreign or not content:
        held = f"{foreign[0]!r}, which is no tensor" if foreign else "no tensor"
        raise InputError(f"the file of weights holds {held}; save the network's state_dict alone")
    return {str(name): value for name, value in content.items()}


def _without_prefixes(state: State, known: Collection[str]) -> State:
    """Take off what was put before the names, unless the network itself has such names."""
    own = {name.split(".")[0] for name in known}
    prefixes = [prefix for prefix in _PREFIXES if prefix[:-1] not in own]
    while _HUGGING_FACE not in state:
        used = [prefix for prefix in prefixes if any(name.startswith(prefix) for name in state)]
        if not used:
            break
        bare = {name.removeprefix(used[0]): value for name, value in state.items()}
        if len(bare) < len(state):
            raise InputError(
                f"the file of weights holds two networks, one below {used[0]!r}; save one of them alone"
            )
        state = bare
    return state


#: What timm's translations raise where a tensor is missing, or has a shape that they did not expect.
_FOREIGN = (KeyError, RuntimeError, ValueError, IndexError, AttributeError, AssertionError)


def _translated_by_timm(state: State, name: str, model: nn.Module) -> State:
    """Apply timm's translation of that architecture to a copy, which it may spoil.

    Tensors of another network, of which it stumbles, are left as they are; what is wrong with them is told
    by what compares them with the model.
    """
    module = sys.modules[timm.model_entrypoint(name).__module__]
    for candidate in ("checkpoint_filter_fn", "_filter_fn", "_filter_torchvision_pretrained"):
        translation: Callable[..., State] | None = getattr(module, candidate, None)
        if translation is not None:
            break
    else:
        return state
    taken = inspect.signature(translation).parameters
    # Only DeiT III has names like gamma_1, which timm translates when told to.
    options = {"adapt_layer_scale": True} if "adapt_layer_scale" in taken else {}
    try:
        return translation(dict(state), *([model] if "model" in taken else []), **options)
    except _FOREIGN:
        return state


#: Names of torchvision's ConvNeXt, whose odd members of ``features`` are stages, and timm's.
_CONVNEXT_PARTS = {"0": "conv_dw", "2": "norm", "3": "mlp.fc1", "5": "mlp.fc2"}
_CONVNEXT_BLOCK = re.compile(r"features\.([1357])\.(\d+)\.(?:block\.([0235])\.(\w+)|layer_scale)")
_CONVNEXT_NAMES = (
    (r"features\.0\.([01])\.(\w+)", r"stem.\1.\2"),
    (r"classifier\.0\.(\w+)", r"head.norm.\1"),
    (r"classifier\.2\.(\w+)", r"head.fc.\1"),
)
_CONVNEXT_DOWNSAMPLING = re.compile(r"features\.([246])\.([01])\.(\w+)")


def _from_torchvision_convnext(state: State) -> State:
    translated: State = {}
    for name, value in state.items():
        if found := _CONVNEXT_BLOCK.fullmatch(name):
            block = f"stages.{int(found[1]) // 2}.blocks.{found[2]}"
            part = f"{_CONVNEXT_PARTS[found[3]]}.{found[4]}" if found[3] else "gamma"
            translated[f"{block}.{part}"] = value if found[3] else value.flatten()
        elif found := _CONVNEXT_DOWNSAMPLING.fullmatch(name):
            translated[f"stages.{int(found[1]) // 2}.downsample.{found[2]}.{found[3]}"] = value
        else:
            translated[renamed(name, _CONVNEXT_NAMES)] = value
    return translated
