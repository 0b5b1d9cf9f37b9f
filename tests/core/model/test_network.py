"""The shape and the parts of the P2P network."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from patherea_core.batch import Proposals
from patherea_core.errors import InputError, ShapeError
from patherea_core.model.anchors import anchor_points
from patherea_core.model.fpn import FeaturePyramid, SingleLevel
from patherea_core.model.heads import Head
from patherea_core.model.network import P2PNetwork
from tests.core.model.networks import images, shaken, small, without_gradient


def test_anchors_sit_in_the_middles_of_equal_parts_of_every_site() -> None:
    anchors = anchor_points(1, 2, 8, 2)
    expected = [[2, 2], [6, 2], [2, 6], [6, 6], [10, 2], [14, 2], [10, 6], [14, 6]]
    assert anchors.tolist() == expected


def test_the_paper_has_3136_proposals_on_a_tile() -> None:
    assert len(anchor_points(28, 28, 8, 2)) == 3136


def test_proposals_follow_the_shape_of_a_tile_that_is_not_square() -> None:
    proposals = P2PNetwork(small(), 3)(images(64, 96))
    assert proposals.anchors.shape == (8 * 12 * 4, 2)
    assert proposals.one_to_one.xy.shape == (2, 384, 2)
    assert proposals.one_to_one.logits.shape == (2, 384, 4)
    assert proposals.one_to_many is not None
    assert proposals.one_to_many.logits.shape == (2, 384, 4)


@pytest.mark.parametrize("per_side", [1, 3])
def test_a_site_has_as_many_anchors_as_it_is_told(per_side: int) -> None:
    proposals = P2PNetwork(small(anchors_per_side=per_side), 2)(images(64, 32))
    assert proposals.one_to_one.logits.shape == (2, 8 * 4 * per_side**2, 3)


def test_the_head_reads_each_anchor_from_its_own_site() -> None:
    head = Head(4, 0, anchors=4, outputs=2, one_to_many=False)
    torch.nn.init.zeros_(head.first_output.weight)
    head.first_output.weight.data[:, 0, 1, 1] = torch.arange(8.0)
    features = torch.zeros(1, 4, 3, 5)
    features[0, 0, 2, 1] = 1.0
    output, _ = head(features)
    site = 2 * 5 + 1
    assert output[0, 4 * site : 4 * site + 4].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert output.abs().sum() == 28


def test_the_refined_branch_begins_as_a_copy_of_the_first() -> None:
    one, many = Head(8, 1, anchors=4, outputs=3, one_to_many=True)(torch.randn(1, 8, 4, 4))
    assert torch.allclose(one, many)


def test_a_rectifier_lies_between_the_offsets_alone() -> None:
    network = P2PNetwork(small(rectified_offsets=True), 2).eval()
    proposals = network(images())
    one, many = proposals.one_to_one, proposals.one_to_many
    assert many is not None
    rectified = (many.xy - proposals.anchors).relu()
    assert torch.allclose(one.xy - proposals.anchors, rectified, atol=1e-5)
    assert not torch.allclose(one.xy, many.xy)
    assert torch.allclose(one.logits, many.logits)


def test_a_plain_one_to_one_network_builds_no_second_branch() -> None:
    plain = P2PNetwork(small(one_to_many=False), 2)
    assert plain(images()).one_to_many is None
    assert plain.regression.refined_output is None
    hybrid = P2PNetwork(small(), 2)
    assert set(plain.state_dict()) < set(hybrid.state_dict())


def test_the_pyramid_carries_coarse_levels_to_the_finest() -> None:
    pyramid = FeaturePyramid([4, 6, 8], 5, 5)
    levels = [torch.zeros(1, 4, 8, 8), torch.zeros(1, 6, 4, 4), torch.zeros(1, 8, 2, 2)]
    before = pyramid(levels)
    levels[2][0, 0, 1, 1] = 1.0
    changed = (pyramid(levels) - before).abs().sum(dim=1)[0] > 0
    assert changed[4:, 4:].all()
    assert not changed[:3, :3].any()


@pytest.mark.parametrize("fpn", [True, False])
def test_heads_can_have_a_width_of_their_own(*, fpn: bool) -> None:
    network = P2PNetwork(small(head_channels=12, fpn=fpn), 2)
    assert network.classification.first_output.in_channels == 12
    assert network(images()).one_to_one.logits.shape == (2, 256, 3)


def test_without_a_pyramid_a_level_of_the_right_width_goes_to_the_heads_as_it_is() -> None:
    level = torch.randn(1, 48, 8, 8)
    assert SingleLevel(48, 48)([level]) is level
    network = P2PNetwork(small("vit_tiny_patch16_224", fpn=False, fpn_channels=48), 2)
    assert not any(name.startswith("pyramid.") for name in network.state_dict())


@pytest.mark.parametrize(
    "settings",
    [
        {"fpn": False},
        {"one_to_many": False},
        {"backbone": "vit_tiny_patch16_224", "fpn": False, "fpn_channels": 48},
        {"backbone": "mobilenetv2_050", "coarsest_stride": 16},
    ],
)
def test_every_form_builds_only_what_it_trains(settings: dict[str, Any]) -> None:
    network = P2PNetwork(small(**settings), 2)
    shaken(network)
    proposals = network(images())
    outputs = [proposals.one_to_one.xy, proposals.one_to_one.logits]
    torch.autograd.backward([output.square().sum() for output in outputs])
    assert without_gradient(network) == []


def test_names_of_older_weights_stay() -> None:
    names = P2PNetwork(small("convnext_atto"), 2).state_dict().keys()
    assert {name.split(".")[0] for name in names} == {
        *("backbone", "pyramid", "regression", "classification")
    }
    assert {
        *("backbone.mean", "backbone.pyramid.stem_0.weight", "pyramid.laterals.2.bias"),
        *("pyramid.smooth.weight", "regression.blocks.0.first.weight"),
        *("regression.refined_output.bias", "classification.first_output.weight"),
    } <= set(names)


@pytest.mark.parametrize("backbone", ["resnet10t", "vit_tiny_patch16_224"])
def test_the_pretrained_part_alone_has_a_rate_of_its_own(backbone: str) -> None:
    network = P2PNetwork(small(backbone), 2)
    pretrained, rest = network.parameter_groups(0.1)
    assert (pretrained["lr_factor"], rest["lr_factor"]) == (0.1, 1.0)
    assert pretrained["params"] == list(network.backbone.pretrained_part.parameters())
    both = [id(parameter) for group in (pretrained, rest) for parameter in group["params"]]
    assert sorted(both) == sorted(map(id, network.parameters()))


def test_an_optimiser_is_given_no_frozen_parameter() -> None:
    network = P2PNetwork(small("vit_tiny_patch16_224", frozen_backbone=True), 2)
    (only,) = network.parameter_groups(0.1)
    assert only["lr_factor"] == 1.0
    assert all(parameter.requires_grad for parameter in only["params"])
    named = dict(network.named_parameters())
    assert len(only["params"]) == sum(".transformer." not in name for name in named)


@pytest.mark.parametrize("backbone", ["resnet10t", "vit_tiny_patch16_224"])
def test_what_was_trained_beside_a_frozen_backbone_is_enough(backbone: str) -> None:
    settings = small(backbone, frozen_backbone=True)
    network, other = P2PNetwork(settings, 2).eval(), P2PNetwork(settings, 2).eval()
    state = network.trained_state()
    assert state.keys() < network.state_dict().keys()
    other.backbone.pretrained_part.load_state_dict(network.backbone.pretrained_part.state_dict())
    other.load_trained_state(state)
    assert torch.equal(other(images()).one_to_one.xy, network(images()).one_to_one.xy)
    other.load_trained_state(network.state_dict())


def test_all_is_kept_of_a_network_that_is_not_frozen() -> None:
    network = P2PNetwork(small(), 2)
    assert network.trained_state().keys() == network.state_dict().keys()
    frozen = P2PNetwork(small(frozen_backbone=True), 2)
    with pytest.raises(InputError, match=r"the weights lack 'backbone\.pyramid"):
        network.load_trained_state(frozen.trained_state())


def test_weights_of_another_form_are_refused() -> None:
    network = P2PNetwork(small(), 2)
    state = network.trained_state()
    with pytest.raises(InputError, match="have, without use, 'stray'"):
        network.load_trained_state(state | {"stray": torch.zeros(1)})
    with pytest.raises(InputError, match=r"the weights lack 'pyramid\.smooth\.bias'"):
        network.load_trained_state(
            {name: state[name] for name in state if name != "pyramid.smooth.bias"}
        )
    with pytest.raises(InputError, match="not those of the network"):
        P2PNetwork(small(), 3).load_trained_state(state)


def test_a_tile_off_the_stride_is_refused() -> None:
    with pytest.raises(ShapeError, match="multiples of 32"):
        P2PNetwork(small(), 2)(images(64, 70))


@pytest.mark.parametrize("backbone", ["resnet10t", "vit_giant_patch14_reg4_dinov2"])
def test_half_the_precision_moves_no_proposal_far(backbone: str) -> None:
    network = P2PNetwork(small(backbone), 2).eval()
    pixels = images()
    with torch.no_grad():
        exact = network(pixels).one_to_one
        with torch.autocast("cpu", torch.bfloat16):
            rough = network(pixels).one_to_one
    assert rough.xy.dtype == torch.float32
    assert torch.allclose(rough.xy, exact.xy, atol=0.05)


class Positions(nn.Module):
    """Of what a network proposes, the positions alone: exported programs give plain tensors."""

    def __init__(self, network: P2PNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        proposals: Proposals = self.network(pixels)
        return proposals.one_to_one.xy


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["resnet10t", "vit_giant_patch14_reg4_dinov2"])
def test_a_network_can_be_exported_for_any_number_of_tiles(backbone: str) -> None:
    network = P2PNetwork(small(backbone), 2).eval()
    tiles = torch.export.Dim("tiles", min=1, max=64)
    exported = torch.export.export(
        Positions(network), (images(),), dynamic_shapes=({0: tiles},), strict=False
    )
    three = images(count=3)
    assert torch.allclose(exported.module()(three), network(three).one_to_one.xy, atol=1e-4)
