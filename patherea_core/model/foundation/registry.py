"""The foundation models that a recipe can name."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from patherea_core.errors import InputError
from patherea_core.model.foundation.photographs import DINOV2
from patherea_core.model.foundation.published import Foundation
from patherea_core.model.foundation.tissue import PATHOLOGY

#: All of them, by the names that a recipe calls them.
FOUNDATIONS: Mapping[str, Foundation] = MappingProxyType(
    {one.name: one for one in (*PATHOLOGY, *DINOV2)}
)


def known_foundation(name: str) -> Foundation | None:
    """Return a foundation model by its name; None if it is the name of something else."""
    return FOUNDATIONS.get(name)


def of_form(architecture: str, options: Mapping[str, object]) -> list[str]:
    """Return the names of the foundation models that are this timm model with these arguments."""
    return [
        name
        for name, one in FOUNDATIONS.items()
        if one.architecture == architecture
        and all(options.get(option) == value for option, value in one.options.items())
    ]


def foundation_named(name: str) -> Foundation:
    """Return a foundation model by its name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in FOUNDATIONS:
        near = get_close_matches(name.lower(), FOUNDATIONS, n=2)
        raise InputError(
            f"no foundation model is called {name!r}; "
            + (f"{' or '.join(near)} is near" if near else f"there are {', '.join(FOUNDATIONS)}")
        )
    return FOUNDATIONS[name]
