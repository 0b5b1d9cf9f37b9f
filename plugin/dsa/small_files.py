"""Small text files in a folder of the archive, each in an item of its own name: read, and replaced whole."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from patherea_core.errors import ArchiveError, InputError
from plugin.dsa.session import Session


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A text in the archive.

    Attributes:
        id: of the file.
        text: what is in it.
    """

    id: str
    text: str


def read_small_file(session: Session, folder_id: str, name: str) -> SmallFile | None:
    """Return the file of that name in a folder; None if there is none.

    Raises:
        InputError: it is no text.
        ArchiveError: the archive does not answer.
    """
    items: list[Any] = session.pages("item", folderId=folder_id, name=name)
    files = [file for item in items for file in session.pages(f"item/{item['_id']}/files")]
    if not files:
        return None
    content = session.picture(f"file/{files[0]['_id']}/download")
    try:
        return SmallFile(files[0]["_id"], content.decode())
    except UnicodeDecodeError as error:
        raise InputError(f"{name} of the folder is no text in UTF-8; mend or remove it") from error


def write_small_file(
    session: Session, folder_id: str, name: str, text: str, before: SmallFile | None
) -> None:
    """Write a file of a folder, in place of the one that was read before if there was one.

    The archive has a way to write settings at once, but that counts letters where it should count bytes.

    Raises:
        ArchiveError: the archive does not answer, or does not allow it.
    """
    content = text.encode()
    if before is not None:
        size = urlencode({"size": len(content)})
        upload = session.put(f"file/{before.id}/contents?{size}", b"")
        place = urlencode({"uploadId": upload["_id"], "offset": 0})
        session.post(f"file/chunk?{place}", content)
        return
    whose = urlencode({"folderId": folder_id, "name": name, "reuseExisting": "true"})
    item = session.post(f"item?{whose}", b"")
    facts = {"parentType": "item", "parentId": item["_id"], "name": name, "size": len(content)}
    made = session.post(f"file?{urlencode({**facts, 'mimeType': 'application/yaml'})}", content)
    if made.get("size") != len(content):
        raise ArchiveError(f"the archive at {session.address} took {name} in part only")
