"""The item of a run in the archive: what lies in it, and what its metadata tell."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patherea_core.bundle_card import BundleCard
from patherea_core.config import Recipe
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.identity import RunIdentity
from patherea_core.workflow.run.kept_state import epochs_in
from plugin import provenance
from plugin.dsa.session import Session
from plugin.dsa.uploads import new_item, no_slide, note, remove, upload

# The archive's page takes the first file of an item by name, when somebody chooses the item where a file
# is wanted. So the model comes first, and as long as there is none, what the training goes on from.
MODEL = "model.safetensors"
CARD = "model_card.html"
CHECKPOINT = "run_checkpoint.zip"
CURVES = "run_curves.png"
DATASET = "run_dataset.zip"
METRICS = "run_metrics.csv"
RECIPE = "run_recipe.json"

#: Under what an item's metadata tell of the run.
FACTS = "patherea"

_DESCRIPTION = (
    "A training of Patherea. The model is model.safetensors; choose this item where a model is wanted. "
    "Before there is one, it can be chosen where a run to go on with is wanted."
)


@dataclass(slots=True, eq=False)
class RunItem:
    """An item that is made when it is needed for the first time.

    Attributes:
        session: of the archive.
        folder_id: where the item is made.
        name: what it is called.
        facts: what its metadata tell from the beginning to the end.
        kind: of the run, in a word.
        description: what it says of itself to people.
        id: of the item; None until it is made.
    """

    session: Session
    folder_id: str
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "training"
    description: str = _DESCRIPTION
    id: str | None = None

    @property
    def known_id(self) -> str:
        """The id of the item, which is made if need be.

        Raises:
            ArchiveError: the archive does not answer, or does not allow it.
        """
        if self.id is None:
            self.id = new_item(self.session, self.folder_id, self.name, self.description)
        return self.id

    def put(self, path: Path, name: str) -> None:
        """Put a file of that name into the item, in place of one that was there.

        Raises:
            ArchiveError: the archive does not answer, or does not allow it.
        """
        upload(self.session, self.known_id, path, name)
        if name.endswith(".png"):
            no_slide(self.session, self.known_id)

    def drop(self, name: str) -> None:
        """Remove the file of that name, if it is there.

        Raises:
            ArchiveError: the archive does not answer, or does not allow it.
        """
        remove(self.session, self.known_id, name)

    def tell(self, state: str, more: Mapping[str, Any]) -> None:
        """Note how the run stands.

        Args:
            state: in words.
            more: further facts.

        Raises:
            ArchiveError: the archive does not answer, or does not allow it.
        """
        told = {"kind": self.kind, "state": state, **self.facts, **more}
        told["updated"] = provenance.now()
        note(self.session, self.known_id, {FACTS: told})


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
    if run.last.exists():
        facts["epoch"] = epochs_in(run.last)
    if not run.metrics.exists():
        return facts
    rows = list(csv.DictReader(run.metrics.read_text(encoding="utf-8").splitlines()))
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
