"""Verifying a bundle: what is sound passes, and the first thing that is not is named."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from patherea_core.bundle_card import CARD_KEY
from patherea_core.bundle_file import CARD_FILE, read_card
from patherea_core.checkpoint import ModelBundle, load_bundle, save_bundle, weights_digest
from patherea_core.errors import BundleError
from patherea_core.workflow.verify import Check, verify_bundle
from tests.plugin.bundles import COMPLETE, write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "model.safetensors", **COMPLETE)


def only_problem(path: Path) -> Check:
    (found,) = (check for check in verify_bundle(path) if check.problem)
    return found


def changed(path: Path, model: Path, **changes: object) -> Path:
    """Write the model with another card, beside it if it is the same place."""
    bundle = load_bundle(model)
    save_bundle(path, ModelBundle(bundle.state, bundle.card.model_copy(update=changes)))
    return path


def test_a_sound_and_complete_model_has_no_problem(model: Path) -> None:
    checks = verify_bundle(model)
    assert [check.problem for check in checks] == [""] * 5


def test_what_the_card_does_not_say_is_a_note(model: Path, tmp_path: Path) -> None:
    check = only_problem(changed(tmp_path / "m.safetensors", model, licence=None, stain=None))
    assert check.problem == "it does not say its stain, its licence"
    assert not check.failed


def test_changed_weights_are_found_and_nothing_is_run_with_them(
    model: Path, tmp_path: Path
) -> None:
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    (tmp_path / "m.safetensors").write_bytes(bytes(content))
    checks = verify_bundle(tmp_path / "m.safetensors")
    assert [check.failed for check in checks] == [False, True]
    assert "not those its card names" in checks[1].problem


def test_a_card_with_one_flipped_bit_is_found_before_anything_is_believed(
    model: Path, tmp_path: Path
) -> None:
    content = model.read_bytes()
    threshold = f"{read_card(model).score_threshold}"
    place = content.index(b"score_threshold", content.index(b"score_threshold") + 1)
    place = content.index(threshold.encode(), place) + len(threshold) - 1
    flipped = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    (tmp_path / "model.safetensors").write_bytes(flipped)
    for path in (tmp_path / "model.safetensors", tmp_path):
        (check,) = verify_bundle(path)
        assert check.failed
        assert "not the one that was written" in check.problem
        for read in (read_card, load_bundle):
            with pytest.raises(BundleError, match="not the one that was written"):
                read(path)


def test_a_card_without_a_digest_is_a_note(model: Path, tmp_path: Path) -> None:
    bundle = load_bundle(model)
    path = tmp_path / "m.safetensors"
    save_file(dict(bundle.state), path, metadata={CARD_KEY: bundle.card.model_dump_json()})
    assert load_bundle(path).card == bundle.card
    check = only_problem(path)
    assert "older versions wrote none" in check.problem
    assert not check.failed


def test_weights_that_are_no_numbers_are_found(model: Path, tmp_path: Path) -> None:
    bundle = load_bundle(model)
    state = {
        name: torch.full_like(tensor, torch.nan) if tensor.is_floating_point() else tensor
        for name, tensor in bundle.state.items()
    }
    card = bundle.card.model_copy(update={"weights_sha256": weights_digest(state)})
    save_bundle(tmp_path / "m.safetensors", ModelBundle(state, card))
    check = only_problem(tmp_path / "m.safetensors")
    assert check.failed
    assert "no finite number" in check.problem


def test_weights_of_another_network_are_found(model: Path, tmp_path: Path) -> None:
    recipe = read_card(model).recipe
    other = recipe.network.model_copy(update={"fpn_channels": 8})
    path = changed(
        tmp_path / "m.safetensors", model, recipe=recipe.model_copy(update={"network": other})
    )
    check = only_problem(path)
    assert check.failed
    assert "do not fit" in check.problem


def test_the_card_beside_the_weights_must_say_the_same(model: Path, tmp_path: Path) -> None:
    changed(tmp_path / "model.safetensors", model)
    assert [check.problem for check in verify_bundle(tmp_path)] == [""] * 6
    card = read_card(tmp_path).model_copy(update={"mpp": 1.0, "name": "other"})
    (tmp_path / CARD_FILE).write_text(card.model_dump_json())
    check = only_problem(tmp_path)
    assert check.failed
    assert "differ in name, mpp" in check.problem


def test_what_is_no_bundle_cannot_be_verified(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "m.pt")
    with pytest.raises(BundleError, match="can run code when opened"):
        verify_bundle(tmp_path / "m.pt")
