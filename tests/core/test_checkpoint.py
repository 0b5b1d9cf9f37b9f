"""Model bundles: they come back as they were written, and nothing else is trusted."""

import pickle
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from patherea_core.checkpoint import (
    BundleCard,
    ClassCard,
    InitialWeights,
    ModelBundle,
    build_network,
    load_bundle,
    read_card,
    save_bundle,
    weights_digest,
)
from patherea_core.config import NetworkConfig, Recipe
from patherea_core.errors import BundleError, OutputError, TaxonomyError
from patherea_core.model.network import P2PNetwork
from patherea_core.model.pretrained import initialise, read_backbone_weights

RECIPE = Recipe(network=NetworkConfig(backbone="convnext_atto", fpn_channels=8, head_blocks=1))


def bundle(classes: tuple[str, ...] = ("positive", "negative")) -> ModelBundle:
    torch.manual_seed(0)
    state = P2PNetwork(RECIPE.network, len(classes)).state_dict()
    card = BundleCard(
        recipe=RECIPE,
        classes=tuple(ClassCard(name=name, color="#123456") for name in classes),
        mpp=0.5,
        score_threshold=0.4,
        parameters=sum(tensor.numel() for tensor in state.values()),
        seed=0,
        provenance={"dataset_sha256": "0" * 64},
        metrics={"validation_mean_f1": 0.5},
        weights_sha256=weights_digest(state),
    )
    return ModelBundle(state, card)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_bundle(path, bundle())
    return path


def test_a_bundle_comes_back_as_it_was_written(saved: Path) -> None:
    back = load_bundle(saved)
    assert back.card == bundle().card
    assert read_card(saved) == back.card
    assert back.taxonomy.names == ("positive", "negative")
    image = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    rebuilt, original = build_network(back), build_network(bundle())
    assert torch.equal(rebuilt(image).one_to_one.logits, original(image).one_to_one.logits)


def test_the_digest_ignores_order_and_sees_every_value() -> None:
    state = {"a": torch.zeros(2), "b": torch.ones(1)}
    assert weights_digest(state) == weights_digest(dict(reversed(state.items())))
    assert weights_digest(state) != weights_digest(
        {"a": torch.tensor([0.0, 1e-9]), "b": torch.ones(1)}
    )
    assert weights_digest(state) != weights_digest({"b": torch.zeros(2), "a": torch.ones(1)})


@pytest.mark.parametrize("kind", ["torch", "pickle"])
def test_a_pickle_is_refused_without_being_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.pth"
    if kind == "torch":
        torch.save({"weight": torch.zeros(1)}, path)
    else:
        path.write_bytes(pickle.dumps({"weight": 0}))
    with pytest.raises(BundleError, match="can run code when opened"):
        load_bundle(path)


def test_a_bundle_whose_length_begins_like_a_pickle_is_none(saved: Path) -> None:
    # The length of the header comes first, lowest byte first; a longer card makes it longer.
    missing = (0x80 - saved.read_bytes()[0]) % 256
    card = bundle().card.model_copy(update={"provenance": {"dataset_sha256": "0" * (64 + missing)}})
    save_bundle(saved, ModelBundle(bundle().state, card))
    assert saved.read_bytes()[:1] == b"\x80"
    assert load_bundle(saved).card == card


@pytest.mark.parametrize("kept", [0, 5, 400, 100_000])
def test_a_truncated_bundle_is_refused(saved: Path, kept: int) -> None:
    saved.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(BundleError, match=r"cut short|cannot be read"):
        load_bundle(saved)


def test_weights_without_a_card_are_no_bundle(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(1)}, path)
    with pytest.raises(BundleError, match="no model card"):
        load_bundle(path)


def test_a_card_of_another_version_is_refused(saved: Path) -> None:
    card = bundle().card.model_copy(update={"schema_version": 9})
    save_bundle(saved, ModelBundle(bundle().state, card))
    with pytest.raises(BundleError, match="another version"):
        read_card(saved)


