"""A training step to the letter of the paper, without any thought of speed; what ours is compared with.

The pyramid has all levels from stride 4 to 32, each of them smoothed, though one alone is read. Tiles are
cut by the training itself from images that are read each time they are shown. Losses go tile by tile: the
cost matrix with repeated rows is assigned on the host, for each tile and branch. All is 32 bits.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, RandomSampler

from patherea_core.batch import Batch, Branch, Proposals, Targets
from patherea_core.config import AssignmentConfig, LossConfig, NetworkConfig
from patherea_core.data.dataset import collate
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import read_sample
from patherea_core.model.anchors import anchor_points
from patherea_core.model.backbones import build_backbone
from patherea_core.model.heads import Head
from patherea_core.seeding import Seed


class LiteralPyramid(nn.Module):
    """A feature pyramid network with an output for every level (Lin et al. 2017)."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(each, width, kernel_size=1) for each in channels)
        self.smooth = nn.ModuleList(
            nn.Conv2d(width, width, kernel_size=3, padding=1) for _ in channels
        )

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Return one map for each level, from fine to coarse."""
        merged = [project(level) for project, level in zip(self.laterals, levels, strict=True)]
        for finer in reversed(range(len(merged) - 1)):
            size = merged[finer].shape[-2:]
            merged[finer] = merged[finer] + functional.interpolate(merged[finer + 1], size=size)
        return [smooth(level) for smooth, level in zip(self.smooth, merged, strict=True)]


class LiteralNetwork(nn.Module):
    """Backbone and pyramid with all levels from stride 4, and heads on that of ``feature_stride``."""

    def __init__(self, config: NetworkConfig, class_count: int) -> None:
        super().__init__()
        every = {"feature_stride": 4, "coarsest_stride": 32}
        self.config = config
        self.backbone = build_backbone(config.model_copy(update=every))
        self.pyramid = LiteralPyramid(self.backbone.channels, config.fpn_channels)
        width, blocks = config.fpn_channels, config.head_blocks
        anchors = config.anchors_per_side**2
        self.regression = Head(width, blocks, anchors=anchors, outputs=2, one_to_many=True)
        self.classification = Head(
            width, blocks, anchors=anchors, outputs=class_count + 1, one_to_many=True
        )

    def forward(self, images: Tensor) -> Proposals:
        """Return the proposals for (B, 3, H, W) uint8 RGB tiles."""
        stride = self.config.feature_stride
        levels = self.pyramid(self.backbone(images))
        features = levels[self.backbone.strides.index(stride)]
        rows, columns = features.shape[-2:]
        per_side = self.config.anchors_per_side
        anchors = anchor_points(rows, columns, stride, per_side, features.device)
        offsets, many_offsets = self.regression(features)
        logits, many_logits = self.classification(features)
        return Proposals(
            anchors,
            Branch(anchors + offsets, logits),
            Branch(anchors + many_offsets, many_logits),
        )


class LiteralTiles(Dataset[Batch]):
    """Random tiles of a dataset folder, whose files are read each time."""

    def __init__(self, folder: Path, manifest: Manifest, side: int) -> None:
        self._folder, self._manifest, self._side = folder, manifest, side
        self._random = Seed(0).stream("literal tiles")

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._manifest.samples)

    def __getitem__(self, row: int) -> Batch:
        """Return one tile, mirrored or not."""
        sample = read_sample(self._folder, self._manifest, self._manifest.samples[row])
        height, width = sample.pixels.shape[:2]
        top = self._random.integers(max(0, height - self._side) + 1)
        left = self._random.integers(max(0, width - self._side) + 1)
        pixels = sample.pixels[top : top + self._side, left : left + self._side]
        xy = sample.points.xy - (left, top)
        inner = ((xy >= 0) & (xy < self._side)).all(axis=1)
        xy, classes = xy[inner], sample.points.class_index[inner]
        if self._random.random() < 0.5:
            pixels, xy = pixels[:, ::-1], np.array([self._side, 0]) + xy * (-1, 1)
        image = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
        targets = Targets(torch.from_numpy(xy).float(), torch.from_numpy(classes))
        everywhere = torch.ones(1, self._side, self._side, dtype=torch.bool)
        return Batch(image[None], (targets,), everywhere)


def literal_batches(tiles: LiteralTiles, size: int) -> Iterator[Batch]:
    """Yield batches without end."""
    endless = RandomSampler(tiles, replacement=True, num_samples=sys.maxsize // size * size)
    yield from DataLoader(tiles, batch_size=size, sampler=endless, collate_fn=collate)


def literal_pairs(branch: Branch, targets: Sequence[Targets], claims: int) -> list[Tensor]:
    """Return for each tile (2, P) rows of proposals and of the targets that they serve."""
    found = []
    with torch.no_grad():
        for xy, logits, target in zip(branch.xy, branch.logits, targets, strict=True):
            probability = logits.softmax(dim=1)[:, target.class_index]
            cost = 0.05 * torch.cdist(target.xy, xy) - probability.T
            repeated = np.repeat(cost.cpu().numpy(), claims, axis=0)
            copies, proposals = linear_sum_assignment(repeated)
            found.append(torch.from_numpy(np.stack([proposals, copies // claims])).to(xy.device))
    return found


def literal_assignments(
    proposals: Proposals, batch: Batch, assignment: AssignmentConfig
) -> list[list[Tensor]]:
    """Return the pairs of both branches."""
    assert proposals.one_to_many is not None
    return [
        literal_pairs(proposals.one_to_one, batch.targets, 1),
        literal_pairs(proposals.one_to_many, batch.targets, assignment.proposals_per_target),
    ]


def literal_loss(
    proposals: Proposals, batch: Batch, assignment: AssignmentConfig, loss: LossConfig
) -> Tensor:
    """Return the hybrid loss in its released form (paper, equations 2 to 5)."""
    assert proposals.one_to_many is not None
    weighted = ((proposals.one_to_one, 1.0), (proposals.one_to_many, loss.one_to_many_weight))
    total = proposals.anchors.new_zeros(())
    pairs = literal_assignments(proposals, batch, assignment)
    for (branch, weight), of_branch in zip(weighted, pairs, strict=True):
        for tile, (target, (chosen, served)) in enumerate(
            zip(batch.targets, of_branch, strict=True)
        ):
            part = _classification(branch.logits[tile], chosen, target.class_index[served], loss)
            if len(chosen):
                xy = branch.xy[tile, chosen]
                part = part + loss.regression_weight * functional.mse_loss(xy, target.xy[served])
            total = total + weight * part / len(batch.targets)
    return total


def _classification(logits: Tensor, chosen: Tensor, classes: Tensor, loss: LossConfig) -> Tensor:
    background = logits.shape[1] - 1
    wanted = torch.full(logits.shape[:1], background, device=logits.device)
    wanted[chosen] = classes
    weights = torch.full(logits.shape[1:], loss.cell_weight, device=logits.device)
    weights[background] = loss.background_weight
    return functional.cross_entropy(logits, wanted, weight=weights)
