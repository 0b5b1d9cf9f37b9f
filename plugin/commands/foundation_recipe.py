"""A recipe on a foundation model: frozen, in an adapter, so that adapter and heads alone learn."""

from patherea_core.config import Recipe
from patherea_core.model.foundation.registry import foundation_named

#: The recipe that is taken where none is named: the paper's, with a vision transformer in an adapter.
FOUNDATION_RECIPE = "paper-vit"


def on_foundation(recipe: Recipe, name: str) -> Recipe:
    """Return a recipe whose backbone is a frozen foundation model.

    Raises:
        InputError: there is none of that name.
    """
    foundation = foundation_named(name)
    network, training = recipe.network, recipe.training
    # As many heads as the transformer has divide its width, and half of it, which the values have.
    adapter = network.adapter.model_copy(update={"attention_heads": foundation.heads})
    changed = {
        "backbone": name,
        "backbone_options": {},
        "frozen_backbone": True,
        "frozen_norm": False,
        "adapter": adapter,
    }
    return recipe.model_copy(
        update={
            "network": network.model_copy(update=changed),
            "training": training.model_copy(update={"initialisation": "pretrained"}),
        }
    )
