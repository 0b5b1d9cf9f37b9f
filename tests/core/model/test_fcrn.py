"""The shape and the parts of the network that draws proximity maps."""

import pytest
import torch

from patherea_core.batch import Batch
from patherea_core.config import NetworkConfig, ProximityConfig
from patherea_core.errors import InputError, ShapeError
from patherea_core.model.building import build_detector
from patherea_core.model.fcrn import FCRNetwork
from patherea_core.model.folding import folded
from patherea_core.model.network import P2PNetwork
from patherea_core.model.rising_decoder import RisingDecoder
from patherea_core.model.timm_pyramid import chosen_levels
from patherea_core.objective.proximity import proximity_loss
from tests.core.model.networks import images, shaken, small, without_gradient
from tests.core.objective.scenes import targets


def drawing(backbone: str = "resnet10t", stride: int = 2, **settings: object) -> NetworkConfig:
    """Return the settings of a small network that draws maps."""
    return small(backbone, feature_stride=stride, proximity=ProximityConfig(), **settings)


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("backbone", ["resnet10t", "convnext_atto", "vit_tiny_patch16_224"])
def test_maps_are_as_fine_as_asked_for_whatever_the_backbone_has(
    backbone: str, stride: int
) -> None:
    maps = build_detector(drawing(backbone, stride), 3)(images(64, 96))
    rows, columns = 64 // stride, 96 // stride
    assert maps.numbers()[0].shape == (2, 3, rows, columns)
    assert maps.anchors.shape == (rows * columns, 2)
    assert maps.anchors[0].tolist() == [stride / 2, stride / 2]
    assert maps.anchors[-1].tolist() == [96 - stride / 2, 64 - stride / 2]
    assert maps.sites().xy.shape == (2, rows * columns, 2)
    assert maps.class_count == 3


def test_maps_are_proximities_and_begin_as_those_of_rare_cells() -> None:
    maps = FCRNetwork(drawing(), 2).eval()(images())
    assert ((maps.values > 0) & (maps.values < 0.2)).all()


def test_the_kind_of_network_follows_from_the_settings() -> None:
    assert isinstance(build_detector(small(), 2), P2PNetwork)
    assert isinstance(build_detector(drawing(), 2), FCRNetwork)
    with pytest.raises(InputError, match=r"network\.proximity is missing"):
        FCRNetwork(small(), 2)


@pytest.mark.parametrize("backbone", ["resnet10t", "vit_tiny_patch16_224"])
def test_the_loss_reaches_every_parameter_of_every_group(backbone: str) -> None:
    network = FCRNetwork(drawing(backbone), 2).train()
    shaken(network)
    everywhere = torch.ones(2, 64, 64, dtype=torch.bool)
    made = Batch(images(), (targets(6), targets(4, seed=1)), everywhere)
    proximity_loss(network(made.images), made, 10.0).total.backward()  # type: ignore[no-untyped-call]
    # Nobody reads the class token, nor what a transformer's key biases add to each key alike.
    assert [name for name in without_gradient(network) if "transformer" not in name] == []
    groups = network.parameter_groups(0.3)
    assert [group["lr_factor"] for group in groups] == [0.3, 1.0]
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


def test_a_frozen_backbone_is_in_no_group_and_not_among_what_is_kept() -> None:
    network = FCRNetwork(drawing(frozen_backbone=True), 2)
    assert [group["lr_factor"] for group in network.parameter_groups(0.3)] == [1.0]
    kept = network.trained_state()
    assert {name.partition(".")[0] for name in kept} == {"backbone", "decoder", "output"}
    assert not any(name.startswith("backbone.pyramid") for name in kept)
    other = FCRNetwork(drawing(frozen_backbone=True), 2)
    other.load_trained_state(kept)
    assert torch.equal(other.output.weight, network.output.weight)


def test_weights_of_the_other_kind_are_refused() -> None:
    with pytest.raises(InputError, match="the weights lack 'decoder"):
        FCRNetwork(drawing(), 2).load_trained_state(P2PNetwork(small(), 2).state_dict())


def test_classes_keep_what_is_known_of_them_in_another_order() -> None:
    trained, fresh = FCRNetwork(drawing(), 3).eval(), FCRNetwork(drawing(), 2).eval()
    shaken(trained)
    # The first class is the trained network's last; the second is new.
    fresh.load_trained_state(fresh.with_classes_of(trained.state_dict(), [2, None], 3))
    ours, theirs = fresh(images()).values, trained(images()).values
    assert torch.allclose(ours[:, 0], theirs[:, 2])
    assert not torch.allclose(ours[:, 1], theirs[:, 1])


def test_folding_changes_nothing() -> None:
    network = FCRNetwork(drawing(), 2)
    shaken(network)
    network.eval()
    lighter = folded(network)
    assert lighter is not network
    assert torch.allclose(lighter(images()).values, network(images()).values, atol=1e-4)


def test_half_the_precision_moves_no_map_far() -> None:
    network = FCRNetwork(drawing(), 2).eval()
    with torch.no_grad():
        exact = network(images()).values
        with torch.autocast("cpu", torch.bfloat16):
            rough = network(images()).values
    assert rough.dtype == torch.float32
    assert torch.allclose(rough, exact, atol=0.02)


def test_a_tile_off_the_stride_is_refused() -> None:
    with pytest.raises(ShapeError, match="multiples of 32"):
        FCRNetwork(drawing(), 2)(images(64, 70))


def test_a_backbone_without_a_level_that_serves_is_refused() -> None:
    with pytest.raises(InputError, match="none from 1 to 1"):
        chosen_levels("resnet10t", {}, 1, 1, exact=False)


def test_each_finer_step_has_half_the_channels_down_to_eight() -> None:
    decoder = RisingDecoder((4, 8, 16, 32), (3, 4, 5, 6), finest=1, width=64)
    widths = [len(decoder.state_dict()[f"steps.{row}.second.weight"]) for row in range(5)]
    assert widths == [64, 64, 32, 16, 8]
    assert decoder.width == 8
    levels = [torch.zeros(1, 3 + row, 16 >> row, 16 >> row) for row in range(4)]
    assert decoder(levels).shape == (1, 8, 64, 64)
