"""Networks for the tests of the runtimes, and how much two runtimes agree."""

import torch
from torch import Tensor

from patherea_core.batch import Sites
from patherea_core.model.network import P2PNetwork
from tests.core.model.networks import shaken, small

#: Greatest distance in tile pixels of two positions that count as the same.
SAME_PLACE = 1e-2
#: Greatest difference of two scores that count as the same.
SAME_SCORE = 1e-4


def tiny_network(backbone: str = "resnet10t") -> P2PNetwork:
    """Return a network whose anchor points have scores of many sizes and every class."""
    torch.manual_seed(0)
    network = P2PNetwork(small(backbone), 3)
    shaken(network)
    return network.eval()


def above(sites: Sites, threshold: float) -> Tensor:
    """Return which anchor points are cells."""
    return sites.score >= threshold


def middle_score(sites: Sites) -> float:
    """Return a threshold that half of the anchor points reach, and none lies close to."""
    scores = sites.score.flatten().sort().values
    inner = scores[len(scores) // 4 : 3 * len(scores) // 4]
    widest = inner.diff().argmax()
    return float((inner[widest] + inner[widest + 1]) / 2)


def share_alike(one: Sites, other: Sites, threshold: float) -> float:
    """Return the share of the cells of either that both have, of one class."""
    first, second = above(one, threshold), above(other, threshold)
    alike = first & second & (one.class_index == other.class_index)
    return float(alike.sum() / (first | second).sum())


def require_same_cells(one: Sites, other: Sites, threshold: float) -> None:
    """Fail unless both have the same cells: places, classes, and scores."""
    cells = above(one, threshold)
    assert 0 < int(cells.sum()) < cells.numel()
    assert torch.equal(cells, above(other, threshold))
    assert torch.equal(one.class_index[cells], other.class_index[cells])
    assert torch.allclose(one.xy[cells], other.xy[cells], rtol=0, atol=SAME_PLACE)
    assert torch.allclose(one.score, other.score, rtol=0, atol=SAME_SCORE)
