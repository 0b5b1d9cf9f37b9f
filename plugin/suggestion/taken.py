"""Which parts of a slide in the archive have labels already, so that nobody is asked for them again."""

import logging
from collections.abc import Iterator

from patherea_core.errors import AnnotationError
from patherea_core.regions import Outline
from plugin.dsa.annotation_codec import Json, identity, is_ours
from plugin.dsa.annotation_elements import is_region, outline_of
from plugin.dsa.annotations import read_annotation
from plugin.dsa.session import Session
from plugin.review.labels import LABELS_KIND

log = logging.getLogger(__name__)


def labelled_outlines(session: Session, item_id: str) -> tuple[Outline, ...]:
    """Return the regions that people drew on a slide, and those whose review was harvested."""
    listed = session.pages("annotation", itemId=item_id, sort="created")
    return tuple(
        outline
        for document in listed
        if _holds_labels(document)
        for outline in _outlines(read_annotation(session, document["_id"]))
    )


def _holds_labels(document: Json) -> bool:
    if not is_ours(document):
        return True
    kind: object = document["annotation"]["attributes"]["patherea"].get("kind")
    return kind == LABELS_KIND


def _outlines(document: Json) -> Iterator[Outline]:
    name = identity(document).name
    for element in document["annotation"].get("elements") or []:
        if not is_region(element):
            continue
        try:
            yield outline_of(element, name)
        except AnnotationError as error:
            log.warning("%s; until then it may be suggested again", error)
