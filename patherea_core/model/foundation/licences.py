"""Licences that forbid something are accepted by a person before anything is trained."""

from collections.abc import Collection

from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import foundation_named, known_foundation


def require_accepted(backbone: str, accepted: Collection[str]) -> None:
    """Refuse to start from a backbone that has a licence that nobody accepted.

    Args:
        backbone: what the recipe calls it.
        accepted: names of the foundation models whose licence was accepted.

    Raises:
        InputError: what the licence forbids, where to read it, and how to accept it; or a name among the
            accepted ones is of no foundation model.
    """
    for name in accepted:
        foundation_named(name)
    foundation = known_foundation(backbone)
    if foundation is None or not foundation.terms.must_be_accepted or backbone in accepted:
        return
    terms = foundation.terms
    raise InputError(
        f"the weights of {foundation.title} come under the {terms.name}, which forbids {terms.forbids}, also"
        f" for what is trained from them: read it at {terms.address}, and say --accept-licence {backbone} if"
        " you accept it"
    )


def accepted_terms(backbone: str) -> str:
    """Return what a model's card says of the accepted licence of its backbone; empty if none had to be."""
    foundation = known_foundation(backbone)
    if foundation is None or not foundation.terms.must_be_accepted:
        return ""
    return f"accepted for this training with --accept-licence {backbone}"
