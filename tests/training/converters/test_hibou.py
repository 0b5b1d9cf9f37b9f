"""Hibou-B: the tensors get timm's names, and the card the colours of pathology."""

from pathlib import Path

import pytest
import torch

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import FOUNDATIONS, known_foundation
from patherea_core.model.pretrained import read_backbone_weights
from patherea_core.model.weight_files import write_backbone_file
from tests.core.model.foundation.conftest import small_foundations
from tests.core.model.foundation.published import FORMS, published_state, written
from training.converters import hibou
from training.recipes.paper import public, with_hibou

__all__ = ["small_foundations"]

STATE = published_state(FORMS["hibou-b"].small)


@pytest.mark.usefixtures("small_foundations")
def test_a_published_file_serves_a_training_under_both_its_names(tmp_path: Path) -> None:
    state, card = hibou.read(written(tmp_path, STATE, "pytorch_model.bin"))
    assert card.licence.startswith("Apache-2.0")
    assert "if the file named pytorch_model.bin is from there" in card.origin
    write_backbone_file(tmp_path / "hibou.safetensors", state, card)
    small = known_foundation("hibou-b")
    assert small is not None
    for network in (
        NetworkConfig(backbone="hibou-b"),
        NetworkConfig(backbone=small.architecture, backbone_options=dict(small.options)),
    ):
        weights = read_backbone_weights(tmp_path / "hibou.safetensors", network)
        assert weights.mean == (0.7068, 0.5755, 0.722)
        assert weights.state["blocks.0.attn.qkv.weight"].shape == (72, 24)


@pytest.mark.usefixtures("small_foundations")
@pytest.mark.parametrize("name", ["layernorm.weight", "embeddings.position_embeddings", None])
def test_a_file_of_another_network_is_refused(tmp_path: Path, name: str | None) -> None:
    state = dict(STATE)
    if name is None:
        state["rotary.weight"] = torch.zeros(3)
    else:
        del state[name]
    with pytest.raises(InputError, match=r"is not Hibou-B as https.*1 of \d+ tensors"):
        hibou.read(written(tmp_path, state, "pytorch_model.bin"))


def test_the_recipe_of_the_paper_names_the_same_network() -> None:
    network = with_hibou(public()).network
    assert network.backbone == FOUNDATIONS[hibou.NAME].architecture
    assert FOUNDATIONS[hibou.NAME].options.items() <= network.backbone_options.items()
