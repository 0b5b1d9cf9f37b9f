"""Annotations of a slide in the archive: listed, and read whole."""

import fnmatch
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patherea_core.errors import ArchiveError, InputError
from plugin.dsa.annotation_codec import Json, is_detections, is_ours, part_of, run_of
from plugin.dsa.session import Session

log = logging.getLogger(__name__)

#: Elements asked for at once.
_PAGE = 20_000
#: How often an annotation is read anew because somebody changed it meanwhile.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class AnnotationSummary:
    """An annotation without its elements.

    Attributes:
        id: of the annotation.
        name: what it is called.
        created: when, in ISO form, so that text order is order in time.
        updated: when it was changed last, likewise.
        version: of its state; it grows with every change.
        creator_id: of the person who made it.
        detections: whether this program wrote it as what it found.
        ours: whether this program wrote it, whatever it holds.
        run: that wrote it; empty if none of this program did.
        part: which of the cells of its run it holds; empty if all.
        used_up: ids of the annotations that told what was reviewed, if it holds the labels of a review.
    """

    id: str
    name: str
    created: str
    detections: bool
    ours: bool
    updated: str = ""
    version: int | None = None
    creator_id: str = ""
    run: str = ""
    part: str = ""
    used_up: tuple[str, ...] = ()


def list_annotations(session: Session, item_id: str) -> tuple[AnnotationSummary, ...]:
    """Return the annotations of a slide, oldest first."""
    documents = session.pages("annotation", itemId=item_id, sort="created")
    return tuple(
        AnnotationSummary(
            id=document["_id"],
            name=document["annotation"].get("name", ""),
            created=str(document.get("created", "")),
            detections=is_detections(document),
            ours=is_ours(document),
            updated=str(document.get("updated", "")),
            version=document.get("_version"),
            creator_id=str(document.get("creatorId") or ""),
            run=run_of(document),
            part=part_of(document),
            used_up=_used_up(document),
        )
        for document in documents
    )


def chosen_labels(
    annotations: Sequence[AnnotationSummary], pattern: str
) -> tuple[AnnotationSummary, ...]:
    """Return those that are labels: their name fits, and this program did not write them.

    What it wrote is taken if it is named in full: a person who does that has reviewed it.

    Args:
        annotations: of one slide.
        pattern: a name, in which * stands for any text; or several of them, parted by commas.
    """
    patterns = [pattern, *(part.strip() for part in pattern.split(","))]
    return tuple(
        annotation
        for annotation in annotations
        if annotation.name in patterns
        or (
            not annotation.ours
            and any(fnmatch.fnmatchcase(annotation.name, wanted) for wanted in patterns)
        )
    )


def chosen_detections(
    annotations: Sequence[AnnotationSummary], name: str, slide: str
) -> AnnotationSummary:
    """Return the annotation of that name or id; without either, the newest this program wrote.

    Raises:
        InputError: there is none.
    """
    fitting = [
        annotation
        for annotation in annotations
        if (name in {annotation.id, annotation.name} if name else annotation.detections)
    ]
    if not fitting:
        known = ", ".join(repr(annotation.name) for annotation in annotations) or "none"
        wanted = f"annotation {name!r}" if name else "annotation with detections"
        raise InputError(f"slide {slide!r} has no {wanted}; its annotations are: {known}")
    return max(fitting, key=lambda annotation: annotation.created)


def parts_of(
    annotations: Sequence[AnnotationSummary], chosen: AnnotationSummary
) -> tuple[AnnotationSummary, ...]:
    """Return all annotations among which a run shared out its cells; that one alone if it holds them all.

    Of several that say to be the same part, which are copies, the chosen one is taken, else the oldest.
    """
    if not chosen.part:
        return (chosen,)
    found = {chosen.part: chosen}
    for annotation in annotations:
        if annotation.detections and annotation.run == chosen.run and annotation.part:
            found.setdefault(annotation.part, annotation)
    return tuple(found.values())


def _used_up(document: Json) -> tuple[str, ...]:
    """Return which annotations the labels of a review took up; none of any other annotation."""
    ours = (document["annotation"].get("attributes") or {}).get("patherea")
    origin = ours.get("reviewed") if isinstance(ours, Mapping) else None
    entries = origin.get("used_up") if isinstance(origin, Mapping) else None
    return tuple(
        str(one["id"]) for one in entries or () if isinstance(one, Mapping) and "id" in one
    )


def read_annotations(session: Session, annotations: Sequence[AnnotationSummary]) -> dict[str, Any]:
    """Return the first of some annotations with the elements of all of them.

    Raises:
        ArchiveError: somebody changed one each time it was read.
    """
    first, *others = (read_annotation(session, annotation.id) for annotation in annotations)
    for other in others:
        first["annotation"]["elements"] += other["annotation"]["elements"]
    return first


def read_annotation(session: Session, annotation_id: str) -> dict[str, Any]:
    """Return an annotation with all its elements, all of one and the same version.

    Raises:
        ArchiveError: somebody changed it each time it was read.
    """
    for _ in range(_ATTEMPTS):
        document = _read_once(session, annotation_id)
        if document is not None:
            return document
        log.info("annotation %s was changed while it was read; reading it again", annotation_id)
    raise ArchiveError(
        f"annotation {annotation_id} was changed each time it was read; run again when nobody edits it"
    )


def _read_once(session: Session, annotation_id: str) -> dict[str, Any] | None:
    """Return the whole annotation, or None if its version changed on the way."""
    path = f"annotation/{annotation_id}"
    document: dict[str, Any] = session.get(path, limit=_PAGE, offset=0, sort="_id")
    elements: list[Any] = document["annotation"]["elements"]
    while True:
        part = session.get(path, limit=_PAGE, offset=len(elements), sort="_id")
        if part["_version"] != document["_version"]:
            return None
        if not part["annotation"]["elements"]:
            return document
        elements.extend(part["annotation"]["elements"])
