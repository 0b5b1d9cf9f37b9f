"""Annotations that are added to a slide in the archive; those that are there stay as they are."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plugin.dsa.session import Session


def post_annotation(
    session: Session, item_id: str, document: Mapping[str, Any] | bytes | Path
) -> None:
    """Add a new annotation to a slide; those that are there stay as they are.

    Args:
        session: with the archive.
        item_id: the slide.
        document: the annotation, or its JSON, or a file of that, which is never held as a whole.

    Raises:
        ArchiveError: the archive does not take it.
    """
    address = f"annotation/item/{item_id}"
    if isinstance(document, Path):
        with document.open("rb") as file:
            session.post(address, file)
        return
    if not isinstance(document, bytes):
        document = json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    session.post(address, document)
