"""Show what is known of weights of a backbone, which a detector can start from: their card."""

from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.model.weight_files import BackboneCard, read_backbone_card


def run(path: Path, out: Path | None = None) -> BackboneCard:
    """Return the card of weights of a backbone.

    Args:
        path: a file that a pretraining or a conversion wrote.
        out: where a model would be written with its card; weights of a backbone are not.

    Raises:
        InputError: the card cannot be read, or more is wanted than to see it.
    """
    if out is not None:
        raise InputError(
            f"{path} is the weights of a backbone, which say in one file all that is known of them: copy that"
            " to pass it on, and leave --out away"
        )
    card = read_backbone_card(path)
    if card is None:
        raise InputError(f"{path} says nothing of what it is; name a file that Patherea wrote")
    return card
