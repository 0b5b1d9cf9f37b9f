"""Slides of an archive: its items that it can show as images, and their files."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from patherea_core.errors import ArchiveError, CredentialsError, InputError
from plugin.dsa.session import Session

_ID = re.compile(r"[0-9a-f]{24}")

#: Level of access from which on the archive lets somebody write.
_WRITE = 1


@dataclass(frozen=True, slots=True, eq=False)
class SlideItem:
    """One slide in an archive.

    Attributes:
        id: of the item.
        name: of the item.
        file_id: the file that holds the image.
        metadata: what people noted about it.
        folder_id: of the folder that it lies in; empty if nobody asked.
    """

    id: str
    name: str
    file_id: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    folder_id: str = ""


def slides_in(session: Session, folder_id: str) -> tuple[SlideItem, ...]:
    """Return the slides of a folder, those of its sub-folders left out, in order of their names.

    Raises:
        InputError: there is no such folder.
    """
    folder_named(session, folder_id)
    documents = session.pages("item", folderId=folder_id, sort="lowerName")
    return tuple(_slide(document) for document in documents if _is_slide(document))


def folder_named(session: Session, folder_id: str) -> Mapping[str, Any]:
    """Return the document of a folder.

    Raises:
        InputError: there is no such folder; the message says so if the id is that of an item.
    """
    try:
        found: Mapping[str, Any] = session.find(
            f"folder/{checked_id(folder_id)}", f"folder {folder_id}"
        )
    except InputError as error:
        raise _mixed_up(session, "item", folder_id, "give the id of its folder", error) from error
    return found


def slide_named(session: Session, identifier: str) -> SlideItem:
    """Return the slide whose item or whose image file has this id.

    The archive's web page names a slide by its file.

    Raises:
        InputError: there is none, or it is no slide.
    """
    item_id = checked_id(identifier)
    with suppress(InputError):
        item_id = session.find(f"file/{identifier}", "such file").get("itemId") or item_id
    try:
        document = session.find(f"item/{item_id}", f"slide {identifier}")
    except InputError as error:
        raise _mixed_up(
            session, "folder", item_id, "give the id of one of its slides", error
        ) from error
    if not _is_slide(document):
        raise InputError(f"item {document['name']!r} is no slide; make it a large image first")
    return _slide(document)


def slide_to_annotate(session: Session, identifier: str) -> SlideItem:
    """Return the slide of that id, to which annotations can be added; checked before long work.

    Raises:
        InputError: as ``slide_named``.
        CredentialsError: this person may look at the slide, but not add to it.
    """
    slide = slide_named(session, identifier)
    require_may_add(session, slide)
    return slide


def require_may_add(session: Session, slide: SlideItem) -> None:
    """Refuse a slide to which this person cannot add annotations.

    Raises:
        CredentialsError: it is one.
    """
    if not may_add_to(session, slide):
        raise CredentialsError(
            f"the archive at {session.address} does not let you add to slide {slide.name!r};"
            " have yourself given the right to edit its folder"
        )


def may_add_to(session: Session, slide: SlideItem) -> bool:
    """Tell whether annotations can be added to a slide: its folder decides, the item itself does not say."""
    folder = session.get(f"folder/{slide.folder_id}") if slide.folder_id else {}
    return may_write(folder)


def may_write(folder: Mapping[str, Any]) -> bool:
    """Tell whether this person may write to a folder; one of which the archive does not say it is tried."""
    return int(folder.get("_accessLevel", _WRITE)) >= _WRITE


def download_slide(session: Session, slide: SlideItem, folder: Path) -> Path:
    """Write all files of a slide to a new folder inside ``folder``; return the one to open."""
    target = folder / slide.id
    target.mkdir(parents=True, exist_ok=True)
    opened: Path | None = None
    for document in session.pages(f"item/{slide.id}/files"):
        path = target / _plain_name(document["name"])
        session.download(document["_id"], path, document["size"])
        if document["_id"] == slide.file_id:
            opened = path
    if opened is None:
        raise ArchiveError(f"the image file of slide {slide.name!r} is not among its files")
    return opened


def is_id(text: str) -> bool:
    """Tell whether a text has the form of the id of something in an archive."""
    return _ID.fullmatch(text) is not None


def checked_id(identifier: str) -> str:
    """Return the id of something in an archive.

    Raises:
        InputError: the text is none.
    """
    if not is_id(identifier):
        raise InputError(f"{identifier!r} is no id of the archive; it has 24 digits from 0 to f")
    return identifier


def _mixed_up(
    session: Session, kind: str, identifier: str, mend: str, error: InputError
) -> InputError:
    """Return that an id names something of another kind, if that is why; else the error."""
    try:
        found = session.find(f"{kind}/{identifier}", kind)
    except InputError:
        return error
    return InputError(f"{identifier} is the {kind} {found['name']!r}; {mend}")


def _is_slide(document: Mapping[str, Any]) -> bool:
    image = document.get("largeImage") or {}
    return bool(image.get("fileId")) and not image.get("expected")


def _slide(document: Mapping[str, Any]) -> SlideItem:
    return SlideItem(
        id=document["_id"],
        name=document["name"],
        file_id=document["largeImage"]["fileId"],
        metadata=document.get("meta") or {},
        folder_id=document.get("folderId", ""),
    )


def _plain_name(name: str) -> str:
    """Return a file name that cannot lead out of its folder."""
    plain = PurePath(name.replace("\\", "/")).name
    return plain if plain not in {"", ".", ".."} else "file"