def test_weights_that_were_changed_are_refused(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[-1] ^= 1
    saved.write_bytes(bytes(content))
    with pytest.raises(BundleError, match="not those its card names"):
        load_bundle(saved)


def test_weights_of_another_network_are_refused() -> None:
    other = RECIPE.model_copy(update={"network": NetworkConfig(backbone="convnext_atto")})
    wrong = ModelBundle(bundle().state, bundle().card.model_copy(update={"recipe": other}))
    with pytest.raises(BundleError, match="do not fit"):
        build_network(wrong)


FROZEN = RECIPE.model_copy(
    update={
        "network": NetworkConfig(
            backbone="convnext_atto", fpn_channels=8, head_blocks=1, frozen_backbone=True
        )
    }
)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Return a file of weights of the backbone, under timm's names."""
    torch.manual_seed(1)
    path = tmp_path / "backbone.safetensors"
    save_file(timm.create_model("convnext_atto").state_dict(), path)
    return path


def trained_part(weights: Path) -> tuple[P2PNetwork, ModelBundle]:
    """Return a network on a frozen backbone, and the bundle of what was trained of it."""
    pretrained = read_backbone_weights(weights, FROZEN.network)
    torch.manual_seed(2)
    network = P2PNetwork(FROZEN.network, 2)
    initialise(network.backbone, pretrained)
    state = network.trained_state()
    origin = InitialWeights(origin="a test", licence="CC0-1.0", sha256=pretrained.sha256)
    changes = {
        "recipe": FROZEN,
        "weights_sha256": weights_digest(state),
        "initial_weights": origin,
        "backbone_sha256": pretrained.sha256,
    }
    return network.eval(), ModelBundle(state, bundle().card.model_copy(update=changes))


def test_a_trained_part_and_the_weights_it_was_trained_on_are_the_whole_network(
    weights: Path, tmp_path: Path
) -> None:
    network, part = trained_part(weights)
    save_bundle(tmp_path / "part", part)
    assert (tmp_path / "part").stat().st_size < weights.stat().st_size / 5
    rebuilt = build_network(load_bundle(tmp_path / "part"), weights)
    random = torch.Generator().manual_seed(3)
    image = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8, generator=random)
    assert torch.equal(rebuilt(image).one_to_one.logits, network(image).one_to_one.logits)
    assert torch.equal(rebuilt(image).one_to_one.xy, network(image).one_to_one.xy)


def test_a_trained_part_alone_says_what_is_missing_and_where_to_get_it(weights: Path) -> None:
    _, part = trained_part(weights)
    with pytest.raises(BundleError, match=r"trained part only.*a test.*--backbone-weights"):
        build_network(part)


def test_a_trained_part_refuses_other_weights_than_its_own(weights: Path, tmp_path: Path) -> None:
    _, part = trained_part(weights)
    other = tmp_path / "other.safetensors"
    save_file(timm.create_model("convnext_atto").state_dict(), other)
    with pytest.raises(BundleError, match="but the model was trained on"):
        build_network(part, other)


def test_a_trained_part_that_lacks_a_tensor_is_refused(weights: Path) -> None:
    _, part = trained_part(weights)
    state = dict(part.state)
    state.popitem()
    with pytest.raises(BundleError, match="do not fit"):
        build_network(ModelBundle(state, part.card), weights)


def test_weights_of_a_backbone_that_the_bundle_holds_itself_change_nothing(
    weights: Path,
) -> None:
    with_them, without = build_network(bundle(), weights), build_network(bundle())
    for name, tensor in without.state_dict().items():
        assert torch.equal(tensor, with_them.state_dict()[name])


def test_a_missing_model_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be opened"):
        load_bundle(tmp_path / "absent.safetensors")


def test_another_taxonomy_is_told_apart() -> None:
    with pytest.raises(TaxonomyError, match="positive, negative"):
        bundle().taxonomy.require_same(("negative", "positive"), "the dataset")


def test_a_bundle_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        save_bundle(tmp_path / "absent" / "model.safetensors", bundle())
    assert list(tmp_path.iterdir()) == []
