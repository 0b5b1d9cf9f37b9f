"""Whoever trains on weights whose licence forbids something says that it is accepted."""

import pytest

from patherea_core.errors import InputError
from patherea_core.model.foundation.licences import accepted_terms, require_accepted
from patherea_core.model.foundation.registry import FOUNDATIONS

RESTRICTED = sorted(name for name, one in FOUNDATIONS.items() if one.terms.must_be_accepted)


def test_the_restricted_ones_are_those_whose_terms_say_so() -> None:
    assert [
        *("h-optimus-1", "phikon", "phikon-v2", "prov-gigapath"),
        *("uni", "uni2-h", "virchow2"),
    ] == RESTRICTED


@pytest.mark.parametrize("name", RESTRICTED)
@pytest.mark.parametrize("accepted", [(), ("hibou-b",)])
def test_without_acceptance_one_sentence_says_what_where_and_how(
    name: str, accepted: tuple[str, ...]
) -> None:
    terms = FOUNDATIONS[name].terms
    with pytest.raises(InputError) as refused:
        require_accepted(name, accepted)
    said = str(refused.value)
    assert all(word in said for word in (terms.name, terms.forbids, terms.address))
    assert f"say --accept-licence {name} if you accept it" in said
    assert "\n" not in said


@pytest.mark.parametrize("name", RESTRICTED)
def test_with_acceptance_the_card_can_say_so(name: str) -> None:
    require_accepted(name, (name,))
    assert name in accepted_terms(name)


@pytest.mark.parametrize("name", ["hibou-b", "virchow", "h-optimus-0", "dinov2-s", "resnet10t"])
def test_permissive_licences_and_other_backbones_need_none(name: str) -> None:
    require_accepted(name, ())
    assert accepted_terms(name) == ""


def test_a_misspelt_acceptance_is_refused() -> None:
    with pytest.raises(InputError, match=r"no foundation model is called 'unj'; uni"):
        require_accepted("uni", ("unj",))
