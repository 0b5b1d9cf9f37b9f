"""Proposals and batches for tests of the objective."""

from collections.abc import Sequence

import torch

from patherea_core.batch import Batch, Branch, Proposals, Targets
from patherea_core.model.anchors import anchor_points

SIDE = 64


def random(seed: int) -> torch.Generator:
    """Return a generator."""
    return torch.Generator().manual_seed(seed)


def targets(count: int, *, classes: int = 2, seed: int = 0) -> Targets:
    """Return so many cells anywhere in a tile."""
    generator = random(seed)
    xy = torch.rand(count, 2, generator=generator) * SIDE
    return Targets(xy, torch.randint(classes, (count,), generator=generator))


def batch(counts: Sequence[int], *, classes: int = 2) -> Batch:
    """Return tiles with so many cells; the right half of the second and all of the third is unlabelled."""
    labelled = torch.ones(len(counts), SIDE, SIDE, dtype=torch.bool)
    labelled[1:2, :, SIDE // 2 :] = False
    labelled[2:3] = False
    cells = tuple(targets(count, classes=classes, seed=row) for row, count in enumerate(counts))
    return Batch(torch.zeros(len(counts), 3, SIDE, SIDE, dtype=torch.uint8), cells, labelled)


def proposals(
    tiles: int, *, classes: int = 2, one_to_many: bool = True, seed: int = 0
) -> Proposals:
    """Return proposals near their anchors whose positions and logits take gradients."""
    generator = random(seed)
    anchors = anchor_points(SIDE // 8, SIDE // 8, 8, 2)

    def branch() -> Branch:
        noise = torch.randn(tiles, len(anchors), 2, generator=generator)
        logits = torch.randn(tiles, len(anchors), classes + 1, generator=generator)
        return Branch((anchors + noise).requires_grad_(), logits.requires_grad_())

    return Proposals(anchors, branch(), branch() if one_to_many else None)
