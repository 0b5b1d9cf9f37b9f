"""The words on the card of a backbone from an archive's folder ask for the same pretraining again."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plugin.commands import pretrain_from_archive
from plugin.commands.pretrain_backbone import BackboneRequest
from plugin.commands.pretrain_checkpoint import AskedPretraining
from plugin.commands.pretrain_from_archive import FolderRequest, words_from_folder
from plugin.commands.pretrain_on_folder import words_again
from plugin.commands.pretrain_slides import Prepared, SlidesFolder
from plugin.pretraining.settings_choice import SettingsWishes, chosen_settings
from plugin.shell import main
from tests.plugin.archive import FOLDER, TOKEN

#: Nothing is said, and everything is.
USUAL = (SlidesFolder(id=FOLDER), BackboneRequest(out=Path("/job/run")))
ALL = (
    SlidesFolder(id=FOLDER, subfolders=True, slide_mpp=0.25, fields=7),
    BackboneRequest(
        out=Path("/job/run"),
        wishes=SettingsWishes(
            backbone="test_vit",
            method="mae",
            mpp=0.4,
            tile_size=96,
            epochs=7,
            tiles_per_epoch=40,
            batch_size=4,
            mask_ratio=0.5,
            learning_rate=0.002,
        ),
        initial_weights=Path("/in/weights of ours.pth"),
        devices=0,
        seed=5,
        licence="CC BY 4.0",
    ),
)


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[FolderRequest]:
    """Return what the shell asks for, in a folder that has the weights to start from."""
    requests: list[FolderRequest] = []
    monkeypatch.setattr("plugin.logs.set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    monkeypatch.setattr(pretrain_from_archive, "run", lambda request, _: requests.append(request))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights of ours.pth").touch()
    return requests


@pytest.mark.parametrize(("folder", "backbone"), [USUAL, ALL], ids=["usual", "all"])
def test_the_words_ask_for_the_same_again(
    caught: list[FolderRequest], folder: SlidesFolder, backbone: BackboneRequest
) -> None:
    config = chosen_settings(backbone.wishes)
    words = words_from_folder(folder, backbone, config)
    assert words[:2] == ["patherea", "pretrain"]
    assert main([*words[1:], "--api-url", "http://archive/api/v1", "--token", TOKEN]) == 0
    (again,) = caught
    assert (again.folder_id, again.subfolders) == (folder.id, folder.subfolders)
    assert (again.slide_mpp, again.fields) == (folder.slide_mpp, folder.fields)
    own = again.backbone
    assert chosen_settings(own.wishes) == config
    assert (own.seed, own.devices, own.licence) == (
        backbone.seed,
        backbone.devices,
        backbone.licence,
    )
    name = None if backbone.initial_weights is None else Path(backbone.initial_weights).name
    assert own.initial_weights == (name and Path(name))


@pytest.mark.parametrize(("folder", "backbone"), [USUAL, ALL], ids=["usual", "all"])
def test_a_job_has_the_words_of_the_shell_with_as_many_fields_as_there_was_room_for(
    folder: SlidesFolder, backbone: BackboneRequest
) -> None:
    config = chosen_settings(backbone.wishes)
    no_tiles: Any = None
    asked = AskedPretraining(
        config=config,
        folder_id=folder.id,
        slide_ids=("1" * 24,),
        subfolders=folder.subfolders,
        slide_mpp=folder.slide_mpp,
        fields=3,
        seed=backbone.seed,
    )
    words = words_again(Prepared(no_tiles, config, backbone, asked))
    assert words == words_from_folder(replace(folder, fields=3), backbone, config)
    assert "/" not in shlex.join(words)
