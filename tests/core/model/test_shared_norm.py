"""A network whose batch normalisation is shared computes what it computed, activations and hooks included."""

import pytest
import torch
from torch import nn

from patherea_core.config import NetworkConfig
from patherea_core.model.backbones import build_backbone
from patherea_core.model.shared_norm import share_norm
from patherea_core.pretraining.building import build_masked_model
from patherea_core.pretraining.settings import PretrainingConfig


def shared_layers(network: nn.Module) -> int:
    return sum(isinstance(layer, nn.SyncBatchNorm) for layer in network.modules())


@pytest.mark.parametrize("name", ["resnet10t", "test_efficientnet", "test_convnext"])
def test_features_stay_the_same(name: str) -> None:
    torch.manual_seed(0)
    backbone = build_backbone(NetworkConfig(backbone=name)).eval()
    images = torch.randint(256, (1, 3, 64, 64), dtype=torch.uint8)
    names = [*backbone.state_dict()]
    with torch.no_grad():
        before = backbone(images)
        share_norm(backbone)
        after = backbone(images)
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert [*backbone.state_dict()] == names
    assert bool(shared_layers(backbone)) == (name != "test_convnext")


def test_a_sparse_network_still_sees_what_is_visible_alone() -> None:
    torch.manual_seed(0)
    config = PretrainingConfig(backbone="test_efficientnet", tile_size=64, decoder_width=32)
    model = build_masked_model(config).eval()
    images, hidden = torch.randn(1, 3, 64, 64), torch.eye(2, dtype=torch.bool)[None]
    with torch.no_grad():
        before = model(images, hidden)
        share_norm(model)
        after = model(images, hidden)
    assert shared_layers(model) > 10
    assert torch.equal(before.picture, after.picture)
    assert torch.equal(before.loss, after.loss)
