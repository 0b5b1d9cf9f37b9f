"""Who is behind an id, as far as the archive tells."""

from collections.abc import Iterator

import pytest

from plugin.dsa.people import People, Person
from plugin.dsa.session import connect
from tests.plugin.archive import TOKEN, FakeArchive, serving


@pytest.fixture
def archive() -> Iterator[FakeArchive]:
    with serving(FakeArchive(logins={"a" * 24: "anna"})) as running:
        yield running


def test_a_login_is_asked_for_once_and_who_is_hidden_is_known_by_id(archive: FakeArchive) -> None:
    people = People(connect(archive.address, TOKEN))
    for _ in range(2):
        assert people.person("a" * 24) == Person("a" * 24, "anna")
        assert people.person("b" * 24) == Person("b" * 24, "b" * 24)
    assert sum(request.startswith("GET user/") for request in archive.requests) == 1 + 2
