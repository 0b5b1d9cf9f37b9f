"""What a training leaves: the model bundle of the state that scored best, whether it ended or was stopped."""

from pathlib import Path
from typing import Any

import torch

from patherea_core.checkpoint import (
    BundleCard,
    ClassCard,
    ModelBundle,
    save_bundle,
    weights_digest,
)
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import read_manifest
from patherea_core.workflow.kept_state import read_state
from patherea_core.workflow.learner import best_row
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run_folder import RunFolder

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
    save_bundle(path, best_bundle(request, read_manifest(request.dataset), folder, stopped))
    return True


def best_bundle(
    request: FitRequest, manifest: Manifest, folder: RunFolder, more: dict[str, Any]
) -> ModelBundle:
    """Return the bundle of the state that scored best on the validation fold.

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
    scores = best_row(kept["history"])
    threshold = scores["threshold"]
    assert threshold is not None
    card = BundleCard(
        recipe=request.recipe,
        classes=tuple(ClassCard(name=c.name, color=c.color) for c in manifest.taxonomy.classes),
        mpp=manifest.mpp,
        score_threshold=threshold,
        parameters=sum(tensor.numel() for tensor in state.values()),
        seed=request.seed,
        provenance=_provenance(request, manifest) | more,
        metrics={name: value for name, value in scores.items() if name.startswith("validation")},
        weights_sha256=weights_digest(state),
    )
    return ModelBundle(state, card)


def _provenance(request: FitRequest, manifest: Manifest) -> dict[str, Any]:
    """Return where the model comes from: data by digest, annotations by version, the caller's own."""
    return {
        "dataset_sha256": manifest.digest(),
        "dataset_lineage": manifest.lineage,
        "slides": [slide.model_dump(mode="json") for slide in manifest.slides],
        "validation_fold": request.validation_fold,
        "torch": torch.__version__,
        **request.provenance,
    }
