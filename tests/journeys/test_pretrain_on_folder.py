"""A pretraining in a real archive: from its slides to an item with a backbone, in one job or in two."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from patherea_core.config import NetworkConfig
from patherea_core.errors import Cancelled, CredentialsError, InputError
from patherea_core.model.pretrained import read_backbone_weights
from patherea_core.model.pretraining_card import PretrainingCard
from patherea_core.model.weight_files import read_backbone_card
from patherea_core.progress import Silent
from plugin.commands.earlier_run import EarlierRun
from plugin.commands.pretrain_backbone import BackboneRequest
from plugin.commands.pretrain_item import BACKBONE, PICTURE, SETTINGS
from plugin.commands.pretrain_on_folder import ArchivePretraining, run
from plugin.commands.pretrain_slides import SlidesFolder
from plugin.commands.run_item import CHECKPOINT, CURVES, METRICS
from plugin.pretraining.settings_choice import SettingsWishes
from plugin.shell import main
from tests.conftest import Sandbox
from tests.fakes import RecordingProgress
from tests.journeys.people import READ, new_person, share
from tests.journeys.runs_folder import HURRIED, Runs, When, stop
from tests.plugin.pretraining.slides import tissue

pytestmark = pytest.mark.dsa

WISHES = SettingsWishes(
    backbone="test_efficientnet", tile_size=64, epochs=2, tiles_per_epoch=2, batch_size=2
)
NETWORK = NetworkConfig(backbone="test_efficientnet")


class UnlabelledRuns(Runs):
    """With two slides that nobody labelled."""

    def __init__(self, sandbox: Sandbox, scratch: Path) -> None:
        super().__init__(sandbox, scratch)
        for number in range(2):
            self.add_slide(f"slide-{number}.tif", number)

    def add_slide(self, name: str, seed: int) -> str:
        """Add a slide of tissue and return its item."""
        return self.folder.add_slide(0.5, name, self.slides, tissue(160, 140, seed=seed))


@pytest.fixture(scope="module")
def runs(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> UnlabelledRuns:
    return UnlabelledRuns(sandbox, tmp_path_factory.mktemp("slides"))


@pytest.fixture
def wanted(
    runs: UnlabelledRuns, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ArchivePretraining:
    """Return a request for a pretraining of seconds."""
    usual = {"mpp": 0.5, "decoder_width": 32, "decoder_depth": 1, "decoder_heads": 2}
    monkeypatch.setattr("plugin.pretraining.settings_choice._USUAL", usual)
    (tmp_path / "job").mkdir()
    own = BackboneRequest(
        out=tmp_path / "job" / "run", wishes=WISHES, device="cpu", workers=0, seed=3
    )
    return ArchivePretraining(
        source=SlidesFolder(id=runs.slides, fields=2),
        backbone=own,
        scratch=tmp_path / "job",
        api_url=sandbox.api_url,
        token=runs.job_token(),
        runs_folder=runs.new(),
        pace=HURRIED,
    )


def elsewhere(request: ArchivePretraining, name: str, **more: Any) -> ArchivePretraining:  # noqa: ANN401
    """Return the same for another job, on another machine so to say."""
    scratch = request.scratch.parent / name
    scratch.mkdir()
    own = replace(request.backbone, out=scratch / "run", **more)
    return replace(request, scratch=scratch, backbone=own)


def card_of(backbone: Path) -> PretrainingCard:
    """Return how a backbone was pretrained."""
    card = read_backbone_card(backbone)
    assert card is not None
    assert card.pretraining is not None
    return card.pretraining


@pytest.mark.slow  # trains for some seconds
def test_slides_become_an_item_whose_backbone_a_detector_takes(
    runs: UnlabelledRuns, wanted: ArchivePretraining, tmp_path: Path
) -> None:
    own = replace(wanted.backbone, licence="CC0", backbone_out=tmp_path / "delivered")
    progress = RecordingProgress()
    run(replace(wanted, backbone=own), progress)
    assert progress.fractions == sorted(progress.fractions)
    assert progress.fractions[-1] == 1
    item = runs.item(wanted.runs_folder)
    assert item["name"].startswith("Backbone test_efficientnet, 20")
    # Where a file is wanted, the archive's page takes an item's first one.
    assert runs.files(item) == [BACKBONE, CURVES, METRICS, PICTURE, SETTINGS]
    assert "largeImage" not in item  # it is no slide, for all its pictures
    told = item["meta"]["patherea"]
    assert (told["kind"], told["state"]) == ("pretraining", "complete")
    assert (told["epoch"], told["epochs"], told["slides"]) == (2, 2, 2)
    assert told["slides_folder"] == runs.slides
    assert told["held_out_loss"] > 0
    path = runs.fetch(item, BACKBONE, tmp_path / BACKBONE)
    assert path.read_bytes() == (tmp_path / "delivered").read_bytes()
    weights = read_backbone_weights(path, NETWORK)
    assert weights.licence == "CC0"
    assert not list(wanted.scratch.glob("slide-*"))


@pytest.mark.slow  # trains for some seconds
def test_the_words_of_a_backbone_pretrain_the_same_from_a_shell(
    wanted: ArchivePretraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.logs.set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    backbone = run(wanted, Silent())
    card = card_of(backbone)
    program, *words = shlex.split(card.provenance["command"])
    assert program == "patherea"
    assert not {wanted.token, wanted.api_url} & set(words)
    monkeypatch.chdir(tmp_path)
    access = ["--api-url", wanted.api_url, "--token", wanted.token]
    assert main([*words, *access, "--workers", "0", "--device", "cpu"]) == 0
    again = tmp_path / "run" / BACKBONE
    first, second = (read_backbone_weights(path, NETWORK).state for path in (backbone, again))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    assert card_of(again).provenance["command"] == card.provenance["command"]
    assert card_of(again).tiles_sha256 == card.tiles_sha256


@pytest.mark.slow  # trains for some seconds
def test_a_stopped_pretraining_goes_on_in_a_new_job_and_ends_as_if_never_stopped(
    runs: UnlabelledRuns, wanted: ArchivePretraining
) -> None:
    # With sub-folders, whose slides are called by their paths.
    wanted = replace(wanted, source=SlidesFolder(id=runs.folder.id, subfolders=True, fields=2))
    message = (
        r"stopped after epoch 1 of 2; to go on, choose the item 'Backbone .*' of the archive in a new job,"
        " which goes on after epoch 1"
    )
    with pytest.raises(Cancelled, match=message):
        run(wanted, When("epoch 2", stop))
    item = runs.item(wanted.runs_folder)
    assert {BACKBONE, CHECKPOINT} < set(runs.files(item))
    told = item["meta"]["patherea"]
    assert told["state"] == "pretraining was stopped after epoch 1 of 2"
    assert (told["epoch"], told["kept_epoch"]) == (1, 1)
    later = replace(wanted, source=EarlierRun(item["_id"]), runs_folder="")
    with pytest.raises(InputError, match="with the epochs 2, not 7; leave that at its default"):
        run(elsewhere(later, "other", wishes=replace(WISHES, epochs=7)), Silent())
    added = runs.add_slide("later.tif", 9)
    try:
        # Any file of the item stands for it, and what the form says by default for what the run has.
        going_on = replace(later, source=EarlierRun(runs.file(item, CHECKPOINT)))
        last = run(elsewhere(going_on, "last", wishes=SettingsWishes(), seed=0), Silent())
    finally:
        runs.client.delete(f"item/{added}")
    assert CHECKPOINT not in runs.files(item)
    assert runs.told(wanted.runs_folder)["state"] == "complete"
    whole = run(replace(elsewhere(wanted, "whole"), runs_folder=runs.new()), Silent())
    ended, unstopped = (read_backbone_weights(path, NETWORK).state for path in (last, whole))
    assert all(torch.equal(tensor, unstopped[name]) for name, tensor in ended.items())
    assert card_of(last).provenance["command"] == card_of(whole).provenance["command"]
    again = replace(later, source=EarlierRun(item["_id"]))
    with pytest.raises(InputError, match=r"holds no state to go on from \(run_checkpoint\.zip\)"):
        run(elsewhere(again, "again"), Silent())


def test_what_cannot_serve_is_refused_before_anything_is_left(
    runs: UnlabelledRuns, wanted: ArchivePretraining
) -> None:
    empty = runs.empty()
    with pytest.raises(InputError, match="the folder holds no slide"):
        run(replace(wanted, source=SlidesFolder(id=empty)), Silent())
    large = replace(wanted.backbone, wishes=replace(WISHES, tile_size=512))
    with pytest.raises(InputError, match=r"smaller than a tile: slide-0\.tif"):
        run(replace(wanted, backbone=large), Silent())
    without = replace(wanted.backbone, initial_weights=Path("/nowhere/w"))
    with pytest.raises(InputError, match="there is no file /nowhere/w; name a file of weights"):
        run(replace(wanted, backbone=without), Silent())
    unknown = replace(wanted.backbone, wishes=replace(WISHES, backbone="mobilenet"))
    with pytest.raises(InputError, match="timm knows no model 'mobilenet'"):
        run(replace(wanted, backbone=unknown), Silent())
    assert runs.client.get("item", {"folderId": wanted.runs_folder}) == []


def test_a_reader_is_told_before_a_slide_is_fetched(
    runs: UnlabelledRuns, sandbox: Sandbox, wanted: ArchivePretraining
) -> None:
    reader = new_person(sandbox, "rita")
    share(runs.client, runs.folder.id, {reader.id: READ})
    with pytest.raises(CredentialsError, match="does not let you write to the folder"):
        run(replace(wanted, token=reader.job_token()), Silent())
