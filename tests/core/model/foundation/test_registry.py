"""The foundation models are those that are published."""

import math

import pytest
import timm
import torch

from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import FOUNDATIONS, foundation_named
from patherea_core.model.timm_models import created, described, family, input_statistics
from patherea_core.model.weight_names import timm_names
from tests.core.model.foundation.published import FORMS, Form, shapes


def positions_of(form: Form) -> int:
    # Loaded into timm, the class token of DINOv2 with registers carries its own position.
    with_class = form.positions == "class" and not form.registers
    before = {"patches": 0, "class": int(with_class), "all": 1 + form.registers}
    return before[form.positions] + form.side**2


def test_every_model_has_a_form_that_was_looked_up() -> None:
    assert FORMS.keys() == FOUNDATIONS.keys()
    assert all(FORMS[name].heads == one.heads for name, one in FOUNDATIONS.items())
    assert all(FORMS[name].layout == one.layout for name, one in FOUNDATIONS.items())


@pytest.mark.parametrize("name", FOUNDATIONS)
def test_a_block_has_the_published_form(name: str) -> None:
    form, foundation = FORMS[name], FOUNDATIONS[name]
    shallow = dict(foundation.options) | {"depth": 1}
    state = described(foundation.architecture, shallow, num_classes=0).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    assert shapes["patch_embed.proj.weight"] == (form.width, 3, form.patch, form.patch)
    assert shapes["pos_embed"] == (1, positions_of(form), form.width)
    assert shapes["blocks.0.mlp.fc2.weight"] == (form.width, form.hidden)
    assert shapes["blocks.0.mlp.fc1.weight"][0] == form.hidden * (2 if form.gated else 1)
    assert shapes.get("reg_token", (1, 0))[1] == form.registers
    assert ("blocks.0.ls1.gamma" in shapes) == form.scaled


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUNDATIONS)
def test_the_whole_has_the_published_depth_heads_and_size(name: str) -> None:
    model = described(name, {}, num_classes=0)
    form = FORMS[name]
    assert len(model.get_submodule("blocks")._modules) == form.blocks
    assert model.get_submodule("blocks.0.attn").num_heads == form.heads
    counted = sum(math.prod(tensor.shape) for tensor in model.state_dict().values())
    assert counted == FOUNDATIONS[name].parameters


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUNDATIONS)
def test_every_published_tensor_of_full_size_has_its_place(name: str) -> None:
    model = described(name, {}, num_classes=0)
    published = {
        key: torch.empty(shape, device="meta") for key, shape in shapes(FORMS[name]).items()
    }
    state = timm_names(published, FOUNDATIONS[name].architecture, model)
    wanted = model.state_dict()
    assert {key: value.shape for key, value in state.items()} == {
        key: value.shape for key, value in wanted.items()
    }


def test_no_name_is_one_of_timms() -> None:
    assert not [name for name in FOUNDATIONS if timm.is_model(name)]


@pytest.mark.parametrize("name", FOUNDATIONS)
def test_what_a_person_must_know_is_said(name: str) -> None:
    one = FOUNDATIONS[name]
    assert one.name == name
    assert all(0 < value < 1 for value in (*one.mean, *one.std))
    assert one.page.startswith("https://")
    assert one.download.startswith("https://")
    assert one.terms.address.startswith("https://")
    assert one.sources
    assert "http" in one.citation


def test_the_colours_are_those_of_the_cards() -> None:
    assert input_statistics("hibou-l")[0] == (0.7068, 0.5755, 0.722)
    assert input_statistics("h-optimus-1")[1] == (0.211883, 0.230117, 0.177517)
    others = [one for name, one in FOUNDATIONS.items() if not name.startswith(("hibou", "h-opt"))]
    assert {(one.mean, one.std) for one in others} == {
        ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    }


@pytest.mark.parametrize(
    ("name", "says"),
    [("UNI2", "uni2-h .*near|uni.*near"), ("x", "there are hibou-b, hibou-l, uni, ")],
)
def test_an_unknown_name_is_told_what_there_is(name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        foundation_named(name)


def test_a_name_stands_for_a_plain_transformer_of_timm() -> None:
    assert family("virchow2") == "vision_transformer"


def test_options_cannot_make_another_network_of_it() -> None:
    with pytest.raises(InputError, match=r"uni2-h is published with depth 24; leave that out"):
        created("uni2-h", {"depth": 2})
