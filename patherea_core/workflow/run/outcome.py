"""What a training leaves: the model bundle of the state that scored best, whether it ended or was stopped."""

import logging
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from patherea_core.bundle_card import BaseModelCard, BundleCard, ClassCard
from patherea_core.checkpoint import ModelBundle, save_bundle, weights_digest
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import read_manifest
from patherea_core.data.validation_choice import extent, slides_of
from patherea_core.model.building import build_detector
from patherea_core.workflow.engine.learner import best_row
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.identity import RunIdentity
from patherea_core.workflow.run.kept_state import read_state

log = logging.getLogger(__name__)

#: Mean F1 on the validation fold below which a model hardly finds a cell, and below which it is poor.
_USELESS, _POOR = 0.1, 0.3

#: Before the names of the network's tensors in a kept state.
_PREFIX = "network."


def save_best_so_far(request: FitRequest, path: Path) -> bool:
    """Write the best state of a training that was stopped, and return whether there is one.

    Before the first validation there is none. The card says in its provenance after which epoch the
    training was stopped.

    Raises:
        InputError: the run folder or the dataset cannot be read any more.
        OutputError: the file cannot be written.
    """
    folder = RunFolder(request.run)
    if not (folder.last.exists() and folder.best.exists()):
        return False
    stopped = {"stopped": folder.how_far(request.recipe.training.epochs)}
    bundle = best_bundle(request, read_manifest(request.dataset), folder, stopped)
    save_bundle(path, bundle)
    say_how_good(bundle.card)
    return True


def say_how_good(card: BundleCard) -> None:
    """Log how well a model does, and warn of one that nobody should look for cells with yet."""
    score = card.metrics["validation_mean_f1"] or 0.0
    if score < _POOR:
        what = "hardly finds a cell" if score < _USELESS else "is poor"
        log.warning(
            "the model %s (F1 %.2f on the validation fold) and may put cells where there are none; train for"
            " more epochs, or check the labels",
            what,
            score,
        )
    else:
        log.info("the model has F1 %.3f on the validation fold, which chose its best state", score)


def best_bundle(
    request: FitRequest, manifest: Manifest, folder: RunFolder, more: dict[str, Any]
) -> ModelBundle:
    """Return the bundle of the state that scored best on the validation fold.

    A backbone that stayed as it was pretrained is left out, and named by its digest.

    Args:
        request: what was asked for.
        manifest: the dataset that was trained on.
        folder: the folder of the run.
        more: further entries of the card's provenance.
    """
    kept = read_state(folder.best)
    state = {
        name.removeprefix(_PREFIX): tensor
        for name, tensor in kept["state_dict"].items()
        if name.startswith(_PREFIX)
    }
    identity = _identity(folder)
    initial, base = identity.backbone_weights, identity.base_model
    frozen = initial is not None and request.recipe.network.frozen_backbone
    if frozen:
        state = _trained_part(state, request, manifest)
    scores = best_row(kept["history"])
    threshold = scores["threshold"]
    assert threshold is not None
    card = BundleCard(
        **(request.words if base is None else base.words_with(request.words)).model_dump(),
        recipe=request.recipe,
        classes=tuple(ClassCard(name=c.name, color=c.color) for c in manifest.taxonomy.classes),
        mpp=manifest.mpp,
        score_threshold=threshold,
        parameters=sum(tensor.numel() for tensor in state.values()),
        seed=request.seed,
        provenance=_provenance(request, manifest) | more,
        metrics={name: value for name, value in scores.items() if name.startswith("validation")},
        measured_on=_measured_on(request, manifest, base),
        weights_sha256=weights_digest(state),
        initial_weights=initial,
        base_model=base,
        backbone_sha256=initial.sha256 if initial is not None and frozen else None,
    )
    return ModelBundle(state, card)


def _identity(folder: RunFolder) -> RunIdentity:
    """Return what determines a run, as its folder remembers it."""
    return RunIdentity.model_validate_json(folder.identity.read_bytes())


def _trained_part(
    state: dict[str, Tensor], request: FitRequest, manifest: Manifest
) -> dict[str, Tensor]:
    """Return the tensors that are not those of the pretrained backbone."""
    network = build_detector(request.recipe.network, len(manifest.taxonomy))
    return {name: state[name] for name in network.trained_state()}


def _measured_on(request: FitRequest, manifest: Manifest, base: BaseModelCard | None) -> str:
    """Return on what the scores of validation are, in words."""
    chosen = "the best state"
    if request.recipe.decoding.score_threshold is None:
        chosen += " and the threshold"
    division = request.division_of(manifest)
    known = 0 if base is None else base.known_among(slides_of(manifest, division.validation))
    return (
        f"validation: {extent(manifest, division.validation)}, which were not trained on but chose {chosen}"
        f" ({division.words})"
        + (f"; {known} of them are of slides that the base model was made with" if known else "")
    )


def _provenance(request: FitRequest, manifest: Manifest) -> dict[str, Any]:
    """Return where the model comes from: data by digest, annotations by version, the caller's own."""
    return {
        "dataset_sha256": manifest.digest(),
        "dataset_lineage": manifest.lineage,
        "slides": [slide.model_dump(mode="json") for slide in manifest.slides],
        "trained_on": extent(manifest, request.division_of(manifest).training),
        "validation_fold": request.validation_fold,
        **({} if request.division is None else {"division": request.division.identity}),
        "torch": torch.__version__,
        **request.provenance,
    }
