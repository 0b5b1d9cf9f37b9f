"""Files of foundation models are read whole, whatever their names, and compute what is published."""

import logging
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from patherea_core.config import AdapterConfig, NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.backbones import build_backbone
from patherea_core.model.foundation import registry
from patherea_core.model.foundation.registry import FOUNDATIONS
from patherea_core.model.pretrained import initialise, read_backbone_weights
from patherea_core.model.site_grid import SiteGrid
from patherea_core.model.timm_models import created
from patherea_core.model.vit_adapter import AdaptedTransformer
from patherea_core.model.weight_files import BackboneCard, file_digest, write_backbone_file
from tests.core.model.foundation.published import (
    FORMS,
    LiteralNetwork,
    State,
    in_chunks,
    published_state,
    written,
)

pytestmark = pytest.mark.usefixtures("small_foundations")

#: One of each layout, and what sets it apart.
KINDS = ("hibou-b", "phikon", "virchow2", "dinov2-s", "dinov2-g-reg")


def images(side: int) -> Tensor:
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))


def network_of(name: str) -> NetworkConfig:
    return NetworkConfig(
        backbone=name, frozen_backbone=True, fpn_channels=8, adapter=AdapterConfig(interactions=2)
    )


@pytest.mark.parametrize("name", FOUNDATIONS)
def test_every_tensor_is_used_and_the_network_computes_what_is_published(
    tmp_path: Path, name: str
) -> None:
    form, foundation = FORMS[name].small, FOUNDATIONS[name]
    state = published_state(form)
    path = written(tmp_path, state, Path(foundation.files[0]).name)
    read = read_backbone_weights(path, network_of(name))
    ours: Any = created(name, {}, num_classes=0).eval()
    # Strictly: no tensor is missing, and none is left.
    ours.load_state_dict(dict(read.state), strict=True)
    pixels = images(form.side * form.patch)
    with torch.inference_mode():
        found = ours.forward_features(pixels)
    expected = LiteralNetwork(state, form).tokens(pixels)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert (read.mean, read.std) == (foundation.mean, foundation.std)
    assert foundation.terms.name in read.licence
    assert foundation.title in read.origin


@pytest.mark.parametrize(
    ("name", "wrap"),
    [
        ("phikon", lambda state: {f"vit.{name}": value for name, value in state.items()}),
        ("phikon-v2", lambda state: {f"dinov2.{name}": value for name, value in state.items()}),
        ("phikon", lambda state: state | {"pooler.dense.weight": torch.zeros(24, 24)}),
        ("uni", lambda state: {"state_dict": state | {"head.weight": torch.zeros(3, 24)}}),
        ("dinov2-b-reg", lambda state: in_chunks(state, 2)),
        (
            "dinov2-g",
            lambda state: {
                "teacher": {
                    f"backbone.{name}": value for name, value in in_chunks(state, 2).items()
                }
                | {"dino_head.mlp.0.weight": torch.zeros(3)}
            },
        ),
        (
            "dinov2-g",
            lambda state: {name: value for name, value in state.items() if name != "mask_token"},
        ),
    ],
)
def test_wrappings_chunks_and_heads_change_nothing(tmp_path: Path, name: str, wrap: Any) -> None:  # noqa: ANN401
    state = published_state(FORMS[name].small)
    plain = read_backbone_weights(written(tmp_path, state, "plain.pth"), network_of(name))
    torch.save(wrap(state), tmp_path / "wrapped.pth")
    found = read_backbone_weights(tmp_path / "wrapped.pth", network_of(name))
    assert found.state.keys() - {"head.weight"} == plain.state.keys()
    assert all(torch.equal(found.state[key], plain.state[key]) for key in plain.state)


def without(state: State, part: str) -> State:
    return {name: value for name, value in state.items() if part not in name}


