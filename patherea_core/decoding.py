"""From proposals to detections: one class per proposal, then a threshold (paper, section 3.1).

One-to-one matching is meant to leave one proposal for a cell. A network that was trained for hours rather
than days still gives some cells two, a pixel or two apart, which ``one_per_cell`` undoes.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from patherea_core.batch import Branch, Proposals
from patherea_core.geometry import Bools
from patherea_core.points import Detections


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """What a batch of tiles shows at its M anchor points: a cell each, however unlikely.

    Attributes:
        xy: (B, M, 2) float32 positions in tile pixels.
        score: (B, M) float32 probability, in [0, 1], of the likeliest cell class.
        class_index: (B, M) int64 rows of the taxonomy: that class.
    """

    xy: Tensor
    score: Tensor
    class_index: Tensor


def likeliest(proposals: Proposals) -> Sites:
    """Return the likeliest cell class of each proposal of the one-to-one branch, on its device.

    Background counts in the probabilities, but is never the class.
    """
    branch = proposals.one_to_one
    probability = branch.logits.float().softmax(dim=-1)[..., :-1]
    score, class_index = probability.max(dim=-1)
    return Sites(branch.xy.float(), score, class_index)


def survivors(
    sites: Sites, row: int, *, score_threshold: float, owned: Bools | None = None
) -> Detections:
    """Return the sites of one tile of a batch whose score reaches the threshold, in tile pixels.

    Only these leave the device.

    Args:
        sites: of the batch.
        row: which tile of the batch.
        score_threshold: least probability, in [0, 1].
        owned: (M,) mask of the sites to consider; all if None.
    """
    keep = sites.score[row] >= score_threshold
    if owned is not None:
        keep &= torch.as_tensor(owned, device=keep.device)
    return Detections(
        sites.xy[row][keep].double().cpu().numpy(),
        sites.class_index[row][keep].cpu().numpy(),
        np.clip(sites.score[row][keep].double().cpu().numpy(), 0.0, 1.0),
    )


@torch.inference_mode()
def decode(
    proposals: Proposals, row: int, *, score_threshold: float, owned: Bools | None = None
) -> Detections:
    """Return the detections of one tile of a batch, in tile pixels.

    Each proposal of the one-to-one branch takes its likeliest cell class and is kept if the
    probability of that class reaches the threshold; no proposal is two cells.

    Args:
        proposals: what the network proposes for the batch.
        row: which tile of the batch.
        score_threshold: least probability, in [0, 1].
        owned: (M,) mask of the proposals to consider; all if None.
    """
    branch, of_tile = proposals.one_to_one, slice(row, row + 1)
    tile = Branch(branch.xy[of_tile], branch.logits[of_tile])
    sites = likeliest(Proposals(proposals.anchors, tile, None))
    return survivors(sites, 0, score_threshold=score_threshold, owned=owned)


def one_per_cell(found: Detections, least_distance: float) -> Detections:
    """Return the detections without those that lie closer than a distance to a likelier one that stays.

    Whether a detection stays does not depend on the order, nor on a threshold applied before or after;
    of equally likely ones the upper, then the leftmost wins.

    Args:
        found: detections of a whole region, so that no seam keeps both of a pair.
        least_distance: in the unit of the positions; 0 returns all.
    """
    return found.take(apart(found, least_distance))


def apart(found: Detections, least_distance: float) -> Bools:
    """Tell which detections ``one_per_cell`` keeps: (N,) mask."""
    stays = np.ones(len(found), dtype=np.bool_)
    if least_distance <= 0 or len(found) < 2:
        return stays
    # The tree takes pairs at that distance too, which the next smaller number leaves out.
    within = np.nextafter(least_distance, 0.0)
    pairs = cKDTree(found.xy).query_pairs(within, output_type="ndarray")
    rank = np.empty(len(found), dtype=np.int64)
    rank[np.lexsort((found.xy[:, 0], found.xy[:, 1], -found.score))] = np.arange(len(found))
    likelier = np.where(rank[pairs[:, 0]] < rank[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    other = pairs.sum(axis=1) - likelier
    # By falling likelihood, so that what could remove a detection has been decided before it removes any.
    order = np.argsort(rank[likelier], kind="stable")
    for winner, loser in zip(likelier[order].tolist(), other[order].tolist(), strict=True):
        if stays[winner]:
            stays[loser] = False
    return stays
