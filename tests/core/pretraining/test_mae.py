"""A masked autoencoder is what its paper says, for every kind of plain transformer that timm has."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from patherea_core.errors import InputError, ShapeError
from patherea_core.model.timm_models import created
from patherea_core.pretraining.mae import MaskedAutoencoder
from patherea_core.pretraining.mae_decoder import sine_positions
from patherea_core.pretraining.masking import visible_cells
from patherea_core.pretraining.modelling import reconstruction
from tests.core.model.networks import without_gradient
from tests.core.pretraining.models import (
    TINY,
    TRANSFORMERS,
    built,
    hidden_cells,
    repainted,
    tiles,
    transformer,
)

State = dict[str, Tensor]


def autoencoder(backbone: str = TRANSFORMERS[0], **settings: Any) -> MaskedAutoencoder:  # noqa: ANN401  any setting
    model = built(transformer(backbone, **settings))
    assert isinstance(model, MaskedAutoencoder)
    return model.eval()


# A literal reading of the paper: one image, one cell and one head at a time


def linear(tokens: Tensor, state: State, name: str) -> Tensor:
    return tokens @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def normed(tokens: Tensor, state: State, name: str, eps: float) -> Tensor:
    spread = (tokens.var(1, unbiased=False, keepdim=True) + eps).sqrt()
    centred = (tokens - tokens.mean(1, keepdim=True)) / spread
    return centred * state[f"{name}.weight"] + state[f"{name}.bias"]


def block(tokens: Tensor, state: State, name: str, eps: float) -> Tensor:
    parts = linear(normed(tokens, state, f"{name}.norm1", eps), state, f"{name}.attn.qkv")
    query, key, value = parts.chunk(3, dim=1)
    half = tokens.shape[1] // 2
    heard = [
        (query[:, at] @ key[:, at].T / math.sqrt(half)).softmax(1) @ value[:, at]
        for at in (slice(0, half), slice(half, None))
    ]
    tokens = tokens + linear(torch.cat(heard, 1), state, f"{name}.attn.proj")
    inner = linear(normed(tokens, state, f"{name}.norm2", eps), state, f"{name}.mlp.fc1")
    return tokens + linear(functional.gelu(inner), state, f"{name}.mlp.fc2")


def place(row: int, column: int, width: int) -> list[float]:
    rates = [10_000 ** (-step / (width // 4)) for step in range(width // 4)]
    return [
        wave(at * rate) for at in (column, row) for wave in (math.sin, math.cos) for rate in rates
    ]


def literal_cells(image: Tensor, hidden: Tensor, model: MaskedAutoencoder) -> Tensor:
    """Return the predicted pixels of all cells of one image."""
    state = {
        name.replace("self_attn.in_proj_", "attn.qkv.")
        .replace("self_attn.out_proj", "attn.proj")
        .replace("linear", "mlp.fc"): tensor
        for name, tensor in model.state_dict().items()
    }
    vit, side = "transformer", image.shape[-1] // 16
    positions = state[f"{vit}.pos_embed"][0]
    kernel = state[f"{vit}.patch_embed.proj.weight"]
    tokens = [state[f"{vit}.cls_token"][0, 0] + positions[0]]
    for number in range(side * side):
        row, column = divmod(number, side)
        if not hidden[row, column]:
            pixels = image[:, 16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
            token = (kernel * pixels).sum((1, 2, 3)) + state[f"{vit}.patch_embed.proj.bias"]
            tokens.append(token + positions[1 + number])
    seen = torch.stack(tokens)
    for depth in range(2):
        seen = block(seen, state, f"{vit}.blocks.{depth}", 1e-6)
    narrow = linear(normed(seen, state, f"{vit}.norm", 1e-6), state, "decoder.embedding")
    left = list(narrow[1:])
    everything = [narrow[0]]
    for number in range(side * side):
        row, column = divmod(number, side)
        token = state["decoder.mask_token"][0, 0] if hidden[row, column] else left.pop(0)
        everything.append(token + torch.tensor(place(row, column, narrow.shape[1])))
    decoded = block(torch.stack(everything), state, "decoder.blocks.0", 1e-5)
    return linear(normed(decoded, state, "decoder.norm", 1e-5)[1:], state, "decoder.pixels")


def test_it_is_a_literal_reading_of_the_paper() -> None:
    model = autoencoder(backbone_options=TINY | {"img_size": 64})
    images, hidden = tiles(64), hidden_cells(model)
    result = model(images, hidden)
    cells = torch.stack([literal_cells(*pair, model) for pair in zip(images, hidden, strict=True)])
    expected = reconstruction(images, hidden, cells, 16)
    torch.testing.assert_close(result.loss, expected.loss, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(result.picture, expected.picture, rtol=1e-4, atol=1e-4)


def test_places_differ_and_are_those_of_the_formula() -> None:
    table = sine_positions(3, 5, 16)
    literal = torch.tensor([place(row, column, 16) for row in range(3) for column in range(5)])
    torch.testing.assert_close(table, literal, rtol=1e-4, atol=1e-5)
    assert torch.cdist(table, table).fill_diagonal_(1).min() > 0.1


# What it sees


@pytest.mark.parametrize("backbone", TRANSFORMERS)
def test_hidden_pixels_change_nothing_that_is_seen(backbone: str) -> None:
    model = autoencoder(backbone)
    images, hidden = tiles(112), hidden_cells(model, 112)
    order = visible_cells(hidden)
    before = model.encoded(images, order)
    after = model.encoded(repainted(images, hidden), order)
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    changed = model.encoded(repainted(images, ~hidden), order)
    assert not any(
        torch.equal(*pair) for pair in zip(before, changed, strict=True) if pair[0].numel()
    )


@pytest.mark.parametrize("backbone", TRANSFORMERS)
def test_with_nothing_hidden_it_is_timms_transformer(backbone: str) -> None:
    model = autoencoder(backbone)
    whole: Any = created(backbone, TINY, num_classes=0, global_pool="", dynamic_img_size=True)
    whole.load_state_dict(model.transformer.state_dict())
    nothing = torch.zeros(2, 112 // model.cell, 112 // model.cell, dtype=torch.bool)
    encoded = torch.cat(model.encoded(tiles(112), visible_cells(nothing)), dim=1)
    torch.testing.assert_close(encoded, whole.eval().forward_features(tiles(112)))


@pytest.mark.parametrize("backbone", TRANSFORMERS)
def test_every_weight_learns(backbone: str) -> None:
    model = autoencoder(backbone).train()
    model(tiles(112), hidden_cells(model, 112)).loss.backward()
    assert not without_gradient(model)


def test_a_token_returns_to_the_cell_that_it_came_from() -> None:
    model = autoencoder(decoder_depth=1)
    images, hidden = tiles(64, count=1), hidden_cells(model, count=1)
    grid = hidden.shape[-2:]
    order = visible_cells(hidden)
    prefix, tokens = model.encoded(images, order)
    mixed = torch.randperm(order.shape[1], generator=torch.Generator().manual_seed(3))
    one = model.decoder(prefix, tokens, order, grid)
    other = model.decoder(prefix, tokens[:, mixed], order[:, mixed], grid)
    torch.testing.assert_close(one, other)
    elsewhere = model.decoder(prefix, tokens[:, mixed], order, grid)
    assert not torch.allclose(one, elsewhere, atol=1e-3)


# What it refuses


def test_images_that_hide_different_numbers_of_cells_are_refused() -> None:
    hidden = torch.zeros(2, 4, 4, dtype=torch.bool)
    hidden[0, 0, 0] = True
    with pytest.raises(ShapeError, match=r"\[15, 16\] of 16 are visible"):
        autoencoder()(tiles(64), hidden)


@pytest.mark.parametrize("backbone", ["resnet10t", "swin_tiny_patch4_window7_224"])
def test_what_is_no_plain_transformer_is_refused(backbone: str) -> None:
    with pytest.raises(InputError, match=f"{backbone}.* is none; take the method spark"):
        built(transformer(backbone, backbone_options={}))


@pytest.mark.parametrize(("width", "heads"), [(18, 2), (20, 3)])
def test_a_decoder_of_an_odd_width_is_refused(width: int, heads: int) -> None:
    with pytest.raises(
        InputError, match=f"multiple of 4 and of the {heads} decoder_heads, not {width}"
    ):
        built(transformer(decoder_width=width, decoder_heads=heads))
