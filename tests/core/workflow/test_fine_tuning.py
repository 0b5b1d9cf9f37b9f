"""A training that starts from a trained model: what it keeps, what it refuses, what it says."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from patherea_core.bundle_card import CardWords, ClassCard
from patherea_core.checkpoint import ModelBundle, build_network, load_bundle, save_bundle
from patherea_core.config import Recipe
from patherea_core.data.store import read_manifest
from patherea_core.errors import BundleError, Cancelled, InputError
from patherea_core.progress import Silent
from patherea_core.workflow.fit import FitRequest, fit
from tests.core.workflow.cells import tiny_for, write_cells
from tests.fakes import RecordingProgress

#: What the card of the base model says.
WORDS = CardWords(name="base", licence="CC-BY-4.0", notices=("Labels by Anna.",))
#: A recipe that moves weights by less than a rounding, so that what is trained is what it started from.
STANDING = tiny_for(1, learning_rate=1e-30, weight_decay=0.0, ema_decay=0.0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "cells"
    write_cells(folder, samples=2, side=64, count=6)
    return folder


@pytest.fixture(scope="module")
def base(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a trained model."""
    run = tmp_path_factory.mktemp("runs") / "base"
    wanted = FitRequest(
        dataset=dataset, run=run, recipe=tiny_for(1), device="cpu", words=WORDS, workers=0
    )
    return fit(wanted, Silent())


def wanted(dataset: Path, run: Path, base: Path, recipe: Recipe = STANDING) -> FitRequest:
    """Return the request of a training that starts from a model."""
    return FitRequest(
        dataset=dataset, run=run, recipe=recipe, device="cpu", workers=0, base_model=base
    )


def weights_of(bundle: ModelBundle) -> dict[str, Tensor]:
    """Return what is learnt by steps: all tensors but statistics of batch normalisation."""
    learnt = dict(build_network(bundle).named_parameters())
    return {name: parameter.detach() for name, parameter in learnt.items()}


def said_otherwise(base: Path, path: Path, **card: object) -> Path:
    """Write a model like another one whose card says something else."""
    bundle = load_bundle(base)
    save_bundle(path, ModelBundle(bundle.state, bundle.card.model_copy(update=card)))
    return path


def test_a_training_starts_from_all_weights_of_its_base_model(
    dataset: Path, base: Path, tmp_path: Path
) -> None:
    model = load_bundle(fit(wanted(dataset, tmp_path / "run", base), Silent()))
    before, after = weights_of(load_bundle(base)), weights_of(model)
    assert before.keys() == after.keys()
    for name, tensor in after.items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=1e-12)


def test_the_card_names_the_base_model_and_keeps_its_terms_and_notices(
    dataset: Path, base: Path, tmp_path: Path
) -> None:
    card = load_bundle(base).card
    own = CardWords(name="next", notices=("Labels by Ben.", "Labels by Anna."))
    request = replace(wanted(dataset, tmp_path / "run", base), words=own)
    first = load_bundle(fit(request, Silent())).card
    assert first.base_model is not None
    assert first.base_model.name == "base"
    assert first.base_model.weights_sha256 == card.weights_sha256
    assert first.base_model.dataset_sha256 == read_manifest(dataset).digest()
    assert first.base_model.trained_on == "1 image of 1 patient"
    assert (first.name, first.licence) == ("next", "CC-BY-4.0")
    assert first.notices == ("Labels by Anna.", "Labels by Ben.")
    second = first.as_base("model.safetensors")
    assert (second.name, second.base_model) == ("next", first.base_model)
    assert second.words_with(CardWords(licence="MIT")).licence == "MIT"


