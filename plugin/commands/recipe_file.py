"""A recipe by its name, or from a JSON file like a run's recipe.json; what the file leaves unsaid is told."""

import logging
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from patherea_core.bundle_card import BundleCard
from patherea_core.config import NetworkConfig, Recipe
from patherea_core.errors import InputError
from patherea_core.recipes import RECIPES, mpp_of, recipe_named
from patherea_core.refusals import refusal, unsaid

log = logging.getLogger(__name__)

#: What is taken where nothing is named.
DEFAULT_RECIPE = "small"

#: What is taken where nothing is named but weights of a backbone, and the size of its pixels in micrometres.
PRETRAINED_RECIPE = "small-pretrained"
PRETRAINED_MPP = mpp_of(PRETRAINED_RECIPE)

#: Ending of recipes that are files.
_ENDING = ".json"

#: Settings that are named where a file leaves some out.
_MOST_NAMED = 8


def recipe_for(name: str | None, base: BundleCard | None) -> Recipe:
    """Return the recipe of a training: the one that is named, else that of the base model, else the default.

    Args:
        name: of a recipe, or of a file, which has the base model's network if it says nothing of one.
        base: card of the model that the training starts from.

    Raises:
        InputError: as ``read_recipe``.
    """
    if base is None:
        return read_recipe(name or DEFAULT_RECIPE)
    recipe = base.recipe if name is None else read_recipe(name, base.recipe.network)
    # What the backbone started from before, it started from still.
    beginning = {"initialisation": base.recipe.training.initialisation}
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=beginning)})


def read_recipe(name: str, network: NetworkConfig | None = None) -> Recipe:
    """Return the recipe of that name, or the one in a JSON file.

    A file takes the paper's value for every setting that it does not say, which is logged.

    Args:
        name: of a recipe, or of a file.
        network: what a file takes if it says nothing of the network; None for the paper's.

    Raises:
        InputError: there is no recipe of that name, or the file cannot be read or used.
    """
    if not name.endswith(_ENDING):
        return recipe_named(name)
    try:
        recipe = Recipe.model_validate_json(Path(name).read_bytes())
    except OSError as error:
        raise InputError(
            f"the recipe {name} cannot be read ({error.strerror}); name a file like a run's recipe.json, or"
            f" one of {', '.join(sorted(RECIPES))}"
        ) from error
    except ValidationError as error:
        raise InputError(
            f"the recipe {name} cannot be used: {refusal(error, Recipe)}; correct it, beginning with the"
            " recipe.json of a run"
        ) from error
    if network is not None and "network" not in recipe.model_fields_set:
        recipe = recipe.model_copy(update={"network": network})
    _warn_of_unsaid(name, recipe)
    return recipe


def _warn_of_unsaid(name: str, recipe: Recipe) -> None:
    found = [one for one in unsaid(recipe) if "network.adapter" not in one]
    if not found:
        return
    more = len(found) - _MOST_NAMED
    log.warning(
        "the recipe %s leaves settings out, for which the paper's are taken: %s%s",
        name,
        ", ".join(islice(found, _MOST_NAMED)),
        f" and {more} more" if more > 0 else "",
    )
