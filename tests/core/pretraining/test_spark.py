"""A sparse model sees visible cells alone, and is timm's network when nothing is hidden."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from patherea_core.errors import InputError
from patherea_core.model.timm_models import described
from patherea_core.model.timm_pyramid import channels_first, chosen_levels, timm_pyramid
from patherea_core.pretraining.spark import SparseModel
from patherea_core.pretraining.sparse import Visibility, make_sparse
from tests.core.model.networks import without_gradient
from tests.core.pretraining.models import built, hidden_cells, pyramid, repainted, tiles

#: Networks that hold every kind of layer between them; the others take longer.
NETWORKS = [
    *("resnet10t", "test_efficientnet", "test_convnext"),
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in (
            *("test_resnet", "seresnet18", "ecaresnet26t", "resnetv2_18", "resnetblur18"),
            *("convnextv2_atto", "mobilenetv3_small_050", "mobilenetv2_100"),
            *("regnety_002", "densenet121", "mixnet_s", "vgg11_bn"),
        )
    ),
]
OPTIONS: dict[str, dict[str, bool | int | float | str]] = {
    "densenet121": {"growth_rate": 4},
    "test_efficientnet": {"pad_type": "same"},
}
NOTHING = torch.zeros(2, 2, 2, dtype=torch.bool)

of_every_network = pytest.mark.parametrize("backbone", NETWORKS)


@cache
def sparse(backbone: str = "test_efficientnet") -> SparseModel:
    model = built(pyramid(backbone, backbone_options=OPTIONS.get(backbone, {})))
    assert isinstance(model, SparseModel)
    return model


def dense_twin(model: SparseModel, backbone: str) -> Any:  # noqa: ANN401  timm's loose types
    """Return timm's own pyramid with the same weights."""
    options = OPTIONS.get(backbone, {})
    twin = timm_pyramid(backbone, options, chosen_levels(backbone, options, 4, 32))
    twin.load_state_dict(model.pyramid.state_dict())
    return twin


def sites(hidden: Tensor, level: Tensor) -> Tensor:
    """Return the (B, h, w) hidden sites of a level."""
    times = level.shape[-1] // hidden.shape[-1]
    return hidden.repeat_interleave(times, 1).repeat_interleave(times, 2)


@of_every_network
@pytest.mark.parametrize("train", [False, True])
def test_with_nothing_hidden_it_is_timms_network(backbone: str, train: bool) -> None:
    model = sparse(backbone)
    twin = dense_twin(model, backbone).train(train)
    model.pyramid.train(train)
    images = tiles().contiguous(memory_format=torch.channels_last)
    torch.manual_seed(1)
    levels = channels_first(twin, twin(images))
    torch.manual_seed(1)
    mine = model.features(images, NOTHING)
    assert tuple(mine) == (4, 8, 16, 32)
    assert all(torch.equal(*pair) for pair in zip(mine.values(), levels, strict=True))
    learnt = zip(model.pyramid.buffers(), twin.buffers(), strict=True)
    assert all(torch.equal(*pair) for pair in learnt)


@of_every_network
def test_hidden_pixels_change_nothing_that_is_seen(backbone: str) -> None:
    model = sparse(backbone).train()
    images, hidden = tiles(), hidden_cells(sparse(backbone))
    for mode in (True, False):
        model.pyramid.train(mode)
        torch.manual_seed(1)
        before = model.features(images, hidden)
        torch.manual_seed(1)
        after = model.features(repainted(images, hidden), hidden)
        for stride, level in before.items():
            where = sites(hidden, level)
            assert torch.equal(level, after[stride])
            assert not level.permute(0, 2, 3, 1)[where].any()
            assert level.permute(0, 2, 3, 1)[~where].any()


def test_visible_pixels_change_what_is_seen_and_what_is_learnt() -> None:
    model = sparse().eval()
    images, hidden = tiles(), hidden_cells(sparse())
    before, after = (
        model.features(pixels, hidden) for pixels in (images, repainted(images, ~hidden))
    )
    assert not any(torch.equal(before[stride], after[stride]) for stride in before)


@of_every_network
def test_every_weight_learns(backbone: str) -> None:
    model = sparse(backbone).train()
    model.zero_grad()
    model(tiles(count=4), hidden_cells(model, count=4)).loss.backward()
    assert not without_gradient(model)


def test_the_statistics_of_batch_norm_are_those_of_visible_sites() -> None:
    model = sparse("resnet10t").train()
    twin = dense_twin(model, "resnet10t").train()
    hidden = hidden_cells(model)
    images = tiles().masked_fill(sites(hidden, tiles())[:, None], 0)
    state = {name: buffer.clone() for name, buffer in model.pyramid.named_buffers()}
    model.features(images, hidden)
    first = twin.conv1[0](images)
    seen = first.permute(0, 2, 3, 1)[~sites(hidden, first)]
    after = dict(model.pyramid.named_buffers())
    mean, var = state["conv1.1.running_mean"], state["conv1.1.running_var"]
    torch.testing.assert_close(after["conv1.1.running_mean"], 0.9 * mean + 0.1 * seen.mean(0))
    torch.testing.assert_close(after["conv1.1.running_var"], 0.9 * var + 0.1 * seen.var(0))


def test_a_coarse_level_reaches_the_pixels_through_every_stage() -> None:
    model = sparse().eval()
    maps = {
        stride: torch.zeros(1, level.shape[1], 64 // stride, 64 // stride)
        for stride, level in model.features(tiles(), NOTHING).items()
    }
    hidden = torch.zeros(1, 2, 2, dtype=torch.bool)
    with torch.no_grad(), model.visibility.hiding(hidden):
        without = model.decoder(maps, model.visibility)
        assert without.shape == (1, 3, 64, 64)
        for stride, level in maps.items():
            other = model.decoder(maps | {stride: torch.randn_like(level)}, model.visibility)
            assert not torch.equal(without, other), stride


# What it refuses


@pytest.mark.parametrize("backbone", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"])
def test_a_transformer_is_refused(backbone: str) -> None:
    with pytest.raises(InputError, match=f"{backbone}.* take the method mae"):
        built(pyramid(backbone))


def test_a_network_with_attention_is_refused_by_its_layer() -> None:
    with pytest.raises(
        InputError, match="layer of the kind MultiQueryAttention2d; name a backbone"
    ):
        make_sparse(described("mobilenetv4_hybrid_medium", {}, features_only=True), Visibility())


def test_a_width_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(InputError, match="decoder_width must be a multiple of 32, not 48"):
        built(pyramid(decoder_width=48))


def test_a_backbone_that_fills_hidden_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "patherea_core.pretraining.spark.make_sparse", lambda _network, _visibility: None
    )
    with pytest.raises(InputError, match="cannot keep hidden cells out of the level of stride 4"):
        built(pyramid())
