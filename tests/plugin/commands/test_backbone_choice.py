"""A backbone in place of the recipe's: what of the recipe goes with it, and what suits it."""

import pytest
import torch

from patherea_core.config import Recipe
from patherea_core.errors import InputError
from patherea_core.model.building import build_detector
from patherea_core.model.weight_files import BackboneCard
from patherea_core.recipes import RECIPES, as_model
from plugin.commands.backbone_choice import at_pixels_of, on_backbone, require_backbone
from plugin.commands.recipe_file import PRETRAINED_MPP, PRETRAINED_RECIPE
from tests.plugin.backbone_files import backbone_card

RECIPE = RECIPES[PRETRAINED_RECIPE]


def card(
    architecture: str, *, folded_norm: bool = False, **options: bool | float | str
) -> BackboneCard:
    return backbone_card(architecture, backbone_options=options, folded_norm=folded_norm)


@pytest.mark.parametrize("name", ["test_efficientnet", "resnet10t", "test_convnext", "test_vit"])
@pytest.mark.parametrize("model", ["p2p", "fcrn"])
def test_the_network_can_be_built_and_looks_at_tiles(name: str, model: str) -> None:
    recipe = on_backbone(as_model(RECIPE, model), name, None)  # type: ignore[arg-type]  # one of two
    assert recipe.network.model == model
    network = build_detector(recipe.network, 2).eval()
    with torch.no_grad():
        found = network(torch.zeros(1, 3, 64, 96, dtype=torch.uint8))
    assert all(torch.isfinite(one).all() for one in found.numbers())


def test_nothing_but_the_network_of_a_recipe_changes() -> None:
    recipe = on_backbone(RECIPE, "resnet10t", None)
    assert recipe.model_copy(update={"network": RECIPE.network}) == RECIPE
    kept = {"backbone": "mobilenetv2_100", "frozen_norm": True}
    kept["backbone_options"] = RECIPE.network.backbone_options
    assert recipe.network.model_copy(update=kept) == RECIPE.network
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_options_and_statistics_are_those_of_the_weights() -> None:
    assert RECIPE.network.backbone_options
    assert RECIPE.network.frozen_norm
    without = on_backbone(RECIPE, "resnet10t", None).network
    assert (without.backbone_options, without.frozen_norm) == ({}, False)
    own = on_backbone(RECIPE, "resnet10t", card("resnet10t", drop_path_rate=0)).network
    assert (own.backbone_options, own.frozen_norm) == ({"drop_path_rate": 0}, False)
    folded = on_backbone(RECIPE, "resnet10t", card("resnet10t", folded_norm=True)).network
    assert folded.frozen_norm
    published = card("mobilenetv2_100", folded_norm=True, pad_type="same")
    assert on_backbone(RECIPE, "mobilenetv2_100", published) == RECIPE


def test_a_plain_transformer_gets_an_adapter_of_its_own_heads() -> None:
    adapter = on_backbone(RECIPE, "test_vit", None).network.adapter
    assert (adapter.attention_heads, adapter.interactions) == (2, 4)
    shallow = on_backbone(RECIPE, "test_vit", card("test_vit", depth=3)).network.adapter
    assert shallow.interactions == 3


@pytest.mark.parametrize("wanted", [4, 8, 16])
def test_sites_are_as_near_to_the_recipes_as_the_backbone_has_them(wanted: int) -> None:
    network = RECIPE.network.model_copy(update={"feature_stride": wanted})
    recipe = RECIPE.model_copy(update={"network": network})
    assert on_backbone(recipe, "resnet10t", None).network.feature_stride == wanted
    assert on_backbone(recipe, "test_vit", None).network.feature_stride == wanted
    # It has a single level.
    assert on_backbone(recipe, "xcit_nano_12_p8_224", None).network.feature_stride == 8


@pytest.mark.parametrize(
    ("mpp", "stride", "radius"), [(0.25, 8, 16.0), (0.5, 8, 8.0), (1.0, 4, 4.0), (2.0, 4, 2.0)]
)
def test_sites_and_maps_are_no_coarser_at_other_pixels(
    mpp: float, stride: int, radius: float
) -> None:
    recipe = at_pixels_of(RECIPE, mpp)
    assert recipe.network.feature_stride == stride
    of_maps = at_pixels_of(as_model(RECIPE, "fcrn"), mpp)
    assert of_maps.network.proximity is not None
    assert of_maps.network.proximity.radius == radius
    assert of_maps.network.feature_stride == as_model(RECIPE, "fcrn").network.feature_stride


def test_at_its_own_pixels_a_recipe_stays_as_it_is() -> None:
    assert at_pixels_of(RECIPE, PRETRAINED_MPP) == RECIPE
    assert at_pixels_of(as_model(RECIPE, "fcrn"), PRETRAINED_MPP) == as_model(RECIPE, "fcrn")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("convnext_tinny", r"--backbone: timm knows no model 'convnext_tinny'; convnext_tiny"),
        (
            "resnet10t.foo",
            r"has no weights of the tag 'foo'; name resnet10t\.c3_in1k, or leave \.foo out",
        ),
        ("resnet10t.", r"has no weights of the tag ''; name resnet10t\.c3_in1k, or leave \. out"),
        ("hibou-b", r"hibou-b is a foundation model: say --foundation hibou-b"),
    ],
)
def test_a_name_that_is_no_backbone_is_refused_with_a_way_out(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        require_backbone(name)


def test_every_tag_that_timm_knows_is_one() -> None:
    for name in ("resnet10t", "resnet10t.c3_in1k", "convnext_tiny.in12k_ft_in1k_384"):
        require_backbone(name)


def test_a_backbone_that_cannot_serve_is_refused() -> None:
    with pytest.raises(InputError, match="takes images of one size only"):
        on_backbone(RECIPE, "swin_tiny_patch4_window7_224", None)
    with pytest.raises(InputError, match="cannot be built with the options"):
        on_backbone(RECIPE, "resnet10t", card("resnet10t", no_such_option=1))
