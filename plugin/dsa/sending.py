"""One file on its way into an archive: piece by piece, and on from what has arrived when the way breaks.

What has arrived of an unfinished upload nobody sees, and the archive makes a file of it once. So a request
whose answer is lost does no harm, as long as it is looked how far the upload got before the next one.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal
from urllib.parse import urlencode

from patherea_core.errors import ArchiveError, InputError, PathereaError
from plugin.dsa.answers import AwayError, NotFoundError
from plugin.dsa.session import Session

log = logging.getLogger(__name__)

#: Bytes that are sent at once; what stands before an archive often takes no more than 100 MB.
_PIECE = 32 << 20
#: Seconds after each attempt that failed; all of them are there again once more has arrived than ever before.
_PAUSES = (1.0, 4.0, 15.0)
#: Items that are looked through for the one that a file became.
_NEWEST = 50


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent, and where to.

    Attributes:
        path: of the file.
        name: in the archive.
        parent: whether it goes into an item, or into a folder as an item of its own.
        parent_id: of the item or folder.
        kind: its media type.
    """

    path: Path
    name: str
    parent: Literal["item", "folder"]
    parent_id: str
    kind: str = "application/octet-stream"


def send(session: Session, parcel: Parcel) -> Mapping[str, Any]:
    """Send a file and return what the archive knows of it.

    Raises:
        ArchiveError: the archive stays away, or does not allow it.
        InputError: the file changes meanwhile.
    """
    size = parcel.path.stat().st_size
    if size == 0:  # it is made at once
        stored: Mapping[str, Any] = session.post(f"file?{_facts(parcel, 0)}", b"")
    else:
        with parcel.path.open("rb") as file:
            stored = _Upload(session, parcel, size).sent(file)
    if stored.get("size") != size:
        raise ArchiveError(f"the archive at {session.address} took {parcel.name} in part only")
    return stored


class _Upload:
    """One file that is sent.

    Args:
        session: with the archive.
        parcel: what is sent, and where to.
        size: in bytes.
    """

    def __init__(self, session: Session, parcel: Parcel, size: int) -> None:
        self._session, self._parcel, self._size = session, parcel, size
        self._begun: Mapping[str, Any] = {}  # what the archive knows of it
        self._offset = self._furthest = self._asked = 0
        self._pauses = list(_PAUSES)
        self._failure: AwayError | None = None
        self._unsure = False

    def sent(self, file: BinaryIO) -> Mapping[str, Any]:
        stored: Mapping[str, Any] | None = None
        try:
            while stored is None:
                try:
                    stored = self._found_out() if self._unsure else self._next(file)
                except AwayError as error:
                    self._wait(error)
        except (PathereaError, OSError):
            self._give_up()
            raise
        return stored

    def _next(self, file: BinaryIO) -> Mapping[str, Any] | None:
        """Send the next piece; return the file if that was the last one."""
        if not self._begun:
            self._begun = self._session.post(f"file?{_facts(self._parcel, self._size)}", b"")
        file.seek(self._offset)
        due = min(_PIECE, self._size - self._offset)
        piece = file.read(due)
        if len(piece) < due:
            raise InputError(f"{self._parcel.path} became shorter while it was sent; try it again")
        self._asked = self._offset + due
        place = urlencode({"uploadId": self._begun["_id"], "offset": self._offset})
        try:
            answer: Mapping[str, Any] = self._session.post(f"file/chunk?{place}", piece)
        except NotFoundError as error:
            if self._failure is None:
                raise
            raise AwayError(str(error)) from error  # an earlier attempt arrived after all
        self._go_on(self._asked)
        return answer if self._asked == self._size else None

    def _found_out(self) -> Mapping[str, Any] | None:
        """Look how far the upload got; return the file if it is there.

        It goes on between two pieces only. A part of a piece may be still growing, and the archive would
        leave it out of its checksum.
        """
        if self._begun:
            if (stored := self._arrived()) is not None:
                log.info("%s has arrived after all", self._parcel.name)
                return stored
            got = self._got()
            if got == self._size:
                raise AwayError(
                    f"the archive at {self._session.address} makes no file of what it got"
                )
            if got in (self._offset, self._asked):
                self._go_on(got)
            elif (stored := self._arrived()) is not None:  # between the two looks
                return stored
            else:
                self._give_up()
        if not self._pauses:
            raise ArchiveError(
                f"{self._failure}; run again later: {self._parcel.name} was not added"
            )
        self._unsure = False
        return None

    def _got(self) -> int | None:
        """Return how much of the file the archive has; None if it knows nothing of the upload any more."""
        try:
            return int(self._session.get("file/offset", uploadId=self._begun["_id"])["offset"])
        except NotFoundError:
            return None

    def _arrived(self) -> Mapping[str, Any] | None:
        """Return the file that this upload became, if its last piece was sent."""
        if self._asked < self._size:
            return None
        for item_id in self._items():
            for file in self._session.pages(f"item/{item_id}/files"):
                if file["name"] == self._parcel.name and self._may_be(file):
                    return dict(file)
        return None

    def _items(self) -> Iterable[str]:
        """Return the items in which the file may be; the archive adds a number to a name that is taken."""
        if self._parcel.parent == "item":
            return [self._parcel.parent_id]
        newest = {"sort": "created", "sortdir": -1, "limit": _NEWEST}
        items = self._session.get("item", folderId=self._parcel.parent_id, **newest)
        return [one["_id"] for one in items if self._may_be(one)]

    def _may_be(self, found: Mapping[str, Any]) -> bool:
        """Tell whether an item or file was made by this person since the upload began, and is as large."""
        since = found.get("creatorId") == self._begun["userId"] and (
            _moment(found["created"]) >= _moment(self._begun["created"])
        )
        return since and found.get("size") == self._size

    def _go_on(self, offset: int) -> None:
        self._offset = offset
        if offset > self._furthest:
            self._furthest, self._pauses = offset, list(_PAUSES)

    def _wait(self, error: AwayError) -> None:
        self._failure, self._unsure = error, True
        if not self._pauses:
            fate = "was not added" if self._asked < self._size else "may have been added or not"
            raise ArchiveError(f"{error}; run again later: {self._parcel.name} {fate}") from error
        self._session.pause(error, self._pauses.pop(0))

    def _give_up(self) -> None:
        """Let the archive forget what it got, which nobody else can see."""
        begun, self._begun = self._begun, {}
        self._offset = self._asked = 0
        if not begun:
            return
        try:
            self._session.delete(f"file/upload/{begun['_id']}")
        except ArchiveError:
            return  # it forgets by itself after a while


def _facts(parcel: Parcel, size: int) -> str:
    facts = {"parentType": parcel.parent, "parentId": parcel.parent_id, "name": parcel.name}
    return urlencode({**facts, "size": size, "mimeType": parcel.kind})


def _moment(text: str) -> datetime:
    """Return a moment in whole milliseconds, of which alone the archive's database knows."""
    moment = datetime.fromisoformat(text)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
