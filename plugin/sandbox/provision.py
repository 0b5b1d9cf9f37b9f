"""What a Digital Slide Archive needs before anybody can work with it; made once, kept after that."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugin.sandbox.configuration import BACKEND, broker
from plugin.sandbox.data_folder import Credentials

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Provision:
    """What the sandbox has made.

    Attributes:
        token: opens the archive for the administrator until the sandbox is stopped.
        slides_folder_id: folder for slides.
        tasks_folder_id: folder in which slicer_cli_web keeps its tasks.
    """

    token: str
    slides_folder_id: str
    tasks_folder_id: str


def provision(credentials: Credentials, assetstore: Path, api_url: str) -> Provision:
    """Make administrator, file store, folders and settings, unless they are there; return what was made."""
    administrator = _administrator(credentials)
    _file_store(assetstore)
    slides = _folder("Samples", "Slides", administrator)
    tasks = _folder("Tasks", "Slicer CLI Web Tasks", administrator)
    _settings(api_url, str(tasks["_id"]))
    return Provision(
        token=_token(administrator),
        slides_folder_id=str(slides["_id"]),
        tasks_folder_id=str(tasks["_id"]),
    )


def take_back_tokens() -> None:
    """Take back the tokens that were made for the program that started the sandbox."""
    from girder.models.token import Token

    Token().removeWithQuery({"patherea_sandbox": True})


def _administrator(credentials: Credentials) -> dict[str, Any]:
    from girder.models.user import User

    user = User().findOne({"login": credentials.login})
    if user is None:
        user = User().createUser(
            credentials.login,
            credentials.password,
            firstName="Sandbox",
            lastName="Administrator",
            email="admin@sandbox.invalid",
            admin=True,
        )
    found: dict[str, Any] = user
    return found


def _file_store(path: Path) -> None:
    """Keep uploads in the data folder, also when that has moved since the last time."""
    from girder.models.assetstore import Assetstore

    store = Assetstore().findOne({"name": "Sandbox"})
    if store is None:
        Assetstore().createFilesystemAssetstore("Sandbox", str(path))
    elif store["root"] != str(path):
        Assetstore().save({**store, "root": str(path)})


def _folder(collection_name: str, name: str, creator: dict[str, Any]) -> dict[str, Any]:
    from girder.models.collection import Collection
    from girder.models.folder import Folder

    collection = Collection().createCollection(
        collection_name, creator=creator, public=True, reuseExisting=True
    )
    folder: dict[str, Any] = Folder().createFolder(
        collection, name, parentType="collection", creator=creator, public=True, reuseExisting=True
    )
    return folder


def _settings(api_url: str, tasks_folder_id: str) -> None:
    from girder.models.setting import Setting

    for key, value in {
        "core.brand_name": "Patherea sandbox",
        "slicer_cli_web.task_folder": tasks_folder_id,
        "worker.api_url": api_url,
        "worker.direct_path": True,
        # for stopping jobs; without a broker of its own the sandbox cannot
        "worker.broker": broker() or "",
        "worker.backend": BACKEND if broker() else "",
    }.items():
        Setting().set(key, value)


def _token(administrator: dict[str, Any]) -> str:
    """Return a fresh token; one that a killed run has left is taken back."""
    from girder.models.token import Token

    take_back_tokens()
    token = Token().createToken(administrator, days=365)
    Token().save({**token, "patherea_sandbox": True})
    return str(token["_id"])
