"""From proposals to detections: one class per proposal, then a threshold (paper, section 3.1)."""

import numpy as np
import torch

from patherea_core.batch import Proposals
from patherea_core.geometry import Bools
from patherea_core.points import Detections


@torch.inference_mode()
def decode(
    proposals: Proposals, row: int, *, score_threshold: float, owned: Bools | None = None
) -> Detections:
    """Return the detections of one tile of a batch, in tile pixels.

    Each proposal of the one-to-one branch takes its likeliest cell class and is kept if the
    probability of that class reaches the threshold; no proposal is two cells, and no suppression of
    neighbours follows.

    Args:
        proposals: what the network proposes for the batch.
        row: which tile of the batch.
        score_threshold: least probability, in [0, 1].
        owned: (M,) mask of the proposals to consider; all if None.
    """
    probability = proposals.one_to_one.logits[row].float().softmax(dim=-1)[:, :-1]
    score, class_index = probability.max(dim=-1)
    keep = score >= score_threshold
    if owned is not None:
        keep &= torch.as_tensor(owned, device=keep.device)
    xy = proposals.one_to_one.xy[row][keep].double().cpu().numpy()
    return Detections(
        xy,
        class_index[keep].cpu().numpy(),
        np.clip(score[keep].double().cpu().numpy(), 0.0, 1.0),
    )
