"""Training as a command: what it hands to the core, and what it delivers."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from patherea_core.bundle_card import CardWords
from patherea_core.checkpoint import load_bundle
from patherea_core.data.store import pack
from patherea_core.errors import Cancelled, DatasetError, InputError, OutputError
from patherea_core.progress import Progress, Silent
from patherea_core.recipes import RECIPES, as_model
from patherea_core.workflow.fit import FitRequest
from plugin.commands import train_detector
from plugin.commands.train_detector import TrainRequest, run
from plugin.shell import SUBCOMMANDS
from plugin.shell.parser import shell_parser
from tests.builders import sample, write_dataset
from tests.core.workflow.cells import TINY, write_cells
from tests.fakes import RecordingProgress
from tests.plugin.bundles import write_model


class FakeFit:
    """A training that takes no time and remembers what was asked."""

    def __init__(self) -> None:
        self.request: FitRequest | None = None
        self.files: list[str] = []

    def __call__(self, request: FitRequest, _progress: Progress) -> Path:
        self.request = request
        self.files = sorted(path.name for path in request.dataset.iterdir())
        request.run.mkdir(parents=True)
        for name in ("model.safetensors", "curves.png", "metrics.csv"):
            (request.run / name).write_text(name)
        return request.run / "model.safetensors"


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> FakeFit:
    fake = FakeFit()
    monkeypatch.setattr(train_detector, "fit", fake)
    return fake


@pytest.fixture
def wanted(tmp_path: Path) -> TrainRequest:
    write_dataset(tmp_path / "dataset", [sample(name="a"), sample(name="b", fold=1)], folds=2)
    return TrainRequest(dataset=tmp_path / "dataset", out=tmp_path / "run")


def asked(fit: FakeFit) -> FitRequest:
    assert fit.request is not None
    return fit.request


def test_the_model_says_which_program_and_recipe_made_it(
    fit: FakeFit, wanted: TrainRequest
) -> None:
    assert run(wanted, Silent()) == wanted.out / "model.safetensors"
    provenance: dict[str, Any] = asked(fit).provenance
    assert provenance["program"].startswith("patherea ")
    assert provenance["recipe"] == "small"


def test_the_model_says_how_to_train_it_again_without_the_folders_of_this_machine(
    fit: FakeFit, wanted: TrainRequest, tmp_path: Path
) -> None:
    weights = tmp_path / "w.safetensors"
    save_file({"a": torch.zeros(1)}, weights)
    pretrained = replace(wanted, recipe="small-pretrained", backbone_weights=weights)
    run(replace(pretrained, epochs=3, seed=7), Silent())
    command = asked(fit).provenance["command"]
    assert command == (
        "patherea train dataset --out run --recipe small-pretrained --fold 0 --seed 7 --epochs 3"
        " --backbone-weights w.safetensors"
    )
    again = shell_parser(SUBCOMMANDS).parse_args(command.split()[1:])
    assert (again.epochs, again.seed, again.fold) == (3, 7, "0")


def test_what_the_machine_gives_and_the_card_says_is_passed_on(
    fit: FakeFit, wanted: TrainRequest
) -> None:
    words = CardWords(name="mine", stain="Ki-67")
    passed = replace(wanted, workers=0, devices=0, recipe="paper-vit", backbone_weights="hub")
    run(replace(passed, words=words), Silent())
    request = asked(fit)
    assert (request.workers, request.devices, request.backbone_weights) == (0, 0, "hub")
    assert request.words == words


@pytest.mark.parametrize(("stain", "separated"), [("H-DAB", "H-DAB"), ("Ki-67", "H&E")])
def test_the_stain_of_the_slides_is_the_one_that_is_jittered_if_it_can_be(
    fit: FakeFit, wanted: TrainRequest, stain: str, separated: str
) -> None:
    run(replace(wanted, words=CardWords(stain=stain)), Silent())
    assert asked(fit).recipe.training.stain == separated


def test_epochs_replace_those_of_the_recipe_and_nothing_else(
    fit: FakeFit, wanted: TrainRequest
) -> None:
    run(wanted, Silent())
    plain = asked(fit).recipe
    shutil.rmtree(wanted.out)
    run(replace(wanted, epochs=3), Silent())
    changed = asked(fit).recipe
    assert changed.training.epochs == 3
    assert changed.training.model_copy(update={"epochs": plain.training.epochs}) == plain.training


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_model(tmp_path / "base.safetensors", licence="CC-BY-4.0")


def test_a_base_model_gives_its_recipe_unless_another_is_named(
    fit: FakeFit, wanted: TrainRequest, base: Path, tmp_path: Path
) -> None:
    own = load_bundle(base).card.recipe
    run(replace(wanted, base_model=base, epochs=3, seed=7), Silent())
    shorter = own.training.model_copy(update={"epochs": 3})
    assert asked(fit).recipe == own.model_copy(update={"training": shorter})
    assert asked(fit).base_model == base
    assert asked(fit).provenance["recipe"] == "of the base model"
    assert asked(fit).provenance["command"] == (
        "patherea train dataset --out run --base-model base.safetensors --fold 0 --seed 7 --epochs 3"
    )
    shutil.rmtree(wanted.out)
    path = tmp_path / "mine.json"
    path.write_text('{"training": {"learning_rate": 0.5, "initialisation": "pretrained"}}')
    run(replace(wanted, base_model=base, recipe=str(path)), Silent())
    assert asked(fit).recipe.network == own.network
    assert asked(fit).recipe.training.learning_rate == 0.5
    assert asked(fit).recipe.training.initialisation == "scratch"
    assert " --recipe " in asked(fit).provenance["command"]


def test_what_contradicts_a_base_model_is_refused_before_the_long_work(
    fit: FakeFit, wanted: TrainRequest, base: Path
) -> None:
    missing = wanted.dataset / "missing"
    request = replace(wanted, dataset=missing, base_model=base)
    network = r"network\.backbone resnet10t, not test_efficientnet; .*Leave the recipe out"
    with pytest.raises(InputError, match=network):
        run(replace(request, recipe="small"), Silent())
    kind = "is a Patherea-P2P, which cannot become a Patherea-FCRN: leave --model out"
    with pytest.raises(InputError, match=kind):
        run(replace(request, model="fcrn"), Silent())
    with pytest.raises(InputError, match="has the weights of its backbone"):
        run(replace(request, backbone_weights="hub"), Silent())
    with pytest.raises(InputError, match=r"none\.safetensors cannot be opened"):
        run(replace(request, base_model=base.with_name("none.safetensors")), Silent())
    assert fit.request is None


@pytest.mark.parametrize(("licence", "warnings"), [(None, 0), ("CC-BY-4.0", 0), ("MIT", 1)])
def test_other_terms_than_those_of_the_base_model_are_told(
    fit: FakeFit,
    wanted: TrainRequest,
    base: Path,
    caplog: pytest.LogCaptureFixture,
    licence: str | None,
    warnings: int,
) -> None:
    run(replace(wanted, base_model=base, words=CardWords(licence=licence)), Silent())
    said = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert sum("the terms of the base model (CC-BY-4.0) hold" in text for text in said) == warnings
    assert asked(fit).words.licence == licence


def test_settings_can_come_from_a_file(fit: FakeFit, wanted: TrainRequest, tmp_path: Path) -> None:
    recipe = RECIPES["small"].model_copy(update={"radius_um": 7.0})
    path = tmp_path / "mine.json"
    path.write_text(recipe.model_dump_json())
    run(replace(wanted, recipe=str(path)), Silent())
    assert asked(fit).recipe == recipe
    assert asked(fit).provenance["recipe"] == "mine.json"


def test_a_recipe_is_trained_with_the_kind_of_network_that_is_asked_for(
    fit: FakeFit, wanted: TrainRequest
) -> None:
    run(replace(wanted, recipe="small", model="fcrn"), Silent())
    assert asked(fit).recipe == as_model(RECIPES["small"], "fcrn")
    assert "--recipe small --model fcrn --fold" in asked(fit).provenance["command"]


def test_what_a_file_of_settings_leaves_out_is_told(
    fit: FakeFit, wanted: TrainRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"network": {"backbone": "resnet10t"}, "training": {"epochs": 3}}')
    run(replace(wanted, recipe=str(path)), Silent())
    (warning,) = (one.getMessage() for one in caplog.records if one.levelname == "WARNING")
    assert "the paper's are taken: network.backbone_options {}, " in warning
    assert " more" in warning
    assert asked(fit).recipe.training.epochs == 3
    caplog.clear()
    path.write_text(RECIPES["small"].model_dump_json())
    shutil.rmtree(wanted.out)
    run(replace(wanted, recipe=str(path)), Silent())
    assert not [one for one in caplog.records if one.levelname == "WARNING"]


@pytest.mark.parametrize(
    ("asked_fold", "taken"), [(None, 1), (0, 0), ("train", 0), ("1", 1), ("val", 1)]
)
def test_the_fold_that_is_named_for_it_is_validated_on_unless_another_is_asked_for(
    fit: FakeFit, wanted: TrainRequest, asked_fold: int | str | None, taken: int
) -> None:
    manifest = wanted.dataset / "dataset.json"
    told = json.loads(manifest.read_text()) | {"fold_names": ["train", "val"]}
    manifest.write_text(json.dumps(told))
    run(replace(wanted, fold=asked_fold), Silent())
    assert asked(fit).validation_fold == taken
    command = asked(fit).provenance["command"]
    assert f"--fold {('train', 'val')[taken]} " in command


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"mine\.json cannot be read \(No such file or directory\); name a file like"),
        (
            '{"training": {"epocs": 5}}',
            r"cannot be used: training\.epocs is unknown; is training\.epochs meant",
        ),
        ("{", r"cannot be used: it is no JSON"),
    ],
)
def test_a_file_of_settings_that_cannot_serve_is_refused(
    wanted: TrainRequest, tmp_path: Path, text: str | None, message: str
) -> None:
    path = tmp_path / "mine.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        run(replace(wanted, recipe=str(path)), Silent())


def test_a_dataset_in_one_file_is_unpacked_meanwhile(
    fit: FakeFit, wanted: TrainRequest, tmp_path: Path
) -> None:
    pack(wanted.dataset, tmp_path / "d.zip")
    run(replace(wanted, dataset=tmp_path / "d.zip"), Silent())
    assert "dataset.json" in fit.files
    assert not asked(fit).dataset.exists()


@pytest.mark.usefixtures("fit")
def test_results_are_copied_to_where_the_archive_takes_them(
    wanted: TrainRequest, tmp_path: Path
) -> None:
    run(replace(wanted, model_out=tmp_path / "m", metrics_out=tmp_path / "t"), Silent())
    assert (tmp_path / "m").read_text() == "model.safetensors"
    assert (tmp_path / "t").read_text() == "metrics.csv"


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainRequest:
    """Return a request for a real training of seconds."""
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    write_cells(tmp_path / "cells", samples=2, side=64, count=6)
    pack(tmp_path / "cells", tmp_path / "cells.zip")
    (tmp_path / "out").mkdir()
    return TrainRequest(
        dataset=tmp_path / "cells.zip",
        out=tmp_path / "run",
        recipe="tiny",
        device="cpu",
        model_out=tmp_path / "out" / "m",
        metrics_out=tmp_path / "out" / "t",
    )


def test_a_stopped_training_delivers_the_best_state_so_far(cells: TrainRequest) -> None:
    assert cells.model_out is not None
    with pytest.raises(Cancelled, match=r"after epoch 2 of 3; the best state until then is .*m$"):
        run(cells, RecordingProgress(stop_at=0.95))
    assert sorted(path.name for path in cells.model_out.parent.iterdir()) == ["m", "t"]
    card = load_bundle(cells.model_out).card
    assert card.provenance["stopped"] == "after epoch 2 of 3"
    assert card.provenance["recipe"] == "tiny"


@pytest.mark.parametrize("fraction", [0.0, 0.04, 0.06, 0.3])
def test_a_training_that_is_stopped_before_its_first_validation_says_so(
    cells: TrainRequest, fraction: float
) -> None:
    assert cells.model_out is not None
    with pytest.raises(Cancelled, match="it was not validated yet, so there is no model"):
        run(cells, RecordingProgress(stop_at=fraction))
    assert list(cells.model_out.parent.iterdir()) == []


def test_a_stopped_training_without_a_second_place_can_be_resumed(cells: TrainRequest) -> None:
    without = replace(cells, model_out=None, metrics_out=None)
    with pytest.raises(
        Cancelled, match=r"after epoch 2 of 3; the state is kept in .*run; to go on: .*--resume"
    ):
        run(without, RecordingProgress(stop_at=0.95))
    assert not (without.out / "model.safetensors").exists()
    assert run(replace(without, resume=True), Silent()).exists()


def test_a_training_that_is_stopped_before_an_epoch_promises_nothing(cells: TrainRequest) -> None:
    without = replace(cells, model_out=None, metrics_out=None)
    with pytest.raises(Cancelled, match="nothing of it is kept"):
        run(without, RecordingProgress(stop_at=0.06))


def test_what_cannot_serve_is_refused_before_the_long_work(
    fit: FakeFit, wanted: TrainRequest, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        run(replace(wanted, model_out=tmp_path / "no" / "m"), Silent())
    with pytest.raises(DatasetError, match="there is no dataset"):
        run(replace(wanted, dataset=tmp_path / "missing"), Silent())
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    with pytest.raises(DatasetError, match=r"broken.zip"):
        run(replace(wanted, dataset=tmp_path / "broken.zip"), Silent())
    with pytest.raises(InputError, match="a seed must be"):
        run(replace(wanted, dataset=tmp_path / "missing", seed=-1), Silent())
    with pytest.raises(InputError, match="there is no recipe"):
        run(replace(wanted, recipe="huge"), Silent())
    with pytest.raises(InputError, match="GPUs cannot train together"):
        run(replace(wanted, dataset=tmp_path / "missing", devices=99), Silent())
    assert fit.request is None
