"""What a pretraining leaves: the backbone of its last epoch, whether it ended or was stopped."""

from typing import Any

import torch

from patherea_core.model.pretrained import BackboneWeights
from patherea_core.model.pretraining_card import PretrainingCard
from patherea_core.model.timm_models import input_statistics, published_form
from patherea_core.model.weight_files import BackboneCard, write_backbone_file
from patherea_core.workflow.pretraining.attempt import new_model
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.request import PretrainRequest
from patherea_core.workflow.run.kept_state import read_state

#: Before the names of the model's tensors in a kept state.
_PREFIX = "model."


def write_backbone(request: PretrainRequest, weights: BackboneWeights | None) -> None:
    """Write the backbone as the last complete epoch left it.

    It is the last one, not that of the least held-out loss: the learning rate falls towards the end, and
    how well cells are filled in says little of how well the features serve.

    Args:
        request: what was asked for.
        weights: what the backbone started from; None for chance.

    Raises:
        InputError: the kept state is broken.
        OutputError: the file cannot be written.
    """
    folder = PretrainingFolder(request.run)
    kept = read_state(folder.last)
    model = new_model(request, weights)
    model.load_state_dict(
        {
            name.removeprefix(_PREFIX): tensor
            for name, tensor in kept["state_dict"].items()
            if name.startswith(_PREFIX)
        }
    )
    card = _card(request, weights, kept)
    write_backbone_file(folder.backbone, model.backbone_state(), card)


def _card(
    request: PretrainRequest, weights: BackboneWeights | None, kept: dict[str, Any]
) -> BackboneCard:
    """Return the card of the backbone of a kept state."""
    config, tiles = request.config, request.source.describe()
    # A foundation model goes on as the timm model that it is: what it has learnt since is not published.
    architecture, options = published_form(config.backbone, config.backbone_options)
    mean, std = (
        input_statistics(config.backbone) if weights is None else (weights.mean, weights.std)
    )
    learnt = PretrainingCard(
        method=config.method,
        mpp=config.mpp,
        tiles=tiles,
        tiles_sha256=request.source.digest(),
        epochs=kept["epoch"] + 1,
        held_out=request.held_out_words,
        held_out_loss=kept["history"][-1]["held_out_loss"],
        seed=request.seed,
        settings=config.model_dump(mode="json"),
        started_from=None if weights is None else weights.sha256,
        provenance={"torch": torch.__version__, **request.provenance},
    )
    licence, before = request.licence, ""
    if weights is not None:
        if weights.licence != licence:
            licence = f"{licence}; and of the weights it started from: {weights.licence}"
        before = f", begun from {weights.origin}"
    return BackboneCard(
        architecture=architecture.split(".")[0],
        backbone_options=options,
        mean=mean,
        std=std,
        licence=licence,
        origin=f"pretrained with {config.method} on {tiles} at {config.mpp:g} µm a pixel{before}",
        source_sha256=learnt.tiles_sha256,
        pretraining=learnt,
    )
