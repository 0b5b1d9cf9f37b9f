"""Backbones by name: what is built of them, what is refused, and what is trained."""

from typing import Any

import pytest
import timm
import torch
from torch import nn

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError, ShapeError
from patherea_core.model.backbones import build_backbone
from tests.core.model.networks import images, parameter_count, shaken, small, without_gradient

FAMILIES = (
    *("convnext_atto", "resnet10t", "densenet121", "mobilenetv2_050", "test_efficientnet"),
    *("mobilenetv3_small_050", "regnetx_002"),
)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("coarsest", [8, 16])
def test_no_stage_beyond_the_coarsest_level_is_built(name: str, coarsest: int) -> None:
    backbone = build_backbone(small(name, coarsest_stride=coarsest))
    assert backbone.strides == tuple(stride for stride in (8, 16) if stride <= coarsest)
    shaken(backbone)
    levels = backbone(images(32, 48))
    assert [level.shape[1] for level in levels] == list(backbone.channels)
    (levels[-1] ** 3).sum().backward()
    assert without_gradient(backbone) == []
    whole = build_backbone(small(name))
    assert parameter_count(backbone) < parameter_count(whole)
    assert backbone.state_dict().keys() < whole.state_dict().keys()


def test_without_a_feature_pyramid_one_level_is_built() -> None:
    backbone = build_backbone(small(fpn=False))
    assert backbone.strides == (8,)
    assert backbone.largest_stride == 8
    assert [tuple(level.shape[-2:]) for level in backbone(images(8, 24))] == [(1, 3)]


def test_levels_are_the_features_of_the_whole_network() -> None:
    backbone = build_backbone(small("mobilenetv2_050", coarsest_stride=16)).eval()
    whole: Any = timm.create_model("mobilenetv2_050", features_only=True).eval()
    found = whole.load_state_dict(backbone.pretrained_part.state_dict(), strict=False)
    assert found.unexpected_keys == []
    pixels = images()
    normalised = (pixels / 255 - backbone.mean) / backbone.std
    with torch.no_grad():
        levels = backbone(pixels)
        for ours, theirs in zip(levels, whole(normalised)[2:4], strict=True):
            assert torch.allclose(ours, theirs, atol=1e-4)


def test_options_reach_the_network() -> None:
    padded = build_backbone(small("mobilenetv2_050", backbone_options={"pad_type": "same"})).eval()
    plain = build_backbone(small("mobilenetv2_050")).eval()
    plain.load_state_dict(padded.state_dict())
    pixels = images(32, 64)
    with torch.no_grad():
        shapes = [level.shape for level in padded(pixels)]
        assert shapes == [level.shape for level in plain(pixels)]
        assert not torch.allclose(padded(pixels)[0], plain(pixels)[0])


def test_normalisation_is_what_the_pretrained_network_expects() -> None:
    convolutional = build_backbone(small("resnet10t"))
    assert convolutional.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])
    transformer = build_backbone(small("vit_tiny_patch16_224"))
    assert transformer.std.flatten().tolist() == [0.5, 0.5, 0.5]
    assert {"mean", "std"} <= transformer.state_dict().keys()


def test_maps_with_channels_last_are_turned() -> None:
    options = {"strict_img_size": False, "embed_dim": 24}
    backbone = build_backbone(small("swin_tiny_patch4_window7_224", backbone_options=options))
    assert [level.shape[1] for level in backbone(images())] == list(backbone.channels)


@pytest.mark.parametrize("name", ["vgg16", "vgg16_bn"])
def test_vgg_gives_the_two_levels_of_p2pnet(name: str) -> None:
    with torch.device("meta"):
        backbone = build_backbone(small(name, coarsest_stride=16))
    assert backbone.strides == (8, 16)
    assert backbone.channels == (512, 512)
    convolutions = [part for part in backbone.modules() if isinstance(part, nn.Conv2d)]
    assert len(convolutions) == 13


@pytest.mark.parametrize(
    ("name", "count"),
    [("convnext_base", 87.56e6), ("resnet50", 23.51e6), ("densenet169", 12.48e6)],
)
def test_backbones_are_as_large_as_published_without_their_head(name: str, count: float) -> None:
    with torch.device("meta"):
        backbone = build_backbone(NetworkConfig(backbone=name))
    assert parameter_count(backbone) == pytest.approx(count, abs=0.01e6)


def batch_norms(module: nn.Module) -> list[nn.BatchNorm2d]:
    return [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]


def test_frozen_statistics_outlast_training_while_weights_learn() -> None:
    backbone = build_backbone(small(frozen_norm=True)).eval().train()
    norms = batch_norms(backbone)
    assert not any(norm.training for norm in norms)
    assert all(norm.weight.requires_grad for norm in norms)
    before = [norm.running_mean.clone() for norm in norms if norm.running_mean is not None]
    backbone(images())[-1].square().sum().backward()
    after = [norm.running_mean for norm in norms if norm.running_mean is not None]
    assert all(map(torch.equal, before, after))
    assert norms[0].weight.grad is not None
    assert backbone.pyramid.training


def test_statistics_are_learned_unless_frozen() -> None:
    assert all(norm.training for norm in batch_norms(build_backbone(small())))


def test_frozen_norms_of_an_adapter_learn_all_the_same() -> None:
    backbone = build_backbone(small("vit_tiny_patch16_224", frozen_norm=True)).train()
    assert all(norm.training for norm in batch_norms(backbone))


def test_a_frozen_backbone_costs_no_backward_pass() -> None:
    backbone = build_backbone(small(frozen_backbone=True)).train()
    levels = backbone(images())
    assert not any(level.requires_grad for level in levels)
    assert not any(module.training for module in backbone.pretrained_part.modules())
    again = backbone(images())
    assert all(map(torch.equal, levels, again))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"backbone": "no_such_network"}, r"network\.backbone: timm knows no model"),
        ({"backbone": "convnext_bse"}, r"convnext_base .*near"),
        ({"backbone": "mixer_s32_224"}, "cannot be built|none at 8"),
        ({"backbone": "resnet10t", "backbone_options": {"no_such_option": 1}}, "no_such_option"),
        ({"backbone": "resnet10t", "backbone_options": {"checkpoint_path": "x"}}, "may not set"),
        ({"backbone": "vit_tiny_patch16_224", "backbone_options": {"num_heads": 5}}, "num_heads"),
        ({"backbone": "vit_tiny_patch16_224", "backbone_options": {"no_such": 1}}, "no_such"),
        ({"backbone": "resnet18.no_such_weights"}, "no_such_weights"),
    ],
)
def test_an_unusable_backbone_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        build_backbone(NetworkConfig(**settings))


def test_a_backbone_without_padding_is_refused() -> None:
    backbone = build_backbone(small("inception_v3", fpn=False))
    with pytest.raises(InputError, match="pads its input"):
        backbone(images(96, 96))


def test_an_image_off_the_stride_is_refused() -> None:
    with pytest.raises(ShapeError, match="multiples of 32 pixels, not 64 × 70"):
        build_backbone(small())(images(64, 70))
