"""A run folder is gone on with for the same pretraining only, and says what is different."""

from pathlib import Path

import pytest
import torch

from patherea_core.errors import InputError, OutputError
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from tests.core.workflow.pretraining.blots import TINY

IDENTITY = PretrainingIdentity(tiles_sha256="a" * 64, seed=3)


@pytest.fixture
def folder(tmp_path: Path) -> PretrainingFolder:
    """Return the folder of a run with a state."""
    folder = PretrainingFolder(tmp_path / "run")
    folder.begin(TINY, IDENTITY)
    torch.save({"epoch": 1}, folder.last)
    return folder


def test_a_run_goes_on_with_the_same_only_when_told_to(folder: PretrainingFolder) -> None:
    assert folder.require_usable(TINY, IDENTITY, resume=True)
    with pytest.raises(InputError, match="already holds a run; continue it with --resume"):
        folder.require_usable(TINY, IDENTITY, resume=False)


@pytest.mark.parametrize(
    ("settings", "identity", "said"),
    [
        ({}, {"seed": 4}, "seed 3, not 4"),
        ({}, {"tiles_sha256": "b" * 64}, "tiles of digest aaaaaaaaaaaa, not bbbbbbbbbbbb"),
        ({}, {"held_out_sha256": "b" * 64}, "held-out tiles of digest none, not bbbbbbbbbbbb"),
        ({}, {"backbone_weights_sha256": "c" * 64}, "backbone weights of digest none, not cccc"),
        ({"mask_ratio": 0.5}, {}, "mask_ratio None, not 0.5"),
        ({"epochs": 7}, {}, "started for 3 epochs and cannot become one of 7"),
    ],
)
def test_what_is_different_is_said(
    folder: PretrainingFolder, settings: dict[str, object], identity: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        folder.require_usable(
            TINY.model_copy(update=settings), IDENTITY.model_copy(update=identity), resume=True
        )


def test_other_settings_or_another_seed_are_refused_before_the_tiles_are_known(
    folder: PretrainingFolder, tmp_path: Path
) -> None:
    folder.require_same_words(TINY, 3)
    with pytest.raises(InputError, match="was started with seed 3, not 4: resume it"):
        folder.require_same_words(TINY, 4)
    with pytest.raises(InputError, match="was started with tile_size 64, not 96"):
        folder.require_same_words(TINY.model_copy(update={"tile_size": 96}), 3)
    with pytest.raises(InputError, match="holds no run to go on with"):
        PretrainingFolder(tmp_path).require_same_words(TINY, 3)
    folder.last.unlink()
    folder.require_same_words(TINY, 4)  # nothing is lost if it starts afresh


def test_a_run_is_complete_with_all_its_epochs_and_its_backbone(folder: PretrainingFolder) -> None:
    assert not folder.is_complete(TINY.model_copy(update={"epochs": 2}))
    folder.backbone.write_bytes(b"a backbone")
    assert folder.is_complete(TINY.model_copy(update={"epochs": 2}))
    assert not folder.is_complete(TINY)


def test_settings_that_newer_versions_added_do_not_stand_in_the_way(
    folder: PretrainingFolder,
) -> None:
    written = TINY.model_dump_json(exclude={"blur", "stain_jitter", "gradient_clip"})
    folder.settings.write_text(written)
    assert folder.require_usable(TINY, IDENTITY, resume=True)


def test_the_folder_of_a_training_is_none_of_a_pretraining(folder: PretrainingFolder) -> None:
    folder.settings.write_text('{"network": {}}')
    with pytest.raises(InputError, match="or it is no pretraining"):
        folder.require_usable(TINY, IDENTITY, resume=True)


def test_a_new_run_leaves_nothing_of_the_one_before(folder: PretrainingFolder) -> None:
    folder.write_picture(12, b"x")
    folder.last.unlink()
    folder.begin(TINY, IDENTITY)
    assert not list(folder.pictures.iterdir())


def test_pictures_that_cannot_be_written_are_said_so(folder: PretrainingFolder) -> None:
    folder.pictures.write_text("in the way")
    with pytest.raises(OutputError, match="pictures cannot be made"):
        folder.write_picture(1, b"x")


def test_a_digest_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="tiles_sha256"):
        PretrainingIdentity(tiles_sha256="12", seed=0)


def test_a_run_that_an_earlier_version_began_goes_on_with_its_coarse_and_blank_images(
    folder: PretrainingFolder, tmp_path: Path
) -> None:
    assert not folder.goes_on_with_coarse()
    assert not folder.goes_on_with_blank()
    earlier = IDENTITY.model_dump_json(exclude={"coarse_left_out", "blank_left_out"})
    folder.identity.write_text(earlier)
    assert folder.goes_on_with_coarse()
    assert folder.goes_on_with_blank()
    assert folder.require_usable(TINY, IDENTITY, resume=True)
    new = PretrainingFolder(tmp_path / "new")
    assert not new.goes_on_with_coarse()
    assert not new.goes_on_with_blank()
