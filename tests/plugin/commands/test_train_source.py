"""A run that is gone on with is as it was begun: what is left open is taken from then."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from patherea_core.bundle_card import CardWords
from patherea_core.errors import InputError
from plugin.commands.train_checkpoint import AskedTraining
from plugin.commands.train_detector import TrainRequest
from plugin.commands.train_source import SlidesFolder, _as_before, _asked, _export
from plugin.models import finding
from tests.plugin.backbone_files import backbone_file
from tests.plugin.bundles import shipping, write_model

#: A form in which all is left open.
OPEN = TrainRequest(dataset=Path(), out=Path("run"))
BEGUN = replace(
    OPEN,
    recipe="paper",
    model="fcrn",
    backbone="resnet18",
    epochs=7,
    fold=2,
    seed=5,
    words=CardWords(name="mine", stain="H-DAB"),
)


def test_a_form_that_is_left_open_goes_on_as_the_run_was_begun() -> None:
    assert _as_before(OPEN, _asked(BEGUN)) == replace(BEGUN, resume=True)
    assert _as_before(BEGUN, _asked(BEGUN)) == replace(BEGUN, resume=True)


def test_what_a_card_says_may_change_on_the_way() -> None:
    words = CardWords(name="ours", tissue="breast")
    said = _as_before(replace(OPEN, words=words), _asked(BEGUN)).words
    assert said == CardWords(name="ours", stain="H-DAB", tissue="breast")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": "small"}, "the recipe paper, not small"),
        ({"model": "p2p"}, "the kind of network fcrn, not p2p"),
        ({"backbone": "resnet10t"}, "the backbone resnet18, not resnet10t"),
        ({"epochs": 8}, "the number of epochs 7, not 8"),
        ({"fold": 1}, "the fold 2, not 1"),
        ({"seed": 6}, "the seed 5, not 6"),
        ({"words": CardWords(stain="H&E")}, "the stain H-DAB, not H&E"),
    ],
)
def test_other_settings_than_the_runs_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=f"was started with {said}; leave that at its default"):
        _as_before(replace(OPEN, **change), _asked(BEGUN))


def test_settings_for_what_was_left_open_are_refused_too() -> None:
    with pytest.raises(InputError, match="the seed 0, not 6"):
        _as_before(replace(OPEN, seed=6), AskedTraining())
    with pytest.raises(InputError, match="the recipe that was left open, not small"):
        _as_before(replace(OPEN, recipe="small"), AskedTraining())


def test_a_base_model_that_ships_is_found_again_and_another_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = shipping(monkeypatch, tmp_path, finding.DEFAULT_MODEL)
    assert _as_before(OPEN, _asked(replace(OPEN, base_model=shipped))).base_model == shipped
    asked = _asked(replace(OPEN, base_model=tmp_path / "own.safetensors"))
    with pytest.raises(InputError, match=r"from the base model own\.safetensors; choose it again"):
        _as_before(OPEN, asked)
    given = replace(OPEN, base_model=tmp_path / "copy.safetensors")
    assert _as_before(given, asked).base_model == given.base_model


def test_slides_are_cut_with_pixels_as_large_as_a_backbone_knows_them(tmp_path: Path) -> None:
    place: Any = SimpleNamespace(api_url="http://archive", token="t")
    known = backbone_file(tmp_path, "resnet10t", mpp=0.4, whole=False)
    given = replace(OPEN, backbone_weights=known)
    assert _export(SlidesFolder("f"), given, place, tmp_path).mpp == 0.4
    unknown = backbone_file(tmp_path, "resnet10t", mpp=None, whole=False)
    given = replace(OPEN, backbone_weights=unknown)
    assert _export(SlidesFolder("f"), given, place, tmp_path).mpp is None


def test_slides_are_cut_with_pixels_as_large_as_a_base_model_needs_them(tmp_path: Path) -> None:
    place: Any = SimpleNamespace(api_url="http://archive", token="t")
    folder = SlidesFolder("f", "labels*", ("a", "b"))
    export = _export(folder, OPEN, place, tmp_path)
    assert (export.mpp, export.annotations, export.classes) == (None, "labels*", ("a", "b"))
    assert (export.subfolders, export.patient_field, export.patient_pattern) == (
        False,
        "patient",
        "",
    )
    below = replace(folder, subfolders=True, patient_field="case", patient_pattern="^(.)")
    export = _export(below, OPEN, place, tmp_path)
    assert (export.subfolders, export.patient_field, export.patient_pattern) == (
        True,
        "case",
        "^(.)",
    )
    base = replace(OPEN, base_model=write_model(tmp_path / "base.safetensors", mpp=0.4))
    assert _export(folder, base, place, tmp_path).mpp == 0.4


def test_backbone_weights_are_asked_for_again() -> None:
    asked = _asked(replace(OPEN, backbone_weights=Path("w.safetensors")))
    with pytest.raises(
        InputError, match=r"backbone weights w\.safetensors; choose that file again"
    ):
        _as_before(OPEN, asked)
    given = replace(OPEN, backbone_weights=Path("w.safetensors"))
    assert _as_before(given, asked).backbone_weights == given.backbone_weights
