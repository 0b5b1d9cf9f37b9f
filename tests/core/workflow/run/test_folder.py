"""A run goes on with what it was started with, or it is said what differs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from patherea_core.config import Recipe
from patherea_core.errors import InputError, OutputError
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.identity import RunIdentity, recipe_differences
from tests.core.workflow.cells import TINY, tiny_for

IDENTITY = RunIdentity(
    dataset_sha256=64 * "a", classes=("brown", "blue"), validation_fold=0, seed=3
)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return the folder of a run that has two complete epochs."""
    folder = RunFolder(tmp_path / "run")
    folder.begin(TINY, IDENTITY)
    torch.save({"epoch": 1}, folder.last)
    return folder


def changed(**fields: object) -> RunIdentity:
    return IDENTITY.model_copy(update=fields)


def test_a_new_folder_starts_and_holds_nothing_to_resume(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert not folder.require_usable(TINY, IDENTITY, resume=False)
    with pytest.raises(InputError, match="holds no run to go on with"):
        folder.require_usable(TINY, IDENTITY, resume=True)
    assert not folder.path.exists()


def test_a_run_without_a_complete_epoch_starts_afresh(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.begin(TINY, IDENTITY)
    for resume in (False, True):
        assert not folder.require_usable(tiny_for(7), changed(seed=4), resume=resume)


def test_what_starts_afresh_leaves_nothing_of_the_run_before(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(TINY, IDENTITY)
    for path in (folder.best, folder.metrics, folder.curves):
        path.touch()
    folder.begin(tiny_for(7), IDENTITY)
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["recipe.json", "run.json"]


def test_a_run_goes_on_with_the_same_only_when_told_to(run: RunFolder) -> None:
    assert run.require_usable(TINY, IDENTITY, resume=True)
    with pytest.raises(InputError, match="already holds a run"):
        run.require_usable(TINY, IDENTITY, resume=False)


@pytest.mark.parametrize(
    ("recipe", "identity", "differs"),
    [
        (TINY, changed(seed=4), "seed 3, not 4:"),
        (TINY, changed(validation_fold=1), "validation fold 0, not 1:"),
        (TINY, changed(dataset_sha256=64 * "b"), "the dataset of digest a{12}, not b{12}:"),
        (TINY, changed(classes=("a",), dataset_sha256=""), "classes brown/blue, not a:"),
        (tiny_for(3, batch_size=4), IDENTITY, r"training\.batch_size 2, not 4:"),
        (tiny_for(4), changed(seed=1), r"seed 3, not 1; training\.epochs 3, not 4:"),
    ],
)
def test_what_differs_is_named(
    run: RunFolder, recipe: Recipe, identity: RunIdentity, differs: str
) -> None:
    with pytest.raises(InputError, match=f"was started with {differs} resume it with the same"):
        run.require_usable(recipe, identity, resume=True)


def test_other_epochs_are_refused_with_the_reason(run: RunFolder) -> None:
    reason = "for 3 epochs and cannot become one of 5, because its learning rate"
    with pytest.raises(InputError, match=reason):
        run.require_usable(tiny_for(5), IDENTITY, resume=True)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: run.identity.unlink(), "does not say how it was started"),
        (lambda run: run.identity.write_text("{"), "does not say how it was started"),
        (lambda run: run.recipe.write_text('{"colour": 1}'), "does not say how it was started"),
        (lambda run: run.last.write_bytes(b"half"), "remove that file to start afresh"),
    ],
)
def test_a_broken_run_is_said_to_be(
    run: RunFolder, damage: Callable[[RunFolder], object], message: str
) -> None:
    damage(run)
    with pytest.raises(InputError, match=message):
        run.require_usable(TINY, IDENTITY, resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_model_is_never_in_danger(run: RunFolder, *, resume: bool) -> None:
    run.model.touch()
    run.last.unlink()
    with pytest.raises(InputError, match="name another folder"):
        run.require_usable(TINY, IDENTITY, resume=resume)


def test_a_place_where_no_folder_can_be_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be made"):
        RunFolder(tmp_path / "file").begin(TINY, IDENTITY)


def test_how_far_a_run_came_is_said_in_words(run: RunFolder) -> None:
    assert run.how_far(3) == "after epoch 2 of 3"
    run.last.unlink()
    assert run.how_far(3) == "before the end of its first epoch"


def test_a_recipe_differs_from_itself_in_nothing() -> None:
    assert recipe_differences(TINY, TINY.model_copy()) == []
