"""A training on a foundation model: its licence is asked for, and the bundle holds what was trained alone."""

import logging
from pathlib import Path

import pytest
import torch

from patherea_core.checkpoint import (
    InitialWeights,
    ModelBundle,
    build_network,
    load_bundle,
    save_bundle,
    weights_digest,
)
from patherea_core.config import AdapterConfig, NetworkConfig, Recipe
from patherea_core.data.store import read_manifest
from patherea_core.errors import BundleError, InputError
from patherea_core.model.building import build_detector
from patherea_core.model.foundation.checks import tell_pixels
from patherea_core.model.pretrained import BackboneWeights, initialise
from patherea_core.workflow.engine.initialisation import beginning_of, origin_of
from patherea_core.workflow.request import FitRequest
from tests.builders import sample, write_dataset
from tests.core.model.foundation.conftest import small_foundations
from tests.core.model.foundation.published import FORMS, published_state, written
from tests.core.model.networks import images
from tests.core.test_checkpoint import bundle
from tests.core.workflow.cells import TINY

__all__ = ["small_foundations"]

pytestmark = pytest.mark.usefixtures("small_foundations")


def recipe_on(name: str) -> Recipe:
    network = NetworkConfig(
        backbone=name,
        frozen_backbone=True,
        fpn_channels=8,
        head_blocks=1,
        adapter=AdapterConfig(interactions=2, attention_heads=2, spatial_channels=8),
    )
    training = TINY.training.model_copy(update={"initialisation": "pretrained"})
    return TINY.model_copy(update={"network": network, "training": training})


def asked(folder: Path, name: str, *accepted: str) -> FitRequest:
    """Return a training on the file of a foundation model, and a dataset for it."""
    if not (folder / "dataset").exists():
        write_dataset(folder / "dataset", [sample(name="a"), sample(name="b", fold=1)], folds=2)
    return FitRequest(
        dataset=folder / "dataset",
        run=folder / "run",
        recipe=recipe_on(name),
        backbone_weights=written(folder, published_state(FORMS[name].small), "published.bin"),
        accepted_licences=accepted,
    )


def begun(request: FitRequest) -> BackboneWeights:
    beginning = beginning_of(request, read_manifest(request.dataset))
    assert isinstance(beginning, BackboneWeights)
    return beginning


def test_a_licence_is_accepted_before_the_weights_are_read(tmp_path: Path) -> None:
    request = asked(tmp_path, "virchow2")
    (tmp_path / "published.bin").unlink()
    with pytest.raises(InputError, match=r"CC-BY-NC-ND-4\.0, which forbids"):
        begun(request)


def test_what_is_remembered_of_the_beginning_names_terms_and_acceptance(tmp_path: Path) -> None:
    remembered = origin_of(begun(asked(tmp_path, "virchow2", "virchow2")))
    assert remembered is not None
    assert remembered.licence == (
        "CC-BY-NC-ND-4.0 (https://huggingface.co/paige-ai/Virchow2), accepted for this training with"
        " --accept-licence virchow2"
    )
    assert remembered.origin.startswith("Virchow2 (Zimmermann et al., https://arxiv.org/abs/2408")
    free = origin_of(begun(asked(tmp_path, "hibou-b")))
    assert free is not None
    assert free.licence == "Apache-2.0 (https://www.apache.org/licenses/LICENSE-2.0)"


@pytest.mark.parametrize(
    ("name", "mpp", "warned"),
    [
        ("hibou-b", 0.25, True),
        ("hibou-b", 0.46, False),
        ("virchow2", 0.25, False),
        ("virchow2", 4.0, True),
        ("dinov2-s", 0.25, False),
        ("resnet10t", 0.25, False),
    ],
)
def test_pixels_of_another_size_than_those_of_the_pretraining_are_warned_of(
    caplog: pytest.LogCaptureFixture, name: str, mpp: float, warned: bool
) -> None:
    with caplog.at_level(logging.WARNING):
        tell_pixels(name, mpp)
    assert (f"and the dataset has pixels of {mpp:g} µm" in caplog.text) == warned


@pytest.mark.parametrize("name", ["hibou-b", "phikon", "virchow2"])
def test_the_bundle_holds_adapter_and_heads_alone_and_needs_the_very_file(
    tmp_path: Path, name: str
) -> None:
    request = asked(tmp_path, name, "phikon", "virchow2")
    weights, source = begun(request), request.backbone_weights
    assert isinstance(source, Path)
    network = build_detector(request.recipe.network, 2).eval()
    initialise(network.backbone, weights)
    state = network.trained_state()
    assert not [key for key in state if "transformer" in key]
    assert [key for key in state if ".injectors." in key]
    card = bundle().card.model_copy(
        update={
            "recipe": request.recipe,
            "weights_sha256": weights_digest(state),
            "initial_weights": InitialWeights(
                origin=weights.origin, licence=weights.licence, sha256=weights.sha256
            ),
            "backbone_sha256": weights.sha256,
        }
    )
    save_bundle(tmp_path / "part", ModelBundle(state, card))
    rebuilt = build_network(load_bundle(tmp_path / "part"), source)
    with torch.inference_mode():
        ours, again = network(images()), rebuilt(images())
    for one, other in zip(ours.numbers(), again.numbers(), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(rebuilt.backbone.mean, network.backbone.mean)
    with pytest.raises(BundleError, match=r"trained part only: .*with --backbone-weights"):
        build_network(load_bundle(tmp_path / "part"))
    other_file = published_state(FORMS[name].small)
    first = next(iter(other_file))
    written(tmp_path, other_file | {first: other_file[first] + 1}, "published.bin")
    with pytest.raises(BundleError, match="but the model was trained on"):
        build_network(load_bundle(tmp_path / "part"), source)
