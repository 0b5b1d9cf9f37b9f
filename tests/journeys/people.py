"""People of an archive with different rights, and the tokens of their jobs."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import girder_client

from plugin.sandbox.process import SandboxProcess

READ, WRITE, ADMIN = 0, 1, 2
PASSWORD = "a password"
#: What the archive lets a job's token do.
JOB_SCOPES = ("core.data.read", "core.data.write")


@dataclass(frozen=True)
class Person:
    """Somebody with an account.

    Attributes:
        id: of the account.
        login: of the account.
        client: to act as this person.
    """

    id: str
    login: str
    client: Any

    @property
    def token(self) -> str:
        """Of the person's own session, which may do all that the person may."""
        return str(self.client.token)

    def token_with(self, *scopes: str, days: float = 1.0) -> str:
        """Return a token that may do no more than these scopes allow."""
        facts = {"name": uuid.uuid4().hex, "scope": json.dumps(scopes), "tokenDuration": days}
        key = self.client.post("api_key", facts)["key"]
        return str(self.client.post("api_key/token", {"key": key})["authToken"]["token"])

    def job_token(self) -> str:
        """Return a token as that of a job of this person."""
        return self.token_with(*JOB_SCOPES)


def new_person(sandbox: SandboxProcess, name: str, family: str = "Person") -> Person:
    """Make an account without any rights; its login begins with the name."""
    administrator = girder_client.GirderClient(apiUrl=sandbox.api_url)
    administrator.setToken(sandbox.token)
    login = f"{name.lower()}{uuid.uuid4().hex[:8]}"
    facts = {"login": login, "email": f"{login}@example.org", "password": PASSWORD}
    made = administrator.post("user", {**facts, "firstName": name, "lastName": family})
    client = girder_client.GirderClient(apiUrl=sandbox.api_url)
    client.authenticate(login, PASSWORD)
    return Person(made["_id"], login, client)


def share(administrator: Any, folder_id: str, levels: Mapping[str, int]) -> None:  # noqa: ANN401
    """Make a folder and all in it private to some people, by their ids."""
    users = [{"id": identifier, "level": level} for identifier, level in levels.items()]
    access = {"access": json.dumps({"users": users, "groups": []}), "public": "false"}
    administrator.put(f"folder/{folder_id}/access", {**access, "recurse": "true"})


def give_annotations(administrator: Any, folder_id: str) -> None:  # noqa: ANN401
    """Give all annotations in a folder the access of the folder."""
    access = administrator.get(f"folder/{folder_id}/access")
    facts = {"access": json.dumps(access), "public": "false", "recurse": "true"}
    administrator.put(f"annotation/folder/{folder_id}/access", facts)
