"""The recipes a user can name when training; recipes of single experiments live in ``training``."""

from patherea_core.config import (
    AssignmentConfig,
    DecodingConfig,
    LossConfig,
    Model,
    NetworkConfig,
    ProximityConfig,
    Recipe,
    TrainingConfig,
)
from patherea_core.errors import InputError

PAPER = Recipe()
"""Patherea-P2P with ConvNeXt-B as in the paper's Ki-67 rows; for a GPU."""

SMALL = Recipe(
    network=NetworkConfig(backbone="resnet10t", fpn_channels=64, anchors_per_side=1),
    assignment=AssignmentConfig(proposals_per_target=4),
    loss=LossConfig(cell_weight=4.0),
    training=TrainingConfig(
        epochs=40,
        batch_size=4,
        learning_rate=2e-3,
        gradient_clip=5.0,
        ema_decay=0.98,
        colour_jitter=0.1,
        precision="bf16-mixed",
    ),
    decoding=DecodingConfig(score_threshold=None),
)
"""A network that trains from scratch in minutes on two processor cores; for trying and for the demo.

What differs from the paper makes few steps go far: small batches, one anchor point a site (fewer
proposals compete for a cell), and a smaller weight of cells (fewer of them stay to be unlearnt).
"""

SMALL_PRETRAINED = Recipe(
    network=NetworkConfig(
        backbone="mobilenetv2_100",
        backbone_options={"pad_type": "same"},
        coarsest_stride=32,
        fpn_channels=96,
        anchors_per_side=1,
        frozen_norm=True,
    ),
    assignment=AssignmentConfig(proposals_per_target=2),
    loss=LossConfig(),
    training=TrainingConfig(
        initialisation="pretrained",
        epochs=90,
        batch_size=16,
        learning_rate=1e-3,
        backbone_rate_factor=0.3,
        weight_decay=2e-3,
        ema_decay=0.99,
        gradient_clip=5.0,
        stain_jitter=0.25,
        colour_jitter=0.15,
        scale_jitter=0.2,
        blur=0.6,
        precision="bf16-mixed",
        validations=15,
    ),
    decoding=DecodingConfig(score_threshold=None, least_distance_um=2.0),
    radius_um=3.0,
)
"""MobileNetV2 from ImageNet weights; trains in hours on two processor cores, for tissue at 0.5 µm a pixel.

Its padding ("same") is that of the weights that TensorFlow published, which may be passed on.
"""

PAPER_PRETRAINED = PAPER.model_copy(
    update={
        "training": PAPER.training.model_copy(
            update={"initialisation": "pretrained", "precision": "bf16-mixed"}
        )
    }
)
"""The published network from ImageNet weights, as in all rows of the paper but those from scratch."""

PAPER_VIT = PAPER_PRETRAINED.model_copy(
    update={
        "network": PAPER.network.model_copy(
            update={"backbone": "vit_base_patch16_224", "fpn_channels": 768}
        )
    }
)
"""The same with ViT-B and an adapter, the paper's best for most Ki-67 slides."""

PAPER_FCRN = PAPER_PRETRAINED.model_copy(
    update={
        "network": NetworkConfig(
            backbone="resnet34", feature_stride=1, proximity=ProximityConfig(radius=16.0)
        ),
        "decoding": DecodingConfig(score_threshold=None, least_distance_um=2.0),
    }
)
"""Patherea-FCRN with ResNet-34, the paper's baseline, for tissue at 0.25 µm a pixel.

The paper says no more of it. Maps as fine as the pixels, their shape, and a decoder as wide as the feature
pyramid of the other are taken from the publications that it names, or chosen.
"""

#: Stride of the maps of a network that is turned from the other kind into this one: they cost little beside
#: the backbone, and cells are placed more finely than their sites anyway.
_MAP_STRIDE = 2

#: Distance from a cell, in micrometres, at which a map of such a network has fallen to 0.
MAP_RADIUS_UM = 4.0

#: Micrometres a pixel of the tissue that the published networks are for, and all others.
_MPP_OF_PAPER, _MPP = 0.25, 0.5
_OF_PAPER = ("paper", "paper-pretrained", "paper-vit", "paper-fcrn")

RECIPES = {
    "paper": PAPER,
    "small": SMALL,
    "small-pretrained": SMALL_PRETRAINED,
    "paper-pretrained": PAPER_PRETRAINED,
    "paper-vit": PAPER_VIT,
    "paper-fcrn": PAPER_FCRN,
}


def recipe_named(name: str) -> Recipe:
    """Return a recipe by its name.

    Raises:
        InputError: there is none of that name; the message lists those there are.
    """
    if name not in RECIPES:
        raise InputError(f"there is no recipe {name!r}; the recipes are: {', '.join(RECIPES)}")
    return RECIPES[name]


def mpp_of(name: str) -> float:
    """Return the micrometres a pixel of the tissue that a recipe is for; that of most for a file."""
    return _MPP_OF_PAPER if name in _OF_PAPER else _MPP


def as_model(recipe: Recipe, model: Model, mpp: float = _MPP) -> Recipe:
    """Return a recipe for a network of a kind; one of that kind stays as it is.

    Backbone, width, training and validation stay, so that two trainings compare the kinds. What says how to
    decode is of one kind only: the threshold becomes the best on the validation fold, and detections of one
    cell are told apart by their distance.

    Args:
        recipe: of any kind.
        model: the kind.
        mpp: micrometres a pixel of the tissue that it is for, in which maps have a radius of 4 µm.
    """
    if recipe.network.model == model:
        return recipe
    kind = (
        {"proximity": ProximityConfig(radius=MAP_RADIUS_UM / mpp), "feature_stride": _MAP_STRIDE}
        if model == "fcrn"
        else {"proximity": None, "feature_stride": NetworkConfig().feature_stride}
    )
    apart = recipe.decoding.least_distance_um or SMALL_PRETRAINED.decoding.least_distance_um
    return recipe.model_copy(
        update={
            "network": recipe.network.model_copy(update=kind),
            "decoding": DecodingConfig(score_threshold=None, least_distance_um=apart),
        }
    )
