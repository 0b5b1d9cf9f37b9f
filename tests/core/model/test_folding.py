"""Folded normalisation: the same outputs with fewer steps, and the network as it was where that cannot be."""

import pytest
import torch
from torch import Tensor, nn

from patherea_core.model.folding import folded
from patherea_core.model.network import P2PNetwork
from tests.core.model.networks import images, shaken, small


def network(backbone: str) -> P2PNetwork:
    """Return one whose normalisations have seen something."""
    made = P2PNetwork(small(backbone), class_count=2)
    shaken(made)
    made.train()
    made(images())
    return made.eval()


def norms(module: nn.Module) -> int:
    return sum(isinstance(each, nn.BatchNorm2d) for each in module.modules())


@pytest.mark.parametrize("backbone", ["resnet10t", "test_efficientnet", "densenet121"])
def test_folded_is_the_same_network_without_what_follows_a_convolution(backbone: str) -> None:
    plain = network(backbone)
    lighter = folded(plain)
    assert norms(lighter) < norms(plain)
    with torch.inference_mode():
        before, after = plain(images(96, 64)).one_to_one, lighter(images(96, 64)).one_to_one
    torch.testing.assert_close(after.xy, before.xy, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(after.logits, before.logits, atol=1e-3, rtol=1e-4)


def test_all_normalisations_of_a_residual_network_are_folded() -> None:
    assert norms(folded(network("resnet10t"))) == 0


def test_the_network_that_was_given_stays_as_it_was() -> None:
    plain = network("resnet10t")
    before = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    folded(plain)
    after = plain.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_convolution_whose_output_is_wanted_twice_is_not_folded() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(8, 8, kernel_size=1)
            self.norm = nn.BatchNorm2d(8)

        def forward(self, features: Tensor) -> Tensor:
            given: Tensor = self.convolution(features)
            normed: Tensor = self.norm(given)
            return given + normed

    plain = network("resnet10t")
    twice = Twice()
    nn.init.constant_(twice.norm.weight, 3.0)
    plain.pyramid = nn.Sequential(plain.pyramid, twice.eval())
    assert folded(plain) is plain
