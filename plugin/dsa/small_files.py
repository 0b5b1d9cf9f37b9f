"""Small text files in a folder of the archive, each in an item of its own name: read, and replaced whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from patherea_core.errors import ArchiveError, InputError
from plugin.dsa.delivery import deliver
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
    return next(_files(session, folder_id, name), None)


def write_small_file(
    session: Session, folder_id: str, name: str, text: str, before: SmallFile | None
) -> None:
    """Write a file of a folder, in place of the one that was read before if there was one.

    The archive has a way to write settings at once, but that counts letters where it should count bytes.

    Raises:
        ArchiveError: the archive does not answer, or does not allow it.
    """
    content = text.encode()

    def send() -> None:
        if before is None:
            _add(session, folder_id, name, content)
        else:
            _replace(session, before.id, content)

    def arrived() -> list[str]:
        return [file.id for file in _files(session, folder_id, name) if file.text == text]

    for double in deliver(session, f"file {name}", send, arrived)[1:]:
        session.delete(f"file/{double}")


def _files(session: Session, folder_id: str, name: str) -> Iterator[SmallFile]:
    """Yield all files of that name, though the archive should hold one at the most."""
    for item in session.pages("item", folderId=folder_id, name=name):
        for file in session.pages(f"item/{item['_id']}/files"):
            content = session.picture(f"file/{file['_id']}/download")
            try:
                yield SmallFile(file["_id"], content.decode())
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{name} of the folder is no text in UTF-8; mend or remove it"
                ) from error


def _replace(session: Session, file_id: str, content: bytes) -> None:
    size = urlencode({"size": len(content)})
    upload = session.put(f"file/{file_id}/contents?{size}", b"")
    place = urlencode({"uploadId": upload["_id"], "offset": 0})
    session.post(f"file/chunk?{place}", content)


def _add(session: Session, folder_id: str, name: str, content: bytes) -> None:
    whose = urlencode({"folderId": folder_id, "name": name, "reuseExisting": "true"})
    item = session.post(f"item?{whose}", b"")
    facts = {"parentType": "item", "parentId": item["_id"], "name": name, "size": len(content)}
    made = session.post(f"file?{urlencode({**facts, 'mimeType': 'application/yaml'})}", content)
    if made.get("size") != len(content):
        raise ArchiveError(f"the archive at {session.address} took {name} in part only")
