"""What a training that was stopped has to show."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from patherea_core.bundle_card import CardWords
from patherea_core.checkpoint import build_network, load_bundle
from patherea_core.errors import Cancelled
from patherea_core.progress import Silent
from patherea_core.workflow.fit import FitRequest, fit, save_best_so_far
from patherea_core.workflow.run.kept_state import read_state
from tests.core.workflow.cells import tiny_for, write_cells
from tests.fakes import RecordingProgress


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "cells"
    write_cells(folder, samples=2, side=64, count=6)
    return folder


def test_the_best_state_so_far_is_that_of_a_training_that_ended_there(
    dataset: Path, tmp_path: Path
) -> None:
    wanted = FitRequest(dataset=dataset, run=tmp_path / "run", recipe=tiny_for(2), device="cpu")
    model = load_bundle(fit(wanted, Silent()))
    assert save_best_so_far(wanted, tmp_path / "best")
    kept = load_bundle(tmp_path / "best")
    assert kept.card.weights_sha256 == model.card.weights_sha256
    assert kept.card.metrics.items() <= model.card.metrics.items()
    assert kept.card.provenance == {**model.card.provenance, "stopped": "after epoch 2 of 2"}


def test_the_card_says_what_was_asked_for_and_on_what_the_scores_are(
    dataset: Path, tmp_path: Path
) -> None:
    words = CardWords(name="tiny", stain="H&E", licence="MIT", notices=("drawn",))
    wanted = FitRequest(
        dataset=dataset, run=tmp_path / "run", recipe=tiny_for(1), device="cpu", words=words
    )
    card = load_bundle(fit(wanted, Silent())).card
    assert card.saying(words) == card
    assert card.initial_weights is None
    assert card.backbone_sha256 is None
    assert card.measured_on == (
        "validation: 1 image of 1 patient, which were not trained on but chose the best state and the"
        " threshold (validated on fold 0)"
    )
    assert card.provenance["trained_on"] == "1 image of 1 patient"


def test_a_backbone_that_was_not_trained_is_left_out_of_the_bundle(
    dataset: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "backbone.safetensors"
    recipe = tiny_for(1)
    save_file(timm.create_model(recipe.network.backbone).state_dict(), weights)
    pretrained = recipe.training.model_copy(update={"initialisation": "pretrained"})
    frozen = recipe.network.model_copy(update={"frozen_backbone": True})
    wanted = FitRequest(
        dataset=dataset,
        run=tmp_path / "run",
        recipe=recipe.model_copy(update={"network": frozen, "training": pretrained}),
        device="cpu",
        backbone_weights=weights,
    )
    bundle = load_bundle(fit(wanted, Silent()))
    assert not [name for name in bundle.state if name.startswith("backbone.pyramid.")]
    assert bundle.card.initial_weights is not None
    assert bundle.card.backbone_sha256 == bundle.card.initial_weights.sha256
    kept = read_state(tmp_path / "run" / "checkpoints" / "best.ckpt")["state_dict"]
    network = build_network(bundle, weights)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, kept[f"network.{name}"])


def test_before_the_first_validation_there_is_nothing_to_show(
    dataset: Path, tmp_path: Path
) -> None:
    recipe = tiny_for(2, validations=1)
    wanted = FitRequest(dataset=dataset, run=tmp_path / "run", recipe=recipe, device="cpu")
    assert not save_best_so_far(wanted, tmp_path / "best")
    with pytest.raises(Cancelled, match="after epoch 1 of 2"):
        fit(wanted, RecordingProgress(stop_at=0.9))
    assert not save_best_so_far(wanted, tmp_path / "best")
    assert not (tmp_path / "best").exists()
