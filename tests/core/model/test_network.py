"""The shape and the parts of the P2P network."""

import pytest
import torch

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError, ShapeError
from patherea_core.model.anchors import anchor_points
from patherea_core.model.backbones import Backbone
from patherea_core.model.fpn import FeaturePyramid
from patherea_core.model.heads import Head
from patherea_core.model.network import P2PNetwork

TINY = NetworkConfig(backbone="convnext_atto", fpn_channels=16, head_blocks=1)


def images(height: int = 64, width: int = 64, count: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8, generator=generator)


def test_anchors_sit_in_the_middles_of_equal_parts_of_every_site() -> None:
    anchors = anchor_points(1, 2, 8, 2)
    expected = [[2, 2], [6, 2], [2, 6], [6, 6], [10, 2], [14, 2], [10, 6], [14, 6]]
    assert anchors.tolist() == expected


def test_the_paper_has_3136_proposals_on_a_tile() -> None:
    assert len(anchor_points(28, 28, 8, 2)) == 3136


def test_proposals_follow_the_shape_of_a_tile_that_is_not_square() -> None:
    proposals = P2PNetwork(TINY, 3)(images(64, 96))
    assert proposals.anchors.shape == (8 * 12 * 4, 2)
    assert proposals.one_to_one.xy.shape == (2, 384, 2)
    assert proposals.one_to_one.logits.shape == (2, 384, 4)
    assert proposals.one_to_many is not None
    assert proposals.one_to_many.logits.shape == (2, 384, 4)


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


def test_a_plain_one_to_one_network_builds_no_second_branch() -> None:
    plain = P2PNetwork(TINY.model_copy(update={"one_to_many": False}), 2)
    assert plain(images()).one_to_many is None
    assert plain.regression.refined_output is None
    hybrid = P2PNetwork(TINY, 2)
    assert set(plain.state_dict()) < set(hybrid.state_dict())


def test_the_backbone_builds_no_level_finer_than_the_heads_read() -> None:
    backbone = Backbone("convnext_atto", 8)
    assert backbone.strides == (8, 16, 32)
    shapes = [level.shape[-2:] for level in backbone(images(64, 96))]
    assert shapes == [(8, 12), (4, 6), (2, 3)]


def test_the_pyramid_carries_coarse_levels_to_the_finest() -> None:
    pyramid = FeaturePyramid([4, 6, 8], 5)
    levels = [torch.zeros(1, 4, 8, 8), torch.zeros(1, 6, 4, 4), torch.zeros(1, 8, 2, 2)]
    before = pyramid(levels)
    levels[2][0, 0, 1, 1] = 1.0
    changed = (pyramid(levels) - before).abs().sum(dim=1)[0] > 0
    assert changed[4:, 4:].all()
    assert not changed[:3, :3].any()


def test_a_tile_off_the_stride_is_refused() -> None:
    with pytest.raises(ShapeError, match="multiples of 32"):
        P2PNetwork(TINY, 2)(images(64, 70))


@pytest.mark.parametrize(
    ("name", "said"),
    [("no_such_network", "timm knows no model"), ("mixer_s32_224", "none at 8")],
)
def test_an_unusable_backbone_is_refused(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Backbone(name, 8)


def test_a_stride_the_backbone_lacks_is_refused() -> None:
    with pytest.raises(InputError, match="none at 5"):
        Backbone("convnext_atto", 5)