def test_slides_that_the_base_model_was_made_with_are_told_among_those_to_validate_on(
    dataset: Path, base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slides = [{"name": read_manifest(dataset).samples[0].slide}, {"name": "another"}]
    other = said_otherwise(base, tmp_path / "other.safetensors", provenance={"slides": slides})
    card = load_bundle(fit(wanted(dataset, tmp_path / "run", other), Silent())).card
    assert "1 of 1 images to validate on are of slides that the base model" in caplog.text
    assert card.measured_on is not None
    assert "; 1 of them are of slides that the base model was made with" in card.measured_on
    assert card.base_model is not None
    later = card.base_model.model_copy(update={"slides": ("s",), "base_model": card.base_model})
    assert later.known_among(["s", "another", "t", "s"]) == 3


@pytest.mark.slow
def test_a_stopped_fine_tuning_that_is_resumed_ends_as_if_never_stopped(
    dataset: Path, base: Path, tmp_path: Path
) -> None:
    whole = load_bundle(fit(wanted(dataset, tmp_path / "whole", base, tiny_for(2)), Silent()))
    halves = wanted(dataset, tmp_path / "halves", base, tiny_for(2))
    with pytest.raises(Cancelled, match="after epoch 1 of 2"):
        fit(halves, RecordingProgress(stop_at=0.7))
    with pytest.raises(
        InputError, match=r"started with --base-model \(of digest \w+\), which is left"
    ):
        fit(replace(halves, base_model=None, resume=True), Silent())
    resumed = load_bundle(fit(replace(halves, resume=True), Silent()))
    assert resumed.card.weights_sha256 == whole.card.weights_sha256
    assert resumed.card.base_model == whole.card.base_model


def test_a_class_that_is_new_is_told_and_the_shared_one_keeps_its_logits(
    dataset: Path, base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blue, green = (ClassCard(name=name, color="#0072b2") for name in ("blue", "green"))
    other = said_otherwise(base, tmp_path / "other.safetensors", classes=(blue, green))
    with caplog.at_level(logging.INFO):
        model = load_bundle(fit(wanted(dataset, tmp_path / "run", other), Silent()))
    assert "does not know brown, for which the training starts at random" in caplog.text
    assert "the dataset has no green" in caplog.text
    name = "classification.first_output.weight"
    before, after = load_bundle(base).state[name], model.state[name]
    # Each of the anchor points has a row for either class, and one for background.
    torch.testing.assert_close(after[1::3], before[0::3])
    torch.testing.assert_close(after[2::3], before[2::3])
    assert not torch.allclose(after[0::3], before[1::3])


def test_other_pixels_or_another_network_are_refused_before_anything_is_written(
    dataset: Path, base: Path, tmp_path: Path
) -> None:
    finer = said_otherwise(base, tmp_path / "finer.safetensors", mpp=0.25)
    with pytest.raises(InputError, match=r"pixels of 0\.25 µm, and the dataset .* 0\.5 µm: export"):
        fit(wanted(dataset, tmp_path / "run", finer), Silent())
    network = STANDING.network.model_copy(update={"head_blocks": 2})
    wider = STANDING.model_copy(update={"network": network})
    with pytest.raises(InputError, match=r"than the base model: network\.head_blocks 2, not 1\."):
        fit(wanted(dataset, tmp_path / "run", base, wider), Silent())
    unused = replace(wanted(dataset, tmp_path / "run", base), backbone_weights="hub")
    with pytest.raises(InputError, match="has the weights of its backbone, so that hub would be"):
        fit(unused, Silent())
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_base_model_without_its_backbone_needs_it_and_hands_it_on(
    dataset: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "backbone.safetensors"
    save_file(timm.create_model(STANDING.network.backbone).state_dict(), weights)
    pretrained = STANDING.training.model_copy(update={"initialisation": "pretrained"})
    frozen = STANDING.network.model_copy(update={"frozen_backbone": True})
    recipe = STANDING.model_copy(update={"network": frozen, "training": pretrained})
    first = FitRequest(
        dataset=dataset,
        run=tmp_path / "first",
        recipe=recipe,
        device="cpu",
        workers=0,
        backbone_weights=weights,
    )
    base = fit(first, Silent())
    second = wanted(dataset, tmp_path / "second", base, recipe)
    with pytest.raises(BundleError, match="name their file with --backbone-weights"):
        fit(second, Silent())
    card = load_bundle(fit(replace(second, backbone_weights=weights), Silent())).card
    assert card.backbone_sha256 == load_bundle(base).card.backbone_sha256
    assert card.initial_weights == load_bundle(base).card.initial_weights
