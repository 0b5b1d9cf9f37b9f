"""Jobs that pretrain: slides without labels, a backbone in an item of the archive, a detector from it."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from patherea_core.checkpoint import load_bundle
from patherea_core.data.store import pack
from patherea_core.model.pretrained import read_backbone_weights
from patherea_core.recipes import RECIPES
from patherea_core.seeding import Seed
from plugin.commands.pretrain_item import BACKBONE, PICTURE, SETTINGS
from plugin.commands.run_item import CHECKPOINT, CURVES, METRICS
from plugin.sandbox.synthetic import draw_tissue
from tests.core.workflow.cells import write_cells
from tests.jobs.job_archive import ACCESS, CANCELED, NEEDS, SUCCESS, Ended, JobArchive, tokens_in

pytestmark = NEEDS

#: A pretraining of seconds, of the backbone that the recipe small-pretrained has.
QUICK = {"tileSize": 64, "tilesPerEpoch": 8, "batchSize": 4, "fieldsPerSlide": 2, "device": "cpu"}


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of the archive: of two slides that nobody labelled, and for the runs."""

    slides: str
    runs: str


@pytest.fixture(scope="module")
def places(archive: JobArchive) -> Places:
    slides, runs = (
        str(archive.client.createFolder(archive.folder.id, name)["_id"])
        for name in ("unlabelled", "pretrainings")
    )
    for seed in (7, 8):
        archive.add_slide(draw_tissue(Seed(seed), 384, 320).pixels, folder=slides)
    return Places(slides, runs)


def new_item(archive: JobArchive, folder: str, known: set[str]) -> dict[str, Any]:
    """Return the one item of a folder that is not among those known before."""
    (found,) = [
        one for one in archive.client.get("item", {"folderId": folder}) if one["_id"] not in known
    ]
    return dict(found)


def items(archive: JobArchive, folder: str) -> set[str]:
    return {str(one["_id"]) for one in archive.client.get("item", {"folderId": folder})}


def files(archive: JobArchive, item: str) -> dict[str, str]:
    """Return the ids of an item's files by name."""
    listed = archive.client.get(f"item/{item}/files")
    return {str(one["name"]): str(one["_id"]) for one in listed}


def told(archive: JobArchive, item: str) -> dict[str, Any]:
    """Return what the metadata of a run tell."""
    found: dict[str, Any] = archive.client.getItem(item)["meta"]["patherea"]
    return found


def test_slides_become_a_backbone_that_a_detector_starts_from(
    archive: JobArchive, places: Places, tmp_path: Path
) -> None:
    known = items(archive, places.runs)
    ended = archive.run(
        "PretrainBackbone",
        inputFolder=places.slides,
        runsFolder=places.runs,
        epochs=2,
        outputBackboneFile="backbone.safetensors",
        **QUICK,
        **ACCESS,
    )
    assert ended.status == SUCCESS, ended.log
    assert not tokens_in(ended.log)
    progress = ended.document["progress"]
    assert 0.9 < progress["current"] <= progress["total"] == 1, progress
    item = new_item(archive, places.runs, known)["_id"]
    left = files(archive, item)
    assert set(left) == {BACKBONE, CURVES, METRICS, PICTURE, SETTINGS}
    run = told(archive, item)
    assert (run["state"], run["epoch"], run["slides"]) == ("complete", 2, 2)
    fetched = archive.download(left[BACKBONE], tmp_path)
    backbone = fetched.rename(fetched.with_suffix(".safetensors"))
    assert backbone.read_bytes() == archive.content_of("backbone.safetensors")
    write_cells(tmp_path / "dataset", samples=4, side=128, count=12)
    pack(tmp_path / "dataset", tmp_path / "cells.zip")
    dataset = archive.client.uploadFileToFolder(archive.folder.id, str(tmp_path / "cells.zip"))
    trained = archive.run(
        "TrainDetector",
        inputDatasetFile=dataset["_id"],
        inputBackboneFile=left[BACKBONE],
        epochs=1,
        device="cpu",
        outputModelFile="from-slides.safetensors",
        **ACCESS,
    )
    assert trained.status == SUCCESS, trained.log
    card = load_bundle(archive.download(archive.output("from-slides.safetensors"), tmp_path)).card
    # No recipe was named: the file says itself what starts from it.
    like = RECIPES["small-pretrained"].network.model_copy(update={"frozen_norm": False})
    assert card.recipe.network == like
    assert read_backbone_weights(backbone, like).sha256 in card.model_dump_json()


def test_a_pretraining_that_is_stopped_keeps_a_state_that_a_new_job_goes_on_from(
    archive: JobArchive, places: Places
) -> None:
    known = items(archive, places.runs)
    first = stopped_pretraining(
        archive,
        2,
        inputFolder=places.slides,
        runsFolder=places.runs,
        epochs=5000,
        workers=1,
        **QUICK,
    )
    assert first.seconds < 10
    item = new_item(archive, places.runs, known)["_id"]
    assert CHECKPOINT in files(archive, item)  # whether or not there was time for the backbone too
    kept = told(archive, item)["kept_epoch"]
    assert kept > 0
    second = stopped_pretraining(archive, kept + 2, inputRunItem=item)
    assert second.seconds < 10
    # A busy machine has no time to send a later state before the container has to be gone.
    assert told(archive, item)["kept_epoch"] >= kept
    assert items(archive, places.runs) == {*known, item}


def stopped_pretraining(archive: JobArchive, after: int, **fields: object) -> Ended:
    """Stop a pretraining after an epoch, counted from 1; the seconds count from the request to stop."""
    job = archive.start("PretrainBackbone", **fields, **ACCESS)
    archive.await_progress(job, lambda told: epoch_of(told.get("message") or "") > after)
    begun = time.monotonic()
    archive.client.put(f"job/{job}/cancel")
    ended = archive.wait(job, begun)
    assert ended.status == CANCELED, ended.log
    assert "Traceback" not in ended.log
    assert not tokens_in(ended.log)
    return ended


def epoch_of(message: str) -> int:
    """Return the epoch that a pretraining says it is in, 0 before the first."""
    found = re.match(r"epoch (\d+) of", message)
    return int(found[1]) if found else 0
