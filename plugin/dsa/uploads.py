"""Files that a command leaves in items of an archive: each whole, the newer one in place of the older."""

import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from patherea_core.errors import CredentialsError, InputError
from plugin.dsa.items import checked_id, may_write
from plugin.dsa.sending import Parcel, send
from plugin.dsa.session import Session


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of an item.

    Attributes:
        id: of the file.
        name: of the file.
        size: in bytes.
        item_id: of the item that holds it.
    """

    id: str
    name: str
    size: int
    item_id: str


def require_writable_folder(session: Session, folder_id: str) -> None:
    """Check before long work that something can be left in a folder.

    Raises:
        InputError: there is no such folder.
        CredentialsError: the person may not write there.
    """
    folder = session.find(f"folder/{checked_id(folder_id)}", f"folder {folder_id}")
    if not may_write(folder):
        raise CredentialsError(
            f"the archive at {session.address} does not let you write to the folder {folder['name']!r};"
            " choose another one, or have yourself given the right to edit it"
        )


def writable_item(session: Session, item_id: str) -> Mapping[str, Any]:
    """Return what the archive knows of an item, to which something can be added.

    Raises:
        InputError: there is no such item.
        CredentialsError: the person may not write there.
    """
    item: Mapping[str, Any] = session.find(f"item/{checked_id(item_id)}", f"item {item_id}")
    require_writable_folder(session, item["folderId"])
    return item


def new_item(session: Session, folder_id: str, name: str, description: str) -> str:
    """Make an item and return its id; if the name is taken the archive adds a number to it.

    Raises:
        ArchiveError: the archive does not answer, or does not allow it.
    """
    facts = {"folderId": folder_id, "name": name, "description": description}
    return str(session.post(f"item?{urlencode(facts)}", b"")["_id"])


def note(session: Session, item_id: str, facts: Mapping[str, Any]) -> None:
    """Note facts in the metadata of an item; what was noted under the same names is replaced.

    Raises:
        ArchiveError: the archive does not answer, or does not allow it.
    """
    session.put(f"item/{item_id}/metadata", json.dumps(facts, allow_nan=False).encode())


def file_in(session: Session, file_id: str) -> StoredFile:
    """Return the file of that id.

    Raises:
        InputError: there is none.
    """
    found = session.find(f"file/{checked_id(file_id)}", f"file {file_id}")
    if "size" not in found:
        raise InputError(f"{found['name']!r} is a link, no file; choose a file")
    return _stored(found)


def stored_files(session: Session, item_id: str) -> tuple[StoredFile, ...]:
    """Return the files of an item in order of their names, of two of one name the newer one first.

    Raises:
        ArchiveError: the archive does not answer.
    """
    files = session.pages(f"item/{item_id}/files")
    files.sort(key=lambda one: str(one["created"]), reverse=True)
    return tuple(_stored(one) for one in sorted(files, key=lambda one: str(one["name"])))


def upload(session: Session, item_id: str, path: Path, name: str) -> str:
    """Put a file into an item and return its id; what had its name before is dropped once it is there.

    Whoever reads meanwhile finds the file before, the new one, or both, but never a part.

    Raises:
        ArchiveError: the archive stays away, or does not allow it; the file before stays.
    """
    before = [one for one in stored_files(session, item_id) if one.name == name]
    kind, _ = mimetypes.guess_type(name)  # by which browsers know what they can show
    parcel = Parcel(path, name, "item", item_id, kind or "application/octet-stream")
    stored = send(session, parcel)
    for one in before:
        session.delete(f"file/{one.id}")
    return str(stored["_id"])


def upload_to_folder(session: Session, folder_id: str, path: Path, name: str) -> str:
    """Put a file into an item of its own and return the item's id; if the name is taken a number is added.

    The item appears with the whole file, and not at all if something fails.

    Raises:
        ArchiveError: the archive stays away, or does not allow it.
    """
    return str(send(session, Parcel(path, name, "folder", folder_id))["itemId"])


def no_slide(session: Session, item_id: str) -> None:
    """Have the archive not take an item for a slide, as it does for the sake of any picture in it.

    Raises:
        ArchiveError: the archive does not answer, or does not allow it.
    """
    session.delete(f"item/{item_id}/tiles")


def remove(session: Session, item_id: str, name: str) -> None:
    """Remove the file of that name from an item, if it is there.

    Raises:
        ArchiveError: the archive does not answer, or does not allow it.
    """
    for one in stored_files(session, item_id):
        if one.name == name:
            session.delete(f"file/{one.id}")


def _stored(document: Mapping[str, Any]) -> StoredFile:
    return StoredFile(
        document["_id"], document["name"], document.get("size", 0), document["itemId"]
    )
