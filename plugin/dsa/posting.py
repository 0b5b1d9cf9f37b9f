"""Annotations that are added to a slide in the archive; those that are there stay as they are.

What this program adds names its run, and no two annotations of a run have the same name. So it can be
seen whether one has arrived although its answer was lost, and none is added twice.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patherea_core.errors import ArchiveError
from plugin.dsa.answers import NotFoundError
from plugin.dsa.delivery import deliver
from plugin.dsa.session import Session

log = logging.getLogger(__name__)

#: What precedes the elements in the JSON that this program writes, and how far one looks for it.
_ELEMENTS = b'"elements":['
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Mark:
    """What tells an annotation of this program from all others.

    Attributes:
        name: what it is called.
        run: that wrote it.
    """

    name: str
    run: str

    @classmethod
    def of(cls, head: Mapping[str, Any]) -> "_Mark | None":
        """Return the mark of an annotation, whose elements do not matter; None if it has none."""
        ours = (head.get("attributes") or {}).get("patherea")
        run = ours.get("run") if isinstance(ours, Mapping) else None
        return cls(str(head.get("name", "")), str(run)) if run else None


def post_annotation(
    session: Session, item_id: str, document: Mapping[str, Any] | bytes | Path
) -> None:
    """Add a new annotation to a slide; those that are there stay as they are.

    If the archive is away for a moment it is tried again, provided that the annotation names its run;
    else it is tried once.

    Args:
        session: with the archive.
        item_id: the slide.
        document: the annotation, or its JSON, or a file of that, which is never held as a whole.

    Raises:
        ArchiveError: the archive does not take it, or the slide is no longer there.
    """
    mark = _Mark.of(_head(document))
    if isinstance(document, Mapping):
        document = json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    try:
        if mark is None:
            _send(session, item_id, document)
        else:
            _deliver(session, item_id, document, mark)
    except NotFoundError as error:
        raise _explained(session, item_id, error) from error


def _deliver(session: Session, item_id: str, document: bytes | Path, mark: _Mark) -> None:
    _, *doubles = deliver(
        session,
        f"annotation {mark.name!r}",
        lambda: _send(session, item_id, document),
        lambda: _arrived(session, item_id, mark),
    ) or ("",)
    for double in doubles:
        # The first attempt was still under way when the second one was made.
        log.info("annotation %r arrived twice; removing the second", mark.name)
        session.delete(f"annotation/{double}")


def _send(session: Session, item_id: str, document: bytes | Path) -> None:
    address = f"annotation/item/{item_id}"
    if isinstance(document, Path):
        with document.open("rb") as file:
            session.post(address, file)
    else:
        session.post(address, document)


def _arrived(session: Session, item_id: str, mark: _Mark) -> Sequence[str]:
    """Return the ids of the annotations with this mark, oldest first; the archive shows whole ones only."""
    documents = session.pages("annotation", itemId=item_id, sort="created")
    return [one["_id"] for one in documents if _Mark.of(one["annotation"]) == mark]


def _head(document: Mapping[str, Any] | bytes | Path) -> Mapping[str, Any]:
    """Return what an annotation says up to its elements; empty if it is written in another way."""
    if isinstance(document, Mapping):
        return document
    if isinstance(document, Path):
        with document.open("rb") as file:
            start = file.read(_HEAD_BYTES)
    else:
        start = document[:_HEAD_BYTES]
    before, found, _ = start.partition(_ELEMENTS)
    with suppress(ValueError):
        head = json.loads(before + found + b"]}" if found else start)
        return head if isinstance(head, Mapping) else {}
    return {}


def _explained(session: Session, item_id: str, error: NotFoundError) -> ArchiveError:
    """Return that the slide has gone if that is why; else what the archive said."""
    try:
        session.get(f"item/{item_id}")
    except ArchiveError:
        return ArchiveError(
            f"slide {item_id} is no longer in the archive, or you may not see it any more; nothing was added"
        )
    return error