@pytest.mark.parametrize("name", KINDS)
def test_partial_and_foreign_files_are_refused_by_the_names_of_tensors(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    state = published_state(FORMS[name].small)
    lacking = written(tmp_path, without(state, ".1."), "lacking.pth")
    with pytest.raises(InputError, match=r"it lacks \d+ of \d+ tensors, blocks\.1\..*1 blocks and"):
        read_backbone_weights(lacking, network_of(name))
    more = written(tmp_path, state | {"extra.weight": torch.zeros(1)}, "more.pth")
    with pytest.raises(InputError, match=r"it has besides 1 of \d+ tensors, extra\.weight\."):
        read_backbone_weights(more, network_of(name))
    wide = published_state(replace(FORMS[name].small, width=32, heads=2))
    with pytest.raises(InputError, match=r"of other shapes are .*\(1, 1, 32\), not \(1, 1, 24\)"):
        read_backbone_weights(written(tmp_path, wide, "wide.pth"), network_of(name))
    # Nothing is said of what a model would keep that there will never be.
    assert not caplog.messages


def test_another_foundation_model_is_told_by_its_form(tmp_path: Path) -> None:
    path = written(tmp_path, published_state(FORMS["hibou-b"].small), "hibou.bin")
    expected = (
        r"is not Virchow2 as https://huggingface\.co/paige-ai/Virchow2 publishes it: .*pos_embed, which is"
        r" \(1, 16, 24\), not \(1, 21, 24\)"
    )
    with pytest.raises(InputError, match=expected):
        read_backbone_weights(path, network_of("virchow2"))
    with pytest.raises(
        InputError, match=r"patches of 14.*4 registers, and uni has patches of 16.*0"
    ):
        read_backbone_weights(path, network_of("uni"))


def test_a_network_of_another_kind_has_no_patches(tmp_path: Path) -> None:
    path = written(tmp_path, {"conv1.weight": torch.zeros(1)}, "resnet.pth")
    with pytest.raises(InputError, match="It has no patches of a vision transformer, and uni has"):
        read_backbone_weights(path, network_of("uni"))


@pytest.mark.parametrize("name", KINDS)
def test_positions_of_another_grid_are_resampled(tmp_path: Path, name: str) -> None:
    state = published_state(replace(FORMS[name].small, side=6))
    read = read_backbone_weights(written(tmp_path, state, "large.pth"), network_of(name))
    backbone = build_backbone(network_of(name))
    initialise(backbone, read)
    built = backbone.pretrained_part.state_dict()["pos_embed"]
    assert built.shape[1] == read.state["pos_embed"].shape[1] - 36 + 16


@pytest.mark.parametrize("name", ["hibou-l", "dinov2-s-reg"])
@pytest.mark.parametrize(("rows", "columns"), [(6, 6), (3, 5)])
def test_tiles_of_another_size_get_the_positions_that_the_authors_resample(
    tmp_path: Path, name: str, rows: int, columns: int
) -> None:
    form = FORMS[name].small
    state = published_state(form)
    read = read_backbone_weights(written(tmp_path, state, "published.pth"), network_of(name))
    ours: Any = created(name, {}, num_classes=0, dynamic_img_size=True).eval()
    ours.load_state_dict(dict(read.state))
    pixels = torch.randn(1, 3, rows * form.patch, columns * form.patch)
    with torch.inference_mode():
        found = ours.forward_features(pixels)
    position = "pos_embed" if form.layout == "dinov2" else "embeddings.position_embeddings"
    grid = state[position][:, 1:].reshape(1, form.side, form.side, -1).permute(0, 3, 1, 2)
    resampled = functional.interpolate(grid, size=(rows, columns), mode="bicubic", antialias=True)
    other = torch.cat([state[position][:, :1], resampled.flatten(2).transpose(1, 2)], dim=1)
    expected = LiteralNetwork(state | {position: other}, form).tokens(pixels)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_files_of_16_bits_lose_nothing_more(tmp_path: Path) -> None:
    state = {name: value.half() for name, value in published_state(FORMS["hibou-b"].small).items()}
    read = read_backbone_weights(
        written(tmp_path, state, "half.safetensors"), network_of("hibou-b")
    )
    whole = {name: value.float() for name, value in state.items()}
    exact = read_backbone_weights(written(tmp_path, whole, "whole.pth"), network_of("hibou-b"))
    assert all(torch.equal(read.state[key].float(), exact.state[key]) for key in exact.state)


@pytest.mark.parametrize("name", ["hibou-b", "phikon", "virchow2"])
def test_a_frozen_transformer_in_its_adapter_sees_the_published_tokens_and_colours(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 224 pixels are whole patches of 14 and of 16.
    side = 224 // FORMS[name].patch
    options = dict(registry.FOUNDATIONS[name].options) | {"img_size": 224, "embed_dim": 48}
    wide = replace(registry.FOUNDATIONS[name], options=options)
    monkeypatch.setattr(registry, "FOUNDATIONS", MappingProxyType({name: wide}))
    form = replace(FORMS[name].small, side=side, width=48, hidden=128 if FORMS[name].gated else 192)
    state = published_state(form)
    network = network_of(name)
    backbone = build_backbone(network).eval()
    initialise(backbone, read_backbone_weights(written(tmp_path, state, "published.pth"), network))
    foundation = FOUNDATIONS[name]
    assert backbone.mean.flatten().tolist() == pytest.approx(foundation.mean)
    assert backbone.std.flatten().tolist() == pytest.approx(foundation.std)
    assert not any(one.requires_grad for one in backbone.pretrained_part.parameters())
    pyramid = backbone.pyramid
    assert isinstance(pyramid, AdaptedTransformer)
    pixels = images(224)
    grids = [SiteGrid.over(224, 224, stride) for stride in pyramid.scales]
    with torch.inference_mode():
        maps = pyramid.prior(pixels)[-len(grids) :]
        tokens, _, _ = pyramid.interact(pixels, maps, grids)
    # A new adapter adds nothing yet.
    expected = LiteralNetwork(state, form).tokens(pixels, last_norm=False)[:, -(side**2) :]
    torch.testing.assert_close(tokens[-1], expected, rtol=1e-3, atol=1e-4)


def test_the_digest_is_told_and_a_published_one_is_compared(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, published_state(FORMS["uni"].small), "uni.bin")
    digest = file_digest(path)
    with caplog.at_level(logging.INFO):
        read = read_backbone_weights(path, network_of("uni"))
    assert read.sha256 == digest
    assert f"has the sha256 {digest}, to which no published one is known" in caplog.text
    assert "if the file named uni.bin is from there" in read.origin
    for sha256, says in ((digest, "is the published file of UNI"), ("0" * 64, "saved anew")):
        known = replace(registry.FOUNDATIONS["uni"], sha256=sha256)
        monkeypatch.setattr(registry, "FOUNDATIONS", MappingProxyType({"uni": known}))
        with caplog.at_level(logging.INFO):
            read = read_backbone_weights(path, network_of("uni"))
        assert says in caplog.text
    assert "if the file" in read.origin


def test_a_converted_file_serves_the_model_whose_form_it_has(tmp_path: Path) -> None:
    form = FORMS["hibou-b"].small
    state = published_state(form)
    read = read_backbone_weights(written(tmp_path, state, "h.bin"), network_of("hibou-b"))
    foundation = registry.FOUNDATIONS["hibou-b"]
    card = BackboneCard(
        architecture=foundation.architecture,
        backbone_options=dict(foundation.options),
        mean=(0.1, 0.2, 0.3),
        std=read.std,
        licence="as published",
        origin="converted",
        source_sha256="0" * 64,
    )
    write_backbone_file(tmp_path / "converted.safetensors", read.state, card)
    again = read_backbone_weights(tmp_path / "converted.safetensors", network_of("hibou-b"))
    assert again.mean == (0.1, 0.2, 0.3)
    with pytest.raises(InputError, match="holds vit_giant_patch14_reg4_dinov2"):
        read_backbone_weights(tmp_path / "converted.safetensors", network_of("uni"))


@pytest.mark.parametrize("name", ["phikon-v2", "uni2-h"])
def test_whoever_names_timms_model_is_told_of_the_foundation_model(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    small = registry.FOUNDATIONS[name]
    path = written(tmp_path, published_state(FORMS[name].small), "model.safetensors")
    plain = NetworkConfig(backbone=small.architecture, backbone_options=dict(small.options))
    read_backbone_weights(path, plain)
    said = caplog.text.partition("; if it is ")[2].partition(", set network.backbone to that")[0]
    assert name in said.split(" or ")
