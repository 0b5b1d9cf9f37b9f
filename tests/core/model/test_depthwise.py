"""Depthwise convolutions of a mixed training on a processor compute in 32 bits, and nothing else does."""

from contextlib import nullcontext

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from patherea_core.model.depthwise import depthwise_in_32_bits

MAPS = torch.randn(2, 8, 12, 12, generator=torch.Generator().manual_seed(0))


def depthwise(stride: int = 2) -> nn.Conv2d:
    torch.manual_seed(1)
    return nn.Conv2d(8, 8, 3, stride=stride, padding=1, groups=8)


def mixed() -> torch.autocast:
    return torch.autocast("cpu", dtype=torch.bfloat16)


@pytest.mark.parametrize("stride", [1, 2])
def test_maps_and_gradients_are_those_of_32_bits_but_for_the_last_rounding(stride: int) -> None:
    layer, maps = depthwise(stride), MAPS.bfloat16().requires_grad_()
    with depthwise_in_32_bits(layer), mixed():
        found = layer(maps)
    gradients = torch.autograd.grad(found.float().square().sum(), [maps, *layer.parameters()])

    wide, (weight, bias) = maps.detach().float().requires_grad_(), layer.parameters()
    literal = conv2d(wide, weight, bias, stride, 1, 1, 8).bfloat16()
    wanted = torch.autograd.grad(literal.float().square().sum(), [wide, weight, bias])
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, literal)
    assert torch.equal(gradients[0], wanted[0].bfloat16())
    assert all(map(torch.equal, gradients[1:], wanted[1:]))


@pytest.mark.parametrize("name", ["mobilenetv2_100", "test_convnext", "test_efficientnet"])
def test_gradients_of_a_network_are_as_near_to_those_of_32_bits_as_mixed_ones(name: str) -> None:
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=3).eval()
    images = torch.randn(2, 3, 64, 64)

    def gradients(*, half: bool, whole: bool) -> Tensor:
        with depthwise_in_32_bits(network) if whole else nullcontext():
            with mixed() if half else nullcontext():
                loss = network(images).float().square().sum()
            found = torch.autograd.grad(loss, [*network.parameters()])
        return torch.cat([one.flatten() for one in found])

    exact = gradients(half=False, whole=False)
    assert torch.equal(gradients(half=False, whole=True), exact)  # nothing to do without mixing
    error = (gradients(half=True, whole=True) - exact).norm() / exact.norm()
    usual = (gradients(half=True, whole=False) - exact).norm() / exact.norm()
    assert 0 < error < 1.5 * usual


@pytest.mark.parametrize("layer", [nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3, groups=2)])
def test_other_convolutions_stay_in_16_bits(layer: nn.Conv2d) -> None:
    with mixed():
        before = layer(MAPS)
        with depthwise_in_32_bits(layer):
            assert torch.equal(layer(MAPS), before)


def test_a_network_is_as_before_when_the_block_ends() -> None:
    network = nn.Sequential(depthwise(), nn.ReLU())
    names = [*network.state_dict()]
    with mixed():
        before = network(MAPS)
        with depthwise_in_32_bits(network):
            within = network(MAPS)
            assert [*network.state_dict()] == names
        assert torch.equal(network(MAPS), before)
    assert not torch.equal(within, before)


def test_a_layer_that_fails_leaves_mixed_precision_on() -> None:
    layer = depthwise()
    with depthwise_in_32_bits(layer), mixed():
        with pytest.raises(RuntimeError, match="channels"):
            layer(MAPS[:, :4])
        assert torch.is_autocast_enabled("cpu")
        assert layer(MAPS).dtype == torch.bfloat16
