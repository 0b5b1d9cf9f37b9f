"""The item of a pretraining in the archive: what lies in it, and what its metadata tell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from plugin.commands.run_item import curves_of, epoch_of, history_of

# By name the backbone is the first of the files of the item; see ``run_item``.
BACKBONE = "backbone.safetensors"
PICTURE = "run_picture.png"
SETTINGS = "run_settings.json"

#: What kind of run it is, in the metadata of the item, and in what is said of it.
KIND = "pretraining"

DESCRIPTION = (
    "A pretraining of Patherea. The backbone is backbone.safetensors; choose this item where a detector's "
    "backbone weights are wanted. Before there is one, it can be chosen where a run to go on with is wanted."
)


def shown_files(run: PretrainingFolder) -> Iterator[tuple[Path, str]]:
    """Yield the files that show people how a run goes, as far as they are there, and their names."""
    yield from curves_of(run)
    pictures = sorted(run.pictures.glob("epoch-*.png"), key=lambda path: path.stat().st_mtime_ns)
    if pictures:
        yield pictures[-1], PICTURE


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
    facts |= epoch_of(run)
    rows = history_of(run)
    if rows and rows[-1].get("held_out_loss"):
        facts["held_out_loss"] = float(rows[-1]["held_out_loss"])
    return facts
