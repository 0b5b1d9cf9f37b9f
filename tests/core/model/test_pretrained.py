"""Pretrained weights reach the built part of a backbone, all of them, or one sentence says why not."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.backbones import Backbone, build_backbone
from patherea_core.model.foundation.registry import FOUNDATIONS
from patherea_core.model.pretrained import (
    BackboneWeights,
    built_name,
    initialise,
    read_backbone_weights,
    require_initialisable,
)
from patherea_core.model.timm_models import created, described
from patherea_core.model.weight_files import BackboneCard, write_backbone_file
from patherea_core.model.weight_fitting import INITIAL_WEIGHTS

GREY = (0.5, 0.5, 0.5)
TINY_VIT: dict[str, bool | int | float | str] = {
    "depth": 2,
    "embed_dim": 24,
    "num_heads": 2,
    "img_size": 64,
}
RESNET = NetworkConfig(backbone="resnet10t")
VIT = NetworkConfig(
    backbone="vit_tiny_patch16_224",
    backbone_options=TINY_VIT,
    adapter={"interactions": 1, "attention_heads": 2, "spatial_channels": 8},  # type: ignore[arg-type]
)


def random_state(network: NetworkConfig, seed: int = 0) -> dict[str, Tensor]:
    """Return every tensor of the whole timm model at random, norms and their statistics too."""
    generator = torch.Generator().manual_seed(seed)
    whole = created(network.backbone, network.backbone_options)
    return {
        name: torch.rand(tensor.shape, generator=generator) * 0.2 + 0.05
        if tensor.ndim == 1
        else torch.randn(tensor.shape, generator=generator) / max(tensor[0].numel(), 1) ** 0.5
        for name, tensor in whole.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def card(network: NetworkConfig, **changes: object) -> BackboneCard:
    settings: dict[str, object] = {
        "architecture": network.backbone,
        "backbone_options": network.backbone_options,
        "mean": GREY,
        "std": (0.25, 0.25, 0.25),
        "licence": "CC0-1.0",
        "origin": "a test",
        "source_sha256": "0" * 64,
    }
    return BackboneCard.model_validate(settings | changes)


def weights(state: dict[str, Tensor]) -> BackboneWeights:
    return BackboneWeights(state, GREY, (0.25, 0.25, 0.25), "a test", "CC0-1.0", "0" * 64)


def images() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8, generator=generator)


def random_and_built(network: NetworkConfig) -> tuple[dict[str, Tensor], Backbone]:
    return random_state(network), build_backbone(network).eval()


@pytest.mark.parametrize(
    "network",
    [
        RESNET,
        RESNET.model_copy(update={"coarsest_stride": 16}),
        NetworkConfig(backbone="densenet121", backbone_options={"growth_rate": 4}),
        NetworkConfig(backbone="mobilenetv2_050", backbone_options={"pad_type": "same"}),
        NetworkConfig(backbone="mobilenetv2_050", coarsest_stride=16),
        NetworkConfig(backbone="convnext_atto"),
    ],
    ids=lambda network: f"{network.backbone}-{network.coarsest_stride}",
)
def test_features_are_those_of_timm_with_the_same_weights(
    network: NetworkConfig, tmp_path: Path
) -> None:
    state, backbone = random_and_built(network)
    path = tmp_path / "weights.safetensors"
    write_backbone_file(path, state, card(network))
    initialise(backbone, read_backbone_weights(path, network))
    whole: Any = created(network.backbone, network.backbone_options).eval()
    whole.load_state_dict(state, strict=False)
    normalised = (images() / 255 - 0.5) / 0.25
    with torch.inference_mode():
        levels = backbone(images())
        # The whole model's own way to its features, which wraps and renames nothing.
        expected = whole.forward_intermediates(normalised, intermediates_only=True)
    by_shape = {tuple(maps.shape): maps for maps in expected}
    for level in levels:
        torch.testing.assert_close(level, by_shape[tuple(level.shape)], rtol=1e-4, atol=1e-5)
    assert all(level.std() > 1e-4 for level in levels)


def test_counts_of_batches_in_a_file_change_nothing(tmp_path: Path) -> None:
    state = random_state(RESNET)
    counts = {
        name: tensor
        for name, tensor in created(RESNET.backbone, {}).state_dict().items()
        if name not in state
    }
    assert counts
    with_counts = tmp_path / "published.safetensors"
    save_file(state | counts, with_counts)
    backbone, other = build_backbone(RESNET), build_backbone(RESNET)
    initialise(backbone, read_backbone_weights(with_counts, RESNET))
    initialise(other, weights(state))

    for name, tensor in other.pretrained_part.state_dict().items():
        assert torch.equal(tensor, backbone.pretrained_part.state_dict()[name]), name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "convnext_base",
            "densenet169",
            "efficientnet_b0",
            "mobilenetv3_large_100",
            "regnety_002",
        ),
        *("resnet50", "swin_tiny_patch4_window7_224", "vgg16_bn", "maxvit_tiny_rw_224"),
    ],
)
def test_names_of_a_pyramid_are_found_among_those_of_the_whole_model(name: str) -> None:
    whole = described(name, {}).state_dict()
    pyramid = described(name, {}, features_only=True).state_dict()
    shapes = {built_name(full, pyramid): tensor.shape for full, tensor in whole.items()}
    assert {name: shapes.get(name) for name in pyramid} == {
        name: tensor.shape for name, tensor in pyramid.items()
    }


def test_a_transformer_inside_its_adapter_is_timms_with_the_same_weights() -> None:
    state, backbone = random_and_built(VIT)
    initialise(backbone, weights(state))
    part: Any = backbone.pretrained_part
    whole: Any = created(VIT.backbone, TINY_VIT).eval()
    whole.load_state_dict(state)
    tokens = part.forward_features(images()[:, :, :, :64] / 255)
    expected = whole.forward_features(images()[:, :, :, :64] / 255)
    # The built transformer ends before the last norm, which reads no features of the blocks.
    torch.testing.assert_close(whole.norm(part.norm(tokens)), expected)


def test_the_input_is_normalised_as_in_pretraining() -> None:
    state, backbone = random_and_built(RESNET)
    initialise(backbone, weights(state))
    assert backbone.mean.flatten().tolist() == [0.5] * 3
    assert backbone.std.flatten().tolist() == [0.25] * 3


def test_positions_of_another_grid_are_resampled() -> None:
    larger = VIT.model_copy(update={"backbone_options": TINY_VIT | {"img_size": 96}})
    state, backbone = random_state(larger), build_backbone(VIT)
    # Positions that grow evenly are the same picture on any grid, but for the border.
    ramp = torch.linspace(0, 1, 6).reshape(6, 1, 1).expand(6, 6, 24).reshape(1, 36, 24)
    state["pos_embed"] = torch.cat([torch.full((1, 1, 24), 7.0), ramp], dim=1)
    initialise(backbone, weights(state))
    part: Any = backbone.pretrained_part
    classes, grid = part.pos_embed[:, :1], part.pos_embed[0, 1:].reshape(4, 4, 24)
    assert (classes == 7).all()
    torch.testing.assert_close(grid, grid[:, :1, :1].expand(4, 4, 24))
    assert (grid[1:] > grid[:-1]).all()


def test_a_lacking_tensor_is_named() -> None:
    state, backbone = random_and_built(RESNET)
    del state["layer2.0.bn1.running_var"]
    with pytest.raises(
        InputError, match=r"lack 1 of \d+ tensors .* layer2\.0\.bn1\.running_var; .* saved in part"
    ):
        initialise(backbone, weights(state))


def test_weights_cut_off_serve_a_backbone_cut_off_there_and_no_other() -> None:
    state = random_state(RESNET)
    cut = {name: tensor for name, tensor in state.items() if not name.startswith(("layer4", "fc"))}
    initialise(build_backbone(RESNET.model_copy(update={"coarsest_stride": 16})), weights(cut))
    with pytest.raises(InputError, match=r"end after layer3.*set network\.coarsest_stride"):
        initialise(build_backbone(RESNET), weights(cut))


@pytest.mark.parametrize("network", [RESNET, VIT], ids=["resnet", "vit"])
def test_whether_weights_serve_is_known_before_there_is_a_network(network: NetworkConfig) -> None:
    state = random_state(network)
    require_initialisable(network, weights(state))
    first = next(iter(state))
    without = {name: tensor for name, tensor in state.items() if name != first}
    for other in (without, state | {first: torch.zeros(3)}):
        with pytest.raises(InputError) as early:
            require_initialisable(network, weights(other))
        with pytest.raises(InputError) as late:
            initialise(build_backbone(network), weights(other))
        assert str(early.value) == str(late.value)


def test_another_shape_is_named_with_both_shapes() -> None:
    state, backbone = random_and_built(RESNET)
    state["layer1.0.conv1.weight"] = torch.zeros(64, 64, 5, 5)
    expected = r"layer1\.0\.conv1\.weight is \(64, 64, 5, 5\), not \(64, 64, 3, 3\)"
    with pytest.raises(InputError, match=expected):
        initialise(backbone, weights(state))


def test_a_tensor_left_over_in_a_built_layer_is_refused() -> None:
    state, backbone = random_and_built(RESNET)
    state["layer1.0.conv1.bias"] = torch.zeros(64)
    with pytest.raises(
        InputError, match=r"without 1 tensors of the weights, layer1\.0\.conv1\.bias"
    ):
        initialise(backbone, weights(state))


def test_nothing_is_set_when_something_does_not_fit() -> None:
    state, backbone = random_and_built(RESNET)
    before = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    del state["conv1.0.weight"]
    with pytest.raises(InputError):
        initialise(backbone, weights(state))
    assert all(torch.equal(before[name], now) for name, now in backbone.state_dict().items())


def test_tensors_that_the_model_does_not_have_are_refused_but_for_heads(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    state = random_state(RESNET) | {"head.last_layer.weight": torch.zeros(3)}
    save_file(state, path)
    assert "head.last_layer.weight" not in read_backbone_weights(path, RESNET).state
    del state["conv1.0.weight"]
    save_file(state | {"layer5.0.conv1.weight": torch.zeros(3)}, path)
    with pytest.raises(
        InputError,
        match=r"does not have \(1\), layer5\.0.* and lacks some .* \(1\), conv1\.0\.weight;",
    ):
        read_backbone_weights(path, RESNET)


def test_the_card_says_where_weights_come_from_and_a_file_without_one_does_not_know(
    tmp_path: Path,
) -> None:
    path = tmp_path / "weights.safetensors"
    write_backbone_file(path, random_state(RESNET), card(RESNET))
    read = read_backbone_weights(path, RESNET)
    assert (read.mean, read.licence, read.origin) == (GREY, "CC0-1.0", "a test")
    assert len(read.sha256) == 64
    save_file(random_state(RESNET), path)
    read = read_backbone_weights(path, RESNET)
    assert (read.licence, read.origin) == ("unknown", "a file named weights.safetensors")
    settings: Any = timm.get_pretrained_cfg("resnet10t")
    assert (read.mean, read.std) == (settings.mean, settings.std)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"architecture": "resnet18"}, 'set network.backbone to "resnet18"'),
        ({"backbone_options": {"pad_type": "same"}}, "{'pad_type': 'same'}"),
        ({"folded_norm": True}, "set network.frozen_norm to true"),
    ],
    ids=["architecture", "options", "norm"],
)
def test_a_card_that_the_recipe_contradicts_says_how_to_mend_it(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    path = tmp_path / "weights.safetensors"
    write_backbone_file(path, random_state(RESNET), card(RESNET, **changes))
    with pytest.raises(InputError) as raised:
        read_backbone_weights(path, RESNET)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "way_out"),
    [
        ({"architecture": "resnet18"}, "--initial-weights, or say --backbone resnet18"),
        (
            {"backbone_options": {"pad_type": "same"}},
            "with no options of the backbone; name weights with --initial-weights that were",
        ),
        ({"folded_norm": True}, "--initial-weights that keep them"),
    ],
    ids=["architecture", "options", "norm"],
)
def test_a_card_that_a_pretraining_contradicts_speaks_of_no_recipe(
    tmp_path: Path, changes: dict[str, object], way_out: str
) -> None:
    path = tmp_path / "weights.safetensors"
    write_backbone_file(path, random_state(RESNET), card(RESNET, **changes))
    with pytest.raises(InputError) as raised:
        read_backbone_weights(path, RESNET, INITIAL_WEIGHTS)
    said = str(raised.value)
    assert way_out in said
    assert "recipe" not in said
    assert "network." not in said


def test_a_card_of_another_model_than_the_foundation_names_the_file_to_bring(
    tmp_path: Path,
) -> None:
    path = tmp_path / "weights.safetensors"
    write_backbone_file(path, random_state(RESNET), card(RESNET))
    with pytest.raises(InputError) as raised:
        read_backbone_weights(path, NetworkConfig(backbone="dinov2-s"))
    said, wanted = str(raised.value), FOUNDATIONS["dinov2-s"]
    assert f"holds resnet10t, not {wanted.title}" in said
    assert f"download {wanted.download} and name that file" in said
    assert "network.backbone" not in said  # which would contradict the choice of that model


def test_a_tag_of_timm_names_the_same_architecture(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_backbone_file(path, random_state(RESNET), card(RESNET))
    tagged = RESNET.model_copy(update={"backbone": "resnet10t.c3_in1k"})
    assert read_backbone_weights(path, tagged).state.keys() == random_state(RESNET).keys()


def test_options_that_the_weights_were_not_learnt_with_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    network = NetworkConfig(backbone="mobilenetv2_050", backbone_options={"pad_type": "same"})
    write_backbone_file(path, random_state(network), card(network, backbone_options={}))
    with pytest.raises(InputError, match=r"say --backbone mobilenetv2_050, which takes theirs"):
        read_backbone_weights(path, network)
    # What happens by chance, and in training only, changes no feature.
    dropping = NetworkConfig(backbone="mobilenetv2_050", backbone_options={"drop_path_rate": 0.1})
    read_backbone_weights(path, dropping)


def test_what_is_published_under_a_name_takes_no_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = NetworkConfig(backbone="mobilenetv2_050", backbone_options={"pad_type": "same"})
    path = tmp_path / "model.safetensors"
    save_file(random_state(network), path)
    monkeypatch.setattr("patherea_core.model.pretrained.fetched", lambda *_: path)
    with pytest.raises(InputError, match="give other features with the options"):
        read_backbone_weights("hub", network)
    read_backbone_weights("hub", network.model_copy(update={"backbone_options": {}}))


def test_of_weights_without_a_card_it_is_told_which_options_are_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    network = NetworkConfig(backbone="mobilenetv2_050", backbone_options={"pad_type": "same"})
    save_file(random_state(network), tmp_path / "w.safetensors")
    read_backbone_weights(tmp_path / "w.safetensors", network)
    assert "nor does it say that it was learnt with the recipe's options {'pad_type'" in caplog.text
    assert "--backbone mobilenetv2_050 leaves them out" in caplog.text


@pytest.mark.parametrize(
    ("network", "other"),
    [
        (NetworkConfig(backbone="convnext_atto"), RESNET),
        (VIT, RESNET),
        (NetworkConfig(backbone="vit_tiny_patch16_224"), NetworkConfig(backbone="test_vit2")),
        (
            NetworkConfig(backbone="deit_tiny_patch16_224"),
            NetworkConfig(backbone="vit_tiny_patch16_224", backbone_options={"reg_tokens": 2}),
        ),
    ],
    ids=lambda network: str(network.backbone),
)
def test_weights_of_another_network_are_refused_whatever_the_translation_makes_of_them(
    network: NetworkConfig, other: NetworkConfig, tmp_path: Path
) -> None:
    path = tmp_path / "other.safetensors"
    save_file(random_state(other), path)
    with pytest.raises(InputError):
        require_initialisable(network, read_backbone_weights(path, network))
