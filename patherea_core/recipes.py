"""The recipes a user can name when training; recipes of single experiments live in ``training``."""

from patherea_core.config import (
    AssignmentConfig,
    DecodingConfig,
    LossConfig,
    NetworkConfig,
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

RECIPES = {"paper": PAPER, "small": SMALL}


def recipe_named(name: str) -> Recipe:
    """Return a recipe by its name.

    Raises:
        InputError: there is none of that name; the message lists those there are.
    """
    if name not in RECIPES:
        raise InputError(f"there is no recipe {name!r}; the recipes are: {', '.join(RECIPES)}")
    return RECIPES[name]
