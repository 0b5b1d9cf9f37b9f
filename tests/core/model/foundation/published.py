"""Foundation models as they are published, written out: their form, their names, and what they compute.

Nothing here comes from the program: forms are those of papers and cards, names those of the published
files, and the arithmetic is spelt out.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

State = dict[str, Tensor]

#: What has a position: patches alone, the class token too, or every token.
Positions = Literal["patches", "class", "all"]


@dataclass(frozen=True)
class Form:
    """The form of a vision transformer.

    Attributes:
        layout: whose names its file has.
        patch: side of a patch in pixels.
        width: channels of a token.
        blocks: how many there are.
        heads: of each attention.
        hidden: channels between the two layers of a block, twice that where they are gated.
        side: patches along the side of the images it was pretrained on.
        registers: how many there are.
        gated: whether the feed-forward layers are SwiGLU.
        scaled: whether there are layer scales.
        positions: what has a position.
    """

    layout: str
    patch: int
    width: int
    blocks: int
    heads: int
    hidden: int
    side: int
    registers: int = 0
    gated: bool = False
    scaled: bool = True
    positions: Positions = "class"

    @property
    def small(self) -> "Form":
        """The same with two narrow blocks, for images of four patches."""
        return replace(self, width=24, blocks=2, heads=2, side=4, hidden=64 if self.gated else 96)


_HUB, _META, _TIMM = "hugging-face-dinov2", "dinov2", "timm"
FORMS = {
    "hibou-b": Form(_HUB, 14, 768, 12, 12, 2048, 16, registers=4, gated=True),
    "hibou-l": Form(_HUB, 14, 1024, 24, 16, 2736, 16, registers=4, gated=True),
    "uni": Form(_TIMM, 16, 1024, 24, 16, 4096, 14),
    "uni2-h": Form(_TIMM, 14, 1536, 24, 24, 4096, 16, registers=8, gated=True, positions="patches"),
    "virchow": Form(_TIMM, 14, 1280, 32, 16, 3416, 16, gated=True),
    "virchow2": Form(_TIMM, 14, 1280, 32, 16, 3416, 16, registers=4, gated=True, positions="all"),
    "phikon": Form("hugging-face-vit", 16, 768, 12, 12, 3072, 14, scaled=False),
    "phikon-v2": Form(_HUB, 16, 1024, 24, 16, 4096, 14),
    "h-optimus-0": Form(
        _TIMM, 14, 1536, 40, 24, 4096, 16, registers=4, gated=True, positions="patches"
    ),
    "h-optimus-1": Form(
        _TIMM, 14, 1536, 40, 24, 4096, 16, registers=4, gated=True, positions="patches"
    ),
    "prov-gigapath": Form(_TIMM, 16, 1536, 40, 24, 4096, 14, gated=True),
    "dinov2-s": Form(_META, 14, 384, 12, 6, 1536, 37),
    "dinov2-s-reg": Form(_META, 14, 384, 12, 6, 1536, 37, registers=4),
    "dinov2-b": Form(_META, 14, 768, 12, 12, 3072, 37),
    "dinov2-b-reg": Form(_META, 14, 768, 12, 12, 3072, 37, registers=4),
    "dinov2-l": Form(_META, 14, 1024, 24, 16, 4096, 37),
    "dinov2-l-reg": Form(_META, 14, 1024, 24, 16, 4096, 37, registers=4),
    "dinov2-g": Form(_META, 14, 1536, 40, 24, 4096, 37, gated=True),
    "dinov2-g-reg": Form(_META, 14, 1536, 40, 24, 4096, 37, registers=4, gated=True),
}

#: Published names of the tokens, the patches and the last norm, by layout.
_TOKENS = {
    _META: ("cls_token", "register_tokens", "pos_embed", "patch_embed.proj", "norm"),
    _TIMM: ("cls_token", "reg_token", "pos_embed", "patch_embed.proj", "norm"),
    _HUB: (
        *("embeddings.cls_token", "embeddings.register_tokens", "embeddings.position_embeddings"),
        *("embeddings.patch_embeddings.projection", "layernorm"),
    ),
}
_TOKENS["hugging-face-vit"] = _TOKENS[_HUB]


def _parts(form: Form, row: int) -> dict[str, str]:
    """Return the published names of the parts of a block."""
    if form.layout in (_META, _TIMM):
        block = f"blocks.{row}"
        gates = form.layout == _META and form.gated
        first, second = ("w12", "w3") if gates else ("fc1", "fc2")
        return {
            **{name: f"{block}.{name}" for name in ("norm1", "norm2")},
            "qkv": f"{block}.attn.qkv",
            "out": f"{block}.attn.proj",
            "first": f"{block}.mlp.{first}",
            "second": f"{block}.mlp.{second}",
            "scale1": f"{block}.ls1.gamma",
            "scale2": f"{block}.ls2.gamma",
        }
    layer = f"encoder.layer.{row}"
    attention = {
        **{part: f"{layer}.attention.attention.{part}" for part in ("query", "key", "value")},
        "out": f"{layer}.attention.output.dense",
    }
    if form.layout == "hugging-face-vit":
        return {
            **attention,
            "norm1": f"{layer}.layernorm_before",
            "norm2": f"{layer}.layernorm_after",
            "first": f"{layer}.intermediate.dense",
            "second": f"{layer}.output.dense",
        }
    first, second = ("weights_in", "weights_out") if form.gated else ("fc1", "fc2")
    return {
        **attention,
        "norm1": f"{layer}.norm1",
        "norm2": f"{layer}.norm2",
        "first": f"{layer}.mlp.{first}",
        "second": f"{layer}.mlp.{second}",
        "scale1": f"{layer}.layer_scale1.lambda1",
        "scale2": f"{layer}.layer_scale2.lambda1",
    }


def published_state(form: Form) -> State:
    """Return tensors of a published form at random, under the published names and nothing else."""
    generator = torch.Generator().manual_seed(0)
    state: State = {}
    for name, shape in shapes(form).items():
        spread = 32 if len(shape) == 4 else 4
        state[name] = torch.randn(shape, generator=generator) / spread
    return state


def shapes(form: Form) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all published tensors by their published names."""
    of_blocks = [_shapes_of_block(form, row) for row in range(form.blocks)]
    return {
        name: shape
        for part in (_shapes_of_tokens(form), *of_blocks)
        for name, shape in part.items()
    }


