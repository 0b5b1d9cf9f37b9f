"""Files of backbone weights that say what they are of, as a pretraining and a conversion write them."""

from pathlib import Path

import torch

from patherea_core.model.pretraining_card import PretrainingCard
from patherea_core.model.timm_models import created
from patherea_core.model.weight_files import BackboneCard, write_backbone_file


def pretraining(mpp: float) -> PretrainingCard:
    return PretrainingCard(
        method="spark",
        mpp=mpp,
        tiles="2 images",
        tiles_sha256="0" * 64,
        epochs=3,
        held_out_loss=0.5,
        seed=0,
        settings={},
    )


def backbone_card(architecture: str, **changes: object) -> BackboneCard:
    """Return what a conversion says of a backbone."""
    return BackboneCard(
        architecture=architecture,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        licence="CC0-1.0",
        origin="a test",
        source_sha256="0" * 64,
    ).model_copy(update=changes)


def backbone_file(
    folder: Path,
    architecture: str,
    *,
    mpp: float | None = 0.5,
    whole: bool = True,
    **changes: object,
) -> Path:
    """Write weights of a backbone as a pretraining does, or as a conversion does without a pixel size.

    Without the whole of them, only the card is that of such a file, which is quicker.
    """
    known = None if mpp is None else pretraining(mpp)
    card = backbone_card(architecture, **({"pretraining": known} | changes))
    path = folder / "backbone.safetensors"
    some = {"a tensor": torch.zeros(1)}
    state = created(architecture, card.backbone_options).state_dict() if whole else some
    write_backbone_file(path, state, card)
    return path
