"""Models by their settings, and what becomes of their backbone in a detector."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from patherea_core.config import AdapterConfig, NetworkConfig
from patherea_core.errors import InputError, ShapeError
from patherea_core.model.backbones import build_backbone
from patherea_core.model.pretrained import initialise, read_backbone_weights
from patherea_core.model.timm_models import described
from patherea_core.model.weight_files import BackboneCard, write_backbone_file
from patherea_core.pretraining.building import require_suitable
from patherea_core.pretraining.mae import MaskedAutoencoder
from patherea_core.pretraining.modelling import MaskedImageModel
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.pretraining.spark import SparseModel
from tests.core.pretraining.models import (
    TINY,
    TRANSFORMERS,
    built,
    hidden_cells,
    pyramid,
    tiles,
    transformer,
)

SAME = {"pad_type": "same"}
BACKBONES = {
    **{name: transformer(name) for name in TRANSFORMERS},
    "resnet10t": pyramid("resnet10t"),
    "test_convnext": pyramid("test_convnext"),
    "test_efficientnet": pyramid("test_efficientnet", backbone_options=SAME),
    "mobilenetv2_100": pyramid("mobilenetv2_100", backbone_options=SAME),
}
of_every_kind = pytest.mark.parametrize(
    "backbone",
    [*[*BACKBONES][:-1], pytest.param("mobilenetv2_100", marks=pytest.mark.slow)],
)

Refuse = Callable[[PretrainingConfig], object]
with_and_without_a_network = pytest.mark.parametrize("refuse", [built, require_suitable])


@cache
def model_of(backbone: str) -> MaskedImageModel:
    return built(BACKBONES[backbone])


def card(config: PretrainingConfig) -> BackboneCard:
    return BackboneCard(
        architecture=config.backbone,
        backbone_options=config.backbone_options,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        licence="CC0-1.0",
        origin="a test",
        source_sha256="0" * 64,
    )


@of_every_kind
def test_what_is_pretrained_is_what_a_detector_starts_from(backbone: str, tmp_path: Path) -> None:
    model, config = model_of(backbone), BACKBONES[backbone]
    path = tmp_path / "backbone.safetensors"
    write_backbone_file(path, model.backbone_state(), card(config))
    network = NetworkConfig(
        backbone=config.backbone,
        backbone_options=config.backbone_options,
        adapter=AdapterConfig(interactions=1, attention_heads=2, spatial_channels=8),
    )
    detectors = build_backbone(network)
    initialise(detectors, read_backbone_weights(path, network))
    part = model.get_submodule("transformer" if config.method == "mae" else "pyramid")
    pretrained = part.state_dict()
    mine = {
        name: tensor
        for name, tensor in detectors.pretrained_part.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert mine
    assert all(torch.equal(tensor, pretrained[name]) for name, tensor in mine.items())


@of_every_kind
def test_the_state_is_that_of_timms_whole_model_without_its_end(backbone: str) -> None:
    state, config = model_of(backbone).backbone_state(), BACKBONES[backbone]
    whole = described(config.backbone, config.backbone_options).state_dict()
    assert {name: tensor.shape for name, tensor in state.items()} == {
        name: whole[name].shape for name in state
    }
    counts = "num_batches_tracked"
    left = [name for name in whole.keys() - state.keys() if not name.endswith(counts)]
    ends = ("head", "fc", "attn_pool", "conv_head", "bn2", "norm_pre", "classifier")
    assert all(name.startswith(ends) for name in left)


@of_every_kind
def test_the_state_is_a_copy_that_can_be_written(backbone: str) -> None:
    model = model_of(backbone)
    state, own = model.backbone_state(), model.backbone_tensors()
    for name, tensor in state.items():
        assert tensor.is_contiguous()
        assert not tensor.requires_grad
        assert tensor.data_ptr() != own[name].data_ptr()


def test_the_method_decides_which_model_is_built_and_how_much_it_hides() -> None:
    mae, spark = built(transformer()), built(pyramid("test_efficientnet"))
    assert isinstance(mae, MaskedAutoencoder)
    assert isinstance(spark, SparseModel)
    assert (mae.cell, mae.hidden_share) == (16, 0.75)
    assert (spark.cell, spark.hidden_share) == (32, 0.6)
    assert built(transformer(mask_ratio=0.5)).hidden_share == 0.5


@pytest.mark.parametrize("ratio", [0, 1, -0.1, 1.5])
def test_a_share_that_hides_nothing_or_everything_is_refused(ratio: float) -> None:
    with pytest.raises(ValidationError, match="mask_ratio"):
        PretrainingConfig(mask_ratio=ratio)


@with_and_without_a_network
def test_a_tile_with_too_few_cells_is_refused_before_anything_is_drawn(refuse: Refuse) -> None:
    with pytest.raises(InputError, match=r"a tile of 1 × 1 cells cannot hide 0\.6"):
        refuse(pyramid("test_efficientnet", tile_size=32))


@with_and_without_a_network
def test_a_tile_of_which_spark_would_see_one_cell_is_refused(refuse: Refuse) -> None:
    with pytest.raises(
        InputError, match=r"2 visible cells .* of 2 × 2 cells that hides 0\.75 .* shows 1;"
    ):
        refuse(pyramid("test_efficientnet", mask_ratio=0.75))
    refuse(transformer(tile_size=32, mask_ratio=0.75))  # nothing of a transformer is over all tiles


def test_the_fewest_visible_cells_suffice_for_a_step_with_one_tile() -> None:
    model = built(pyramid("test_efficientnet", mask_ratio=0.5))
    hidden = hidden_cells(model, count=1)
    assert (~hidden).sum() == 2
    model.train()
    assert model.predicted(tiles(count=1), hidden).isfinite().all()


@pytest.mark.parametrize(
    ("config", "cell", "near"),
    [
        (pyramid("test_efficientnet", tile_size=84), 32, 96),
        (transformer(TRANSFORMERS[1], tile_size=128), 14, 126),
    ],
)
@with_and_without_a_network
def test_a_tile_that_cells_do_not_divide_is_refused(
    refuse: Refuse, config: PretrainingConfig, cell: int, near: int
) -> None:
    with pytest.raises(
        ShapeError, match=rf"multiples of {cell} pixels .* of another side \(--tile\), say {near}"
    ):
        refuse(config)


@pytest.mark.parametrize("method", ["mae", "spark"])
@with_and_without_a_network
def test_a_backbone_that_timm_does_not_have_is_refused(refuse: Refuse, method: str) -> None:
    with pytest.raises(InputError, match="--backbone: timm knows no model 'resnet10x'"):
        refuse(pyramid("resnet10x", method=method))


def test_options_that_timm_does_not_take_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be built with the options"):
        built(transformer(backbone_options=TINY | {"colour": "red"}))


@of_every_kind
def test_what_can_be_built_is_suitable_without_being_built(backbone: str) -> None:
    require_suitable(BACKBONES[backbone])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (transformer(method="spark"), r"take the method mae \(--method mae\)"),
        (pyramid("resnet10t", method="mae"), r"take the method spark \(--method spark\)"),
    ],
)
@with_and_without_a_network
def test_a_backbone_of_the_other_kind_is_refused(
    refuse: Refuse, config: PretrainingConfig, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        refuse(config)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vit_base_patch32_224", "at most 16 pixels, not 32 × 32; name a backbone of smaller ones"),
        (
            "deit_tiny_distilled_patch16_224",
            "cannot be built without its head, as a detector needs it; name another --backbone",
        ),
    ],
)
@with_and_without_a_network
def test_a_transformer_that_no_detector_takes_is_refused(
    refuse: Refuse, name: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        refuse(transformer(name, tile_size=224))
