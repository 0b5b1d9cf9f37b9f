"""Hibou-B: the tensors get timm's names, and the card the colours of pathology."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.pretrained import read_backbone_weights
from patherea_core.model.weight_files import write_backbone_file
from tests.core.model.test_weight_names import SMALL, hugging_face_state
from training.converters import hibou
from training.recipes.paper import public, with_hibou

#: A small network of the same parts; positions are of the grid of 56 pixels.
OPTIONS = {name: value for name, value in SMALL.items() if name != "img_size"}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hibou, "LAYOUT", replace(hibou.LAYOUT, options=OPTIONS))


def test_a_published_file_serves_a_training(tmp_path: Path) -> None:
    torch.save(hugging_face_state(), tmp_path / "pytorch_model.bin")
    state, card = hibou.read(tmp_path / "pytorch_model.bin")
    assert "if the file is from there" in card.licence
    write_backbone_file(tmp_path / "hibou.safetensors", state, card)
    network = NetworkConfig(backbone=card.architecture, backbone_options=SMALL)
    weights = read_backbone_weights(tmp_path / "hibou.safetensors", network)
    assert weights.mean == (0.7068, 0.5755, 0.722)
    assert weights.state["blocks.0.attn.qkv.weight"].shape == (72, 24)


@pytest.mark.parametrize("name", ["layernorm.weight", "embeddings.position_embeddings", None])
def test_a_file_of_another_network_is_refused(tmp_path: Path, name: str | None) -> None:
    state = hugging_face_state()
    if name is None:
        state["pooler.weight"] = torch.zeros(3)
    else:
        del state[name]
    torch.save(state, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="is not Hibou-B: 1 tensors"):
        hibou.read(tmp_path / "pytorch_model.bin")


def test_the_recipe_of_the_paper_has_the_options_that_the_weights_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    network = with_hibou(public()).network
    assert network.backbone == hibou.LAYOUT.architecture
    assert hibou.LAYOUT.options.items() <= network.backbone_options.items()
