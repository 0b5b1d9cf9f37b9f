"""From what a network says to detections: one class per site, then a threshold (paper, section 3.1).

One-to-one matching is meant to leave one proposal for a cell. A network that was trained for hours rather
than days still gives some cells two, a pixel or two apart, which ``one_per_cell`` undoes.
"""

import numpy as np
import torch
from scipy.spatial import cKDTree

from patherea_core.batch import Outputs, Sites
from patherea_core.geometry import Bools
from patherea_core.points import Detections


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
    outputs: Outputs, row: int, *, score_threshold: float, owned: Bools | None = None
) -> Detections:
    """Return the detections of one tile of a batch, in tile pixels.

    Each site takes its likeliest cell class and is kept if the score of that class reaches the
    threshold; no site is two cells.

    Args:
        outputs: what the network says of the batch.
        row: which tile of the batch.
        score_threshold: least score, in [0, 1].
        owned: (M,) mask of the sites to consider; all if None.
    """
    return survivors(outputs.sites(), row, score_threshold=score_threshold, owned=owned)


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
