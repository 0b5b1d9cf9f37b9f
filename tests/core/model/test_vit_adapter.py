"""The ViT-Adapter: what it leaves alone, what it trains, and where it puts things."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from patherea_core.config import AdapterConfig
from patherea_core.errors import InputError, ShapeError
from patherea_core.model.backbones import Backbone, build_backbone
from patherea_core.model.site_grid import SiteGrid
from patherea_core.model.vit_adapter import AdaptedTransformer, _group_of, _groups, _resampled
from tests.core.model.networks import (
    TRANSFORMERS,
    images,
    parameter_count,
    shaken,
    small,
    without_gradient,
)


def adapted(backbone: Backbone) -> AdaptedTransformer:
    assert isinstance(backbone.pyramid, AdaptedTransformer)
    return backbone.pyramid


def final_tokens(pyramid: AdaptedTransformer, pixels: Tensor) -> Tensor:
    """Return the patch tokens after the last block."""
    height, width = pixels.shape[-2:]
    grids = [SiteGrid.over(height, width, stride) for stride in pyramid.scales]
    tokens, _, _ = pyramid.interact(pixels, pyramid.prior(pixels)[-len(grids) :], grids)
    return tokens[-1]


@pytest.mark.parametrize("name", TRANSFORMERS)
@pytest.mark.parametrize("shape", [(64, 64), (224, 448)])
def test_a_new_adapter_leaves_the_transformer_as_it_is(name: str, shape: tuple[int, int]) -> None:
    pyramid = adapted(build_backbone(small(name)).eval())
    pixels = torch.randn(1, 3, *shape)
    transformer: Any = pyramid.transformer
    padded = nn.functional.pad(
        pixels, (0, -shape[1] % pyramid.patch, 0, -shape[0] % pyramid.patch), mode="reflect"
    )
    with torch.no_grad():
        expected = transformer.forward_features(padded)[:, transformer.num_prefix_tokens :]
        assert torch.equal(final_tokens(pyramid, pixels), expected)


def test_a_trained_adapter_changes_the_tokens() -> None:
    pyramid = adapted(build_backbone(small("vit_tiny_patch16_224")).eval())
    pixels = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = final_tokens(pyramid, pixels)
        nn.init.ones_(next(iter(pyramid.injectors)).get_parameter("gamma"))
        assert not torch.allclose(final_tokens(pyramid, pixels), before, atol=1e-3)


@pytest.mark.parametrize("name", TRANSFORMERS)
@pytest.mark.parametrize("stride", [4, 8])
def test_levels_of_any_shape_have_their_stride(name: str, stride: int) -> None:
    backbone = build_backbone(small(name, feature_stride=stride))
    assert backbone.strides == tuple(step for step in (4, 8, 16, 32) if step >= stride)
    for height, width in ((64, 64), (96, 32)):
        shapes = [tuple(level.shape) for level in backbone(images(height, width))]
        assert shapes == [(2, 48, height // step, width // step) for step in backbone.strides]


@pytest.mark.parametrize("settings", [{}, {"fpn": False}, {"feature_stride": 4}])
def test_one_step_trains_every_parameter(settings: dict[str, Any]) -> None:
    backbone = build_backbone(small("vit_giant_patch14_reg4_dinov2", **settings))
    shaken(backbone)
    torch.autograd.backward([(level**3).sum() for level in backbone(images())])
    assert without_gradient(backbone) == []


def test_the_first_step_moves_the_gammas() -> None:
    backbone = build_backbone(small("vit_tiny_patch16_224"))
    (backbone(images())[0] ** 3).sum().backward()
    gammas = [module.get_parameter("gamma") for module in adapted(backbone).injectors]
    assert all(gamma.grad is not None and gamma.grad.any() for gamma in gammas)


def test_a_frozen_transformer_passes_gradients_on_and_takes_none() -> None:
    backbone = build_backbone(small("vit_tiny_patch16_224", frozen_backbone=True))
    shaken(backbone)
    (backbone(images())[0] ** 3).sum().backward()
    assert all(parameter.grad is None for parameter in backbone.pretrained_part.parameters())
    adapter = [name for name in without_gradient(backbone) if ".transformer." not in name]
    assert {name.rpartition(".")[0] for name in adapter} == {"pyramid.norms.1", "pyramid.norms.2"}


def test_a_frozen_transformer_gives_the_gradients_of_a_free_one() -> None:
    free = build_backbone(small("vit_tiny_patch16_224"))
    shaken(free)
    fixed = build_backbone(small("vit_tiny_patch16_224", frozen_backbone=True))
    fixed.load_state_dict(free.state_dict())
    for backbone in (free, fixed):
        (backbone(images())[0] ** 3).sum().backward()
    for name, parameter in fixed.named_parameters():
        if parameter.grad is not None:
            other = free.get_parameter(name).grad
            assert other is not None
            assert torch.allclose(parameter.grad, other, rtol=1e-3, atol=1e-5), name


def test_frozen_parts_stay_in_inference_and_the_adapter_trains() -> None:
    options = {"depth": 4, "embed_dim": 48, "num_heads": 3, "drop_path_rate": 0.5}
    backbone = build_backbone(
        small("vit_tiny_patch16_224", frozen_backbone=True, backbone_options=options)
    ).train()
    assert not any(module.training for module in backbone.pretrained_part.modules())
    assert adapted(backbone).prior.training
    assert adapted(backbone).norms.training


def test_a_patch_that_does_not_divide_the_image_keeps_every_token_in_its_place() -> None:
    pyramid = adapted(build_backbone(small("vit_giant_patch14_reg4_dinov2")).eval())
    pixels = torch.randn(1, 3, 64, 96)
    whole = torch.randn(1, 3, 70, 98)
    whole[..., :64, :96] = pixels
    with torch.no_grad():
        ours = pyramid._embedded(pixels)[0][:, 5:].reshape(5, 7, 48)
        theirs = pyramid._embedded(whole)[0][:, 5:].reshape(5, 7, 48)
    assert torch.equal(ours[:4, :6], theirs[:4, :6])
    assert not torch.equal(ours[4, 6], theirs[4, 6])


def test_tokens_between_grids_are_interpolated_by_position() -> None:
    patches, sites = SiteGrid.over(64, 64, 14), SiteGrid.over(64, 64, 8)
    rising = (torch.arange(5) + 0.5) * 14
    tokens = torch.stack(torch.meshgrid(rising, rising, indexing="xy"), dim=-1).reshape(1, 25, 2)
    found = _resampled(tokens, patches, sites)[0]
    expected = ((torch.arange(8) + 0.5) * 8).clamp(7, 63)
    assert torch.allclose(found[0, 3], expected, atol=1e-4)
    assert torch.allclose(found[1, :, 3], expected, atol=1e-4)


def test_early_tokens_are_added_to_fine_maps_and_late_ones_to_coarse_maps() -> None:
    assert [_group_of(stride, 4) for stride in (4, 8, 16, 32)] == [0, 1, 2, 3]
    assert [_group_of(stride, 2) for stride in (4, 8, 16, 32)] == [0, 0, 1, 1]
    pyramid = adapted(build_backbone(small("vit_tiny_patch16_224")).eval())
    pixels = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        for module in (pyramid.prior, pyramid.extractors):
            for parameter in module.parameters():
                parameter.zero_()
        pyramid.level_embedding.zero_()
        transformer: Any = pyramid.transformer
        tokens = transformer.forward_intermediates(pixels, norm=False, intermediates_only=True)
        levels = pyramid(pixels)
    assert torch.allclose(levels[1], tokens[2], atol=1e-3)
    assert torch.allclose(levels[2], nn.functional.avg_pool2d(tokens[3], 2), atol=1e-3)


def test_a_coarsest_stride_of_16_leaves_the_scale_of_32_out() -> None:
    whole = build_backbone(small("vit_tiny_patch16_224"))
    short = build_backbone(small("vit_tiny_patch16_224", coarsest_stride=16))
    assert short.strides == (8, 16)
    assert short.largest_stride == 16
    assert parameter_count(short) < parameter_count(whole)
    assert [tuple(level.shape[-2:]) for level in short(images(16, 48))] == [(2, 6), (1, 3)]


def test_blocks_are_spread_evenly_over_the_interactions() -> None:
    assert _groups(12, 4) == [range(3), range(3, 6), range(6, 9), range(9, 12)]
    assert [len(group) for group in _groups(7, 3)] == [2, 2, 3]
    with pytest.raises(InputError, match="set fewer interactions"):
        _groups(3, 4)


def test_an_adapter_that_does_not_suit_the_transformer_is_refused() -> None:
    with pytest.raises(InputError, match="do not divide"):
        build_backbone(small("vit_tiny_patch16_224", adapter=AdapterConfig(attention_heads=5)))
    with pytest.raises(InputError, match="at most 16 pixels"):
        build_backbone(small("vit_base_patch32_224"))
    with pytest.raises(ShapeError, match="multiples of 32"):
        build_backbone(small("vit_tiny_patch16_224"))(images(48, 64))


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        ("vit_base_patch16_224", {}, 85.8e6),
        # Hibou-B.
        (
            "vit_giant_patch14_reg4_dinov2",
            {"embed_dim": 768, "depth": 12, "num_heads": 12, "img_size": 224},
            85.7e6,
        ),
    ],
)
def test_transformers_are_as_large_as_published_and_adapters_a_ninth_of_them(
    name: str, options: dict[str, int], count: float
) -> None:
    with torch.device("meta"):
        backbone = build_backbone(small(name, backbone_options=options))
    transformer = parameter_count(backbone.pretrained_part)
    assert transformer == pytest.approx(count, abs=0.05e6)
    assert parameter_count(backbone) - transformer == pytest.approx(9.26e6, abs=0.01e6)
