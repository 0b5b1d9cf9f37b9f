"""Batch normalisation that has ceased to learn, taken into the convolutions before it.

At inference a batch normalisation is a factor and a summand for each channel, which the weights of the
convolution before it can hold as well. That saves a pass over the largest maps: a tenth of the time of a
small network on a processor, and the memory of a copy.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from patherea_core.model.detector_network import DetectorNetwork

#: How far what a network computes may lie apart, by the order in which numbers are multiplied.
_ROUNDING = 1e-3

_Pair = tuple[str, str]


@torch.no_grad()
def folded(network: DetectorNetwork) -> DetectorNetwork:
    """Return a network that gives the same with fewer steps, for inference alone.

    Which normalisation follows which convolution is seen by following the network at work. Whether nothing
    else wanted to know what a convolution gave is seen from the result: if it is another one, the network is
    returned as it was.

    Args:
        network: ready for inference; it is left as it is, and shares all other weights with what is returned.
    """
    grid = network.largest_stride
    images = torch.arange(3 * 4 * grid * 4 * grid, dtype=torch.int64) % 251
    images = images.to(torch.uint8).reshape(1, 3, 4 * grid, 4 * grid)
    images = images.to(next(network.parameters()).device)
    pairs = _pairs(network, images)
    if not pairs:
        return network
    changed = {name for pair in pairs for name in pair}
    kept = {
        id(tensor): tensor
        for name, tensor in network.state_dict(keep_vars=True).items()
        if name.rpartition(".")[0] not in changed
    }
    lighter = copy.deepcopy(network, kept)
    for convolution, norm in pairs:
        _fold(lighter, convolution, norm)
    return lighter if _alike(network, lighter, images) else network


def _pairs(network: DetectorNetwork, images: Tensor) -> list[_Pair]:
    """Return the names of the convolutions and of the normalisations that take just what they give."""
    given: dict[int, tuple[str, Tensor]] = {}
    pairs: list[_Pair] = []
    hooks = []

    def gave(name: str, output: Tensor) -> None:
        given[id(output)] = name, output  # which must live on, so that no other one gets its number

    def took(name: str, taken: Tensor) -> None:
        if id(taken) in given:
            pairs.append((given[id(taken)][0], name))

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(
                module.register_forward_hook(lambda _, __, out, name=name: gave(name, out))
            )
        elif isinstance(module, nn.BatchNorm2d):
            hooks.append(
                module.register_forward_pre_hook(lambda _, taken, name=name: took(name, taken[0]))
            )
    network(images)
    for hook in hooks:
        hook.remove()
    return pairs


def _fold(network: nn.Module, convolution_name: str, norm_name: str) -> None:
    convolution, norm = (network.get_submodule(name) for name in (convolution_name, norm_name))
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    # timm's normalisations hold the activation that comes after them.
    after = [getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)]
    network.set_submodule(norm_name, nn.Sequential(*after))


def _alike(network: DetectorNetwork, lighter: DetectorNetwork, images: Tensor) -> bool:
    before, after = (each(images).numbers() for each in (network, lighter))
    return all(
        torch.allclose(one, other, atol=_ROUNDING) for one, other in zip(before, after, strict=True)
    )
