"""The item of a pretraining in the archive: what lies in it, and what its metadata tell."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from patherea_core.workflow.run.kept_state import epochs_in

# The archive's page takes the first file of an item by name, when somebody chooses the item where a file
# is wanted. So the backbone comes first, and as long as there is none, what the pretraining goes on from.
BACKBONE = "backbone.safetensors"
CHECKPOINT = "run_checkpoint.zip"
CURVES = "run_curves.png"
METRICS = "run_metrics.csv"
PICTURE = "run_picture.png"
SETTINGS = "run_settings.json"

#: What kind of run it is, in the metadata of the item.
KIND = "pretraining"

DESCRIPTION = (
    "A pretraining of Patherea. The backbone is backbone.safetensors; choose this item where a detector's "
    "backbone weights are wanted. Before there is one, it can be chosen where a run to go on with is wanted."
)


def shown_files(run: PretrainingFolder) -> Iterator[tuple[Path, str]]:
    """Yield the files that show people how a run goes, as far as they are there, and their names."""
    pictures = sorted(run.pictures.glob("epoch-*.png"), key=lambda path: path.stat().st_mtime_ns)
    for path, name in (
        (run.metrics, METRICS),
        (run.curves, CURVES),
        *((path, PICTURE) for path in pictures[-1:]),
    ):
        if path.exists():
            yield path, name


def facts_of_run(run: PretrainingFolder) -> dict[str, Any]:
    """Return what the files of a run tell while it runs: its settings, and how far and how good it is."""
    config = PretrainingConfig.model_validate_json(run.settings.read_bytes())
    identity = PretrainingIdentity.model_validate_json(run.identity.read_bytes())
    facts = {
        "method": config.method,
        "backbone": config.backbone,
        "mpp": config.mpp,
        "epochs": config.epochs,
        "tiles_sha256": identity.tiles_sha256,
        "seed": identity.seed,
    }
    if run.last.exists():
        facts["epoch"] = epochs_in(run.last)
    if run.metrics.exists():
        rows = list(csv.DictReader(run.metrics.read_text(encoding="utf-8").splitlines()))
        if rows and rows[-1].get("held_out_loss"):
            facts["held_out_loss"] = float(rows[-1]["held_out_loss"])
    return facts
