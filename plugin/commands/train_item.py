"""The item of a training in the archive: what lies in it, and what its metadata tell."""

from typing import Any

from patherea_core.bundle_card import BundleCard
from patherea_core.config import Recipe
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.identity import RunIdentity
from plugin.commands.run_item import epoch_of, history_of

# By name the model is the first of the files of the item; see ``run_item``.
MODEL = "model.safetensors"
CARD = "model_card.html"
DATASET = "run_dataset.zip"
RECIPE = "run_recipe.json"

#: What kind of run it is, in the metadata of the item, and in what is said of it.
KIND = "training"

DESCRIPTION = (
    "A training of Patherea. The model is model.safetensors; choose this item where a model is wanted. "
    "Before there is one, it can be chosen where a run to go on with is wanted."
)


def facts_of_run(run: RunFolder) -> dict[str, Any]:
    """Return what the files of a run tell while it trains: its data, and how far and how good it is."""
    recipe = Recipe.model_validate_json(run.recipe.read_bytes())
    identity = RunIdentity.model_validate_json(run.identity.read_bytes())
    facts = {
        "dataset_sha256": identity.dataset_sha256,
        "classes": list(identity.classes),
        "seed": identity.seed,
        "epochs": recipe.training.epochs,
    }
    if identity.base_model is not None:
        facts["base_model_sha256"] = identity.base_model.weights_sha256
    facts |= epoch_of(run)
    if not (rows := history_of(run)):
        return facts
    best = max(rows, key=lambda row: float(row["validation_mean_f1"] or 0))
    facts["f1"] = float(best["validation_mean_f1"] or 0)
    return facts | ({"threshold": float(best["threshold"])} if best["threshold"] else {})


def facts_of_model(card: BundleCard) -> dict[str, Any]:
    """Return what a model's card tells that somebody may look for."""
    told = {
        "f1": card.mean_f1,
        "threshold": card.score_threshold,
        "mpp": card.mpp,
        "stain": card.stain,
        "tissue": card.tissue,
        "weights_sha256": card.weights_sha256,
    }
    return {name: value for name, value in told.items() if value is not None}
