"""The names of others become timm's: none is lost, and the network computes what theirs computes."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchvision  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.nn import functional

from patherea_core.errors import InputError
from patherea_core.model.timm_models import created, described
from patherea_core.model.weight_names import State, timm_names


def images(side: int = 64) -> Tensor:
    return torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))


def randomised(network: nn.Module) -> nn.Module:
    """Return a network ready for inference whose every tensor is at random, the statistics too."""
    generator = torch.Generator().manual_seed(0)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            noise = torch.randn(tensor.shape, generator=generator)
            many = tensor.ndim == 1 or tensor[0].numel() == 1
            tensor.copy_(noise.abs() * 0.1 + 0.5 if many else noise / tensor[0].numel() ** 0.5)
    return network.eval()


def small_convnext() -> nn.Module:
    settings = [(8, 16, 1), (16, 24, 1), (24, 32, 2), (32, None, 1)]
    network: nn.Module = torchvision.models.ConvNeXt(
        [torchvision.models.convnext.CNBlockConfig(*setting) for setting in settings]
    )
    return network


@pytest.mark.parametrize(
    ("name", "options", "theirs"),
    [
        (
            "resnet18",
            {"layers": (1, 1, 1, 1)},
            lambda: torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1]),
        ),
        (
            "densenet121",
            {"growth_rate": 4, "block_config": (1, 2, 1, 1)},
            lambda: torchvision.models.DenseNet(4, (1, 2, 1, 1), 8),
        ),
        ("convnext_tiny", {"depths": (1, 1, 2, 1), "dims": (8, 16, 24, 32)}, small_convnext),
    ],
    ids=["resnet", "densenet", "convnext"],
)
def test_networks_of_torchvision_keep_what_they_compute(
    name: str, options: dict[str, Any], theirs: Callable[[], nn.Module]
) -> None:
    network = randomised(theirs())
    state = timm_names(network.state_dict(), name, described(name, options))
    ours = created(name, options).eval()
    ours.load_state_dict(state)
    with torch.inference_mode():
        torch.testing.assert_close(ours(images()), network(images()), rtol=1e-3, atol=1e-4)


def test_vgg_of_torchvision_has_all_tensors_of_timm() -> None:
    with torch.device("meta"):
        theirs = torchvision.models.vgg16(weights=None).state_dict()
    state = timm_names(theirs, "vgg16", described("vgg16", {}))
    assert {name: tensor.shape for name, tensor in state.items()} == {
        name: tensor.shape for name, tensor in described("vgg16", {}).state_dict().items()
    }


def test_densenet_of_the_first_torchvision_has_its_dots_taken_out() -> None:
    model = described("densenet121", {})
    name = "features.denseblock1.denselayer1.norm1.weight"
    old = {name.replace("norm1", "norm.1"): torch.zeros(64)}
    assert timm_names(old, "densenet121", model).keys() == {name}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": {f"module.{name}": value for name, value in state.items()}},
        lambda state: {"teacher": {f"backbone.{name}": value for name, value in state.items()}},
        lambda state: {f"module.encoder.{name}": value for name, value in state.items()},
        lambda state: {"student": {}, "teacher": state, "optimizer": {"lr": 1}},
    ],
)
def test_wrappings_are_taken_off(wrap: Callable[[State], dict[str, Any]]) -> None:
    model = described("resnet10t", {})
    state = {name: torch.zeros(tensor.shape) for name, tensor in model.state_dict().items()}
    assert timm_names(wrap(state), "resnet10t", model).keys() == state.keys()


def test_a_projection_head_beside_the_backbone_stays_what_it_is() -> None:
    model = described("resnet10t", {})
    wrapped = {"backbone.conv1.0.weight": torch.zeros(1), "head.mlp.0.weight": torch.zeros(1)}
    assert timm_names(wrapped, "resnet10t", model).keys() == {"conv1.0.weight", "head.mlp.0.weight"}


def test_two_networks_in_one_file_are_refused() -> None:
    both = {"encoder.conv1.weight": torch.zeros(1), "conv1.weight": torch.zeros(1)}
    with pytest.raises(InputError, match=r"holds two networks, one below 'encoder\.'"):
        timm_names(both, "resnet18", described("resnet18", {}))


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, {"model": {"step": 1}}])
def test_a_file_of_something_else_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="save the network's state_dict alone"):
        timm_names(content, "resnet18", described("resnet18", {}))


# DINOv2

DINO = "vit_giant_patch14_reg4_dinov2"
WIDTH, HEADS, BLOCKS, PATCH = 24, 2, 2, 14
SMALL: dict[str, Any] = {"depth": BLOCKS, "embed_dim": WIDTH, "num_heads": HEADS, "img_size": 56}
SMALL |= {"mlp_ratio": 4.0}


def hugging_face_state() -> State:
    """Return a small DINOv2 with registers and gates by Hugging Face's names, at random."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator) / 4

    def layer(name: str, outputs: int, inputs: int) -> State:
        return {f"{name}.weight": random(outputs, inputs), f"{name}.bias": random(outputs)}

    state = {
        "embeddings.cls_token": random(1, 1, WIDTH),
        "embeddings.mask_token": random(1, WIDTH),
        "embeddings.register_tokens": random(1, 4, WIDTH),
        "embeddings.position_embeddings": random(1, 17, WIDTH),
        "embeddings.patch_embeddings.projection.weight": random(WIDTH, 3, PATCH, PATCH) / 8,
        "embeddings.patch_embeddings.projection.bias": random(WIDTH),
        "layernorm.weight": random(WIDTH),
        "layernorm.bias": random(WIDTH),
    }
    for row in range(BLOCKS):
        block = f"encoder.layer.{row}"
        for norm in ("norm1", "norm2"):
            state |= {
                f"{block}.{norm}.weight": random(WIDTH),
                f"{block}.{norm}.bias": random(WIDTH),
            }
        for part in ("attention.query", "attention.key", "attention.value", "output.dense"):
            state |= layer(f"{block}.attention.{part}", WIDTH, WIDTH)
        state |= layer(f"{block}.mlp.weights_in", 96, WIDTH)
        state |= layer(f"{block}.mlp.weights_out", WIDTH, 48)
        for scale in ("layer_scale1", "layer_scale2"):
            state[f"{block}.{scale}.lambda1"] = random(WIDTH)
    return state