def _shapes_of_tokens(form: Form) -> dict[str, tuple[int, ...]]:
    width = form.width
    token, register, position, projection, last = _TOKENS[form.layout]
    before = {"patches": 0, "class": 1, "all": 1 + form.registers}[form.positions]
    mask = {_META: "mask_token", _HUB: "embeddings.mask_token"}.get(form.layout)
    return {
        token: (1, 1, width),
        position: (1, before + form.side**2, width),
        f"{projection}.weight": (width, 3, form.patch, form.patch),
        f"{projection}.bias": (width,),
        f"{last}.weight": (width,),
        f"{last}.bias": (width,),
        **({register: (1, form.registers, width)} if form.registers else {}),
        **({mask: (1, width)} if mask else {}),
    }


def _shapes_of_block(form: Form, row: int) -> dict[str, tuple[int, ...]]:
    width = form.width
    outputs = {
        "qkv": 3 * width,
        "query": width,
        "key": width,
        "value": width,
        "out": width,
        "first": form.hidden * (2 if form.gated else 1),
        "second": width,
    }
    shapes: dict[str, tuple[int, ...]] = {}
    for part, name in _parts(form, row).items():
        if part.startswith("scale"):
            shapes[name] = (width,)
        elif part.startswith("norm"):
            shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
        else:
            inputs = form.hidden if part == "second" else width
            shapes |= {
                f"{name}.weight": (outputs[part], inputs),
                f"{name}.bias": (outputs[part],),
            }
    return shapes


def in_chunks(state: State, blocks: int) -> State:
    """Return DINOv2's tensors as a training writes them, whose blocks lie in chunks of one."""
    named = state
    for row in range(blocks):
        named = {
            name.replace(f"blocks.{row}.", f"blocks.{row}.{row}.", 1)
            if name.startswith(f"blocks.{row}.") and not name.split(".")[2].isdigit()
            else name: value
            for name, value in named.items()
        }
    return named


@dataclass(frozen=True)
class LiteralNetwork:
    """A published network, computed from its published tensors for images of its own size."""

    state: State
    form: Form

    def tokens(self, images: Tensor, *, last_norm: bool = True) -> Tensor:
        """Return (1, tokens, width) of (1, 3, H, W): the class token, registers, patches by rows."""
        tokens = self._embedded(images)
        for row in range(self.form.blocks):
            parts = _parts(self.form, row)
            one, two = (
                self.state[parts[part]] if self.form.scaled else 1.0
                for part in ("scale1", "scale2")
            )
            tokens = tokens + self._attended(parts, self._norm(parts["norm1"], tokens)) * one
            tokens = tokens + self._fed_forward(parts, self._norm(parts["norm2"], tokens)) * two
        return self._norm(_TOKENS[self.form.layout][-1], tokens) if last_norm else tokens

    def _embedded(self, images: Tensor) -> Tensor:
        form, state = self.form, self.state
        token, register, position, projection, _ = _TOKENS[form.layout]
        kernel, bias = state[f"{projection}.weight"], state[f"{projection}.bias"]
        patches = functional.conv2d(images, kernel, bias, stride=form.patch)
        patches = patches.flatten(2).transpose(1, 2)
        registers = [state[register]] if form.registers else []
        if form.positions == "patches":
            return torch.cat([state[token], *registers, patches + state[position]], dim=1)
        if form.positions == "all":
            return torch.cat([state[token], *registers, patches], dim=1) + state[position]
        tokens = torch.cat([state[token], patches], dim=1) + state[position]
        return torch.cat([tokens[:, :1], *registers, tokens[:, 1:]], dim=1)

    def _attended(self, parts: dict[str, str], tokens: Tensor) -> Tensor:
        heads, width = self.form.heads, self.form.width
        if "qkv" in parts:
            three = self._linear(parts["qkv"], tokens).chunk(3, dim=-1)
        else:
            three = tuple(self._linear(parts[part], tokens) for part in ("query", "key", "value"))
        query, key, value = (
            part.reshape(1, -1, heads, width // heads).transpose(1, 2) for part in three
        )
        share = (query @ key.transpose(2, 3) / (width // heads) ** 0.5).softmax(-1)
        return self._linear(parts["out"], (share @ value).transpose(1, 2).flatten(2))

    def _fed_forward(self, parts: dict[str, str], tokens: Tensor) -> Tensor:
        inner = self._linear(parts["first"], tokens)
        if not self.form.gated:
            return self._linear(parts["second"], functional.gelu(inner))
        gate, other = inner.chunk(2, dim=-1)
        return self._linear(parts["second"], functional.silu(gate) * other)

    def _linear(self, name: str, tokens: Tensor) -> Tensor:
        return functional.linear(tokens, self.state[f"{name}.weight"], self.state[f"{name}.bias"])

    def _norm(self, name: str, tokens: Tensor) -> Tensor:
        eps = 1e-12 if self.form.layout == "hugging-face-vit" else 1e-6
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return functional.layer_norm(tokens, (self.form.width,), weight, bias, eps)


def written(folder: Path, state: State, name: str) -> Path:
    """Write tensors as a published file of that name, and return its path."""
    path = folder / name
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path
