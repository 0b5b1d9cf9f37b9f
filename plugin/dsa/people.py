"""People of an archive by their ids: their logins and names, asked for once each."""

from dataclasses import dataclass

from patherea_core.errors import ArchiveError
from plugin.dsa.session import Session


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account in the archive.

    Attributes:
        id: of the account.
        login: of the account; the id where the archive does not tell.
        name: first and last name; empty where the archive does not tell.
    """

    id: str
    login: str
    name: str = ""


class People:
    """The people of one archive; see ``person``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Person] = {}

    def person(self, identifier: str) -> Person:
        """Return who has an id; one that the archive hides is known by the id alone."""
        if identifier not in self._known:
            self._known[identifier] = self._asked(identifier)
        return self._known[identifier]

    def _asked(self, identifier: str) -> Person:
        try:
            document = self._session.get(f"user/{identifier}")
            login = str(document["login"])
        except (ArchiveError, KeyError, TypeError):
            return Person(identifier, identifier)
        names = (str(document.get(part) or "").strip() for part in ("firstName", "lastName"))
        return Person(identifier, login, " ".join(name for name in names if name))