def hugging_face_tokens(state: State, given: Tensor) -> Tensor:
    """Return (B, 1 + 4 + N, C) tokens, computed as DINOv2 with registers is published."""

    def linear(name: str, tokens: Tensor) -> Tensor:
        return functional.linear(tokens, state[f"{name}.weight"], state[f"{name}.bias"])

    def norm(name: str, tokens: Tensor) -> Tensor:
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        return functional.layer_norm(tokens, (WIDTH,), weight, bias, eps=1e-6)

    def attended(name: str, tokens: Tensor) -> Tensor:
        query, key, value = (
            linear(f"{name}.attention.{part}", tokens).reshape(1, -1, HEADS, WIDTH // HEADS)
            for part in ("query", "key", "value")
        )
        query, key, value = (part.transpose(1, 2) for part in (query, key, value))
        share = (query @ key.transpose(2, 3) / (WIDTH // HEADS) ** 0.5).softmax(-1)
        return linear(f"{name}.output.dense", (share @ value).transpose(1, 2).flatten(2))

    projection = "embeddings.patch_embeddings.projection"
    patches = functional.conv2d(
        given, state[f"{projection}.weight"], state[f"{projection}.bias"], stride=PATCH
    )
    tokens = torch.cat([state["embeddings.cls_token"], patches.flatten(2).transpose(1, 2)], dim=1)
    tokens = tokens + state["embeddings.position_embeddings"]
    tokens = torch.cat([tokens[:, :1], state["embeddings.register_tokens"], tokens[:, 1:]], dim=1)
    for row in range(BLOCKS):
        block = f"encoder.layer.{row}"
        attention = attended(f"{block}.attention", norm(f"{block}.norm1", tokens))
        tokens = tokens + attention * state[f"{block}.layer_scale1.lambda1"]
        gate, inner = linear(f"{block}.mlp.weights_in", norm(f"{block}.norm2", tokens)).chunk(2, -1)
        mixed = linear(f"{block}.mlp.weights_out", functional.silu(gate) * inner)
        tokens = tokens + mixed * state[f"{block}.layer_scale2.lambda1"]
    return norm("layernorm", tokens)


@pytest.mark.parametrize("prefix", ["", "dinov2_with_registers.", "model."])
def test_hibou_as_published_keeps_what_it_computes(prefix: str) -> None:
    theirs = hugging_face_state()
    wrapped = {f"{prefix}{name}": tensor for name, tensor in theirs.items()}
    ours: Any = created(DINO, SMALL).eval()
    state = timm_names(wrapped, DINO, described(DINO, SMALL))
    ours.load_state_dict(state)
    with torch.inference_mode():
        found = ours.forward_features(images(56))
    torch.testing.assert_close(found, hugging_face_tokens(theirs, images(56)), rtol=1e-4, atol=1e-5)


def test_an_unknown_tensor_of_hugging_face_is_left_for_others_to_refuse() -> None:
    theirs = hugging_face_state() | {"encoder.layer.0.rotary.weight": torch.zeros(1)}
    del theirs["encoder.layer.1.attention.attention.value.bias"]
    names = timm_names(theirs, DINO, described(DINO, SMALL)).keys()
    assert "encoder.layer.0.rotary.weight" in names
    assert "blocks.1.attn.qkv.bias" not in names
    assert "encoder.layer.1.attention.attention.query.bias" in names


@pytest.mark.parametrize("mask_token", [True, False])
def test_dinov2_of_its_authors_is_known_with_and_without_its_mask_token(mask_token: bool) -> None:
    model = described(DINO, SMALL)
    state = {name: torch.ones(tensor.shape) for name, tensor in model.state_dict().items()}
    theirs = {
        name.replace("mlp.fc1", "mlp.w12").replace("mlp.fc2", "mlp.w3"): tensor
        for name, tensor in state.items()
    }
    theirs["register_tokens"] = theirs.pop("reg_token")
    theirs["pos_embed"] = torch.ones(1, 17, WIDTH)
    if mask_token:
        theirs["mask_token"] = torch.zeros(1, WIDTH)
    before = theirs.keys() | set()
    found = timm_names(theirs, DINO, model)
    assert {name: tensor.shape for name, tensor in found.items()} == {
        name: tensor.shape for name, tensor in state.items()
    }
    assert (found["cls_token"] == 2).all()  # with its position
    assert theirs.keys() == before  # timm's translation takes things out of what it is given
