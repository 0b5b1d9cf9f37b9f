"""The foundation model that a training is asked to start from, and the licences that were accepted for it."""

from patherea_core.config import Recipe, Settings
from patherea_core.errors import InputError
from patherea_core.model.foundation.licences import require_accepted
from patherea_core.model.foundation.registry import foundation_named

#: The recipe that is taken where none is named: the paper's, with a vision transformer in an adapter.
FOUNDATION_RECIPE = "paper-vit"


class FoundationChoice(Settings):
    """What was asked for."""

    name: str | None = None
    """Of a foundation model; None for the backbone of the recipe."""
    accepted_licences: tuple[str, ...] = ()
    """Names of the foundation models whose licence was accepted."""

    def recipe_or(self, named: str | None) -> str | None:
        """Return the name of the recipe: the one that is named, else that for a foundation model, if any."""
        return FOUNDATION_RECIPE if named is None and self.name is not None else named

    def applied_to(self, recipe: Recipe, *, on_base_model: bool) -> Recipe:
        """Return the recipe on the foundation model that was chosen, if there is one.

        Raises:
            InputError: there is no such model, its licence or that of the recipe's backbone was not
                accepted, or a base model is given, which has a backbone.
        """
        if self.name is not None:
            if on_base_model:
                raise InputError(
                    f"the base model has a backbone, so that {self.name} cannot be one too: leave"
                    " --foundation out, or --base-model"
                )
            recipe = on_foundation(recipe, self.name)
        require_accepted(recipe.network.backbone, self.accepted_licences)
        return recipe

    def words(self) -> list[str]:
        """Return the words that ask for the same at a shell."""
        chosen = [] if self.name is None else ["--foundation", self.name]
        return chosen + [
            word for name in self.accepted_licences for word in ("--accept-licence", name)
        ]


def on_foundation(recipe: Recipe, name: str) -> Recipe:
    """Return a recipe whose backbone is a foundation model, frozen in an adapter: that and the heads learn.

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
