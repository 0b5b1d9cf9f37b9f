"""What a trained network knows of its classes, in a network with other classes or another order of them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

#: The convolutions that give class logits, for all anchor points of a site one after the other. The second
#: reads what the first gives, so that its inputs are logits as well.
_FIRST, _REFINED = "classification.first_output", "classification.refined_output"


def with_class_rows(
    trained: Mapping[str, Tensor],
    fresh: Mapping[str, Tensor],
    rows: Sequence[int | None],
    trained_classes: int,
) -> dict[str, Tensor]:
    """Return all weights of a trained ``P2PNetwork`` by name, in the form of one with other classes.

    A class that the trained network does not have stays as it is in the fresh one; what the trained one
    knows of a class that the fresh one does not have is left out.

    Args:
        trained: weights by name.
        fresh: weights of a network of the same form, but for its classes.
        rows: for each class of the fresh network its row in the trained one; None for none.
        trained_classes: how many classes the trained network has.
    """
    anchors = fresh[f"{_FIRST}.bias"].numel() // (len(rows) + 1)
    kept = [(new, old) for new, old in enumerate((*rows, trained_classes)) if old is not None]
    new, old = (
        _channels([pair[side] for pair in kept], anchors, outputs)
        for side, outputs in ((0, len(rows) + 1), (1, trained_classes + 1))
    )
    state = dict(trained)
    for name in (f"{_FIRST}.weight", f"{_FIRST}.bias", f"{_REFINED}.bias"):
        if name in fresh:
            state[name] = fresh[name].index_copy(0, new, trained[name][old])
    name = f"{_REFINED}.weight"
    if name in fresh:
        weight = fresh[name].clone()
        weight[new[:, None], new] = trained[name][old[:, None], old]
        state[name] = weight
    return state


def _channels(rows: Sequence[int], anchors: int, outputs: int) -> Tensor:
    """Return the channels of some of the outputs of all anchor points, (anchors · rows,)."""
    return (torch.arange(anchors)[:, None] * outputs + torch.tensor(rows)).flatten()
