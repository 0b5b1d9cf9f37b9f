"""A recipe by its name, or from a JSON file like a run's recipe.json; what the file leaves unsaid is told."""

import logging
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from patherea_core.config import Recipe
from patherea_core.errors import InputError
from patherea_core.recipes import RECIPES, recipe_named
from patherea_core.refusals import refusal, unsaid

log = logging.getLogger(__name__)

#: Ending of recipes that are files.
_ENDING = ".json"

#: Settings that are named where a file leaves some out.
_MOST_NAMED = 8


def read_recipe(name: str) -> Recipe:
    """Return the recipe of that name, or the one in a JSON file.

    A file takes the paper's value for every setting that it does not say, which is logged.

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
