"""The names that vision transformers are published under, and what timm calls them.

There are three besides timm's own: those of DINOv2's authors, whose blocks may lie in chunks, and those
of Hugging Face's DINOv2 and ViT, which keep the projections to query, key and value apart.
"""

import re
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from patherea_core.model.foundation.published import Layout

State = dict[str, Tensor]
Rules = Collection[tuple[str, str]]

_HUGGING_FACE = "embeddings.patch_embeddings.projection.weight"
_PATCHES = "patch_embed.proj.weight"
_CHUNKED = re.compile(r"blocks\.\d+\.(\d+)\.(.+)")
_QUERY = re.compile(r"encoder\.layer\.(\d+)\.attention\.attention\.query\.(\w+)")

#: What DINOv2's authors have and timm has not.
_DINOV2_MARKS = ("mask_token", "register_tokens")

_DINOV2_NAMES: Rules = (
    (r"register_tokens", "reg_token"),
    (r"blocks\.(\d+)\.mlp\.w12\.(\w+)", r"blocks.\1.mlp.fc1.\2"),
    (r"blocks\.(\d+)\.mlp\.w3\.(\w+)", r"blocks.\1.mlp.fc2.\2"),
)
_BOTH_OF_HUGGING_FACE: Rules = (
    (r"embeddings\.cls_token", "cls_token"),
    (r"embeddings\.position_embeddings", "pos_embed"),
    (r"embeddings\.patch_embeddings\.projection\.(\w+)", r"patch_embed.proj.\1"),
    (r"layernorm\.(\w+)", r"norm.\1"),
    (r"encoder\.layer\.(\d+)\.attention\.output\.dense\.(\w+)", r"blocks.\1.attn.proj.\2"),
)
_HUGGING_FACE_DINOV2: Rules = (
    *_BOTH_OF_HUGGING_FACE,
    (r"embeddings\.register_tokens", "reg_token"),
    (r"encoder\.layer\.(\d+)\.(norm[12])\.(\w+)", r"blocks.\1.\2.\3"),
    (r"encoder\.layer\.(\d+)\.layer_scale([12])\.lambda1", r"blocks.\1.ls\2.gamma"),
    (r"encoder\.layer\.(\d+)\.mlp\.(?:fc1|weights_in)\.(\w+)", r"blocks.\1.mlp.fc1.\2"),
    (r"encoder\.layer\.(\d+)\.mlp\.(?:fc2|weights_out)\.(\w+)", r"blocks.\1.mlp.fc2.\2"),
)
_HUGGING_FACE_VIT: Rules = (
    *_BOTH_OF_HUGGING_FACE,
    (r"encoder\.layer\.(\d+)\.layernorm_before\.(\w+)", r"blocks.\1.norm1.\2"),
    (r"encoder\.layer\.(\d+)\.layernorm_after\.(\w+)", r"blocks.\1.norm2.\2"),
    (r"encoder\.layer\.(\d+)\.intermediate\.dense\.(\w+)", r"blocks.\1.mlp.fc1.\2"),
    (r"encoder\.layer\.(\d+)\.output\.dense\.(\w+)", r"blocks.\1.mlp.fc2.\2"),
)


def layout_of(state: Mapping[str, Tensor]) -> Layout | None:
    """Return whose names the tensors of a vision transformer have; None if of none of these, or timm's."""
    if _HUGGING_FACE in state:
        plain = any(".layernorm_before." in name for name in state)
        return "hugging-face-vit" if plain else "hugging-face-dinov2"
    if _PATCHES not in state:
        return None
    marked = any(mark in state for mark in _DINOV2_MARKS)
    named = any(".mlp.w12." in name or _CHUNKED.fullmatch(name) for name in state)
    return "dinov2" if marked or named else None


def by_timms_names(state: Mapping[str, Tensor], layout: Layout) -> State:
    """Return the tensors under timm's names; one that is not known keeps its own.

    The mask token is left out, which only pretraining needs.
    """
    if layout == "timm":
        return dict(state)
    kept = {name: value for name, value in state.items() if name.rpartition(".")[2] != "mask_token"}
    if layout == "dinov2":
        kept = {_CHUNKED.sub(r"blocks.\1.\2", name): value for name, value in kept.items()}
        named = _renamed(kept, _DINOV2_NAMES)
    else:
        rules = _HUGGING_FACE_DINOV2 if layout == "hugging-face-dinov2" else _HUGGING_FACE_VIT
        named = _renamed(_projections_fused(kept), rules)
    return _registers_without_positions(named)


def renamed(name: str, rules: Rules) -> str:
    """Return a name by the first rule that fits the whole of it; without one, the name itself."""
    for pattern, replacement in rules:
        if found := re.fullmatch(pattern, name):
            return found.expand(replacement)
    return name


def _renamed(state: Mapping[str, Tensor], rules: Rules) -> State:
    return {renamed(name, rules): value for name, value in state.items()}


def _projections_fused(state: State) -> State:
    """Return Hugging Face's tensors with query, key and value as one, in that order, where all are there."""
    rest, fused = dict(state), State()
    for name in state:
        if found := _QUERY.fullmatch(name):
            parts = [name.replace(".query.", f".{part}.") for part in ("query", "key", "value")]
            if all(part in rest for part in parts):
                projection = torch.cat([rest.pop(part) for part in parts])
                fused[f"blocks.{found[1]}.attn.qkv.{found[2]}"] = projection
    return rest | fused


def _registers_without_positions(state: State) -> State:
    """Return the tensors with the class token carrying its own position, if there are registers.

    Registers have no position in DINOv2, and with registers timm's positions are those of patches alone.
    """
    if not {"reg_token", "cls_token", "pos_embed"} <= state.keys():
        return state
    positions = state["pos_embed"]
    # In 32 bits, also where a file has 16: the sum is not rounded to fewer than its parts have.
    token = state["cls_token"].float() + positions[:, :1].float()
    return state | {"cls_token": token, "pos_embed": positions[:, 1:]}
