"""A reviewed run as the archive keeps it: what was pushed, what it is now, and who saved it in between.

The archive keeps every state of an annotation, and its first one is what the run pushed. It is the oldest
annotation of the run: a copy that somebody made to review it says the same of itself, but came later.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from patherea_core.errors import AnnotationError, InputError
from plugin.dsa.annotation_codec import (
    AnnotationIdentity,
    Json,
    identity,
    is_detections,
    part_of,
)
from plugin.dsa.annotations import read_annotation
from plugin.dsa.answers import NotFoundError
from plugin.dsa.items import SlideItem
from plugin.dsa.session import Session
from plugin.review.history import read_first_state
from plugin.review.people import sittings_between, touched_by
from plugin.review.sittings import Sitting

#: How the parts of a run are called whose cells are too many for one annotation.
_PART = re.compile(r", part \d+ of \d+$")


class NotReviewedError(InputError):
    """The slide lacks what a review needs: a run, the annotation or the regions that were reviewed."""


class CorrectionsLeftOutError(NotReviewedError):
    """People saved corrections, but the regions that were asked for are not there."""


@dataclass(frozen=True, slots=True, eq=False)
class ReviewedRun:
    """A run on one slide, before and after its review.

    Attributes:
        run_id: of the run.
        about: what the run says of itself in its annotation.
        pushed: the annotations as the run made them.
        reviewed: the annotations as people left them.
        sittings: the saves in between, oldest first.
        touched: the last sitting that changed an element, by its id; empty if that is not known.
    """

    run_id: str
    about: Mapping[str, Any]
    pushed: tuple[Json, ...]
    reviewed: tuple[Json, ...]
    sittings: tuple[Sitting, ...]
    touched: Mapping[str, Sitting]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the model, in order."""
        return tuple(self.about.get("classes") or ())

    @property
    def annotations(self) -> tuple[AnnotationIdentity, ...]:
        """What was reviewed, in which version."""
        return tuple(identity(document) for document in self.reviewed)


@dataclass(frozen=True, slots=True)
class ReviewNames:
    """Which annotations of a slide are compared.

    Attributes:
        run: name, pattern or id of annotations with detections of a run, of which the newest is taken;
            empty takes the newest run.
        reviewed: names, ids or patterns, parted by commas, of the annotations that people reviewed; empty
            takes that of the run itself.
    """

    run: str = ""
    reviewed: str = ""


def read_review(
    session: Session, slide: SlideItem, names: ReviewNames, pushed_file: Json | None = None
) -> ReviewedRun:
    """Return a run of a slide as it was pushed and as it was reviewed.

    Args:
        session: with the archive.
        slide: which one.
        names: which annotations.
        pushed_file: the annotation as the run wrote it, where the archive keeps no history; None asks the
            archive.

    Raises:
        NotReviewedError: there is no such annotation, or it was deleted meanwhile.
        AnnotationError: it is no run of this program, is of another slide, or its first state is lost.
        ArchiveError: the archive does not answer, or somebody changes the annotation all the time.
    """
    listed = session.pages("annotation", itemId=slide.id, sort="created")
    chosen = _chosen_run(listed, names.run, slide.name)
    about = dict(chosen["annotation"]["attributes"]["patherea"])
    _require_slide(session, slide, chosen, about)
    originals = _originals(listed, str(about.get("run", "")))
    current = _reviewed(listed, names.reviewed, slide.name) if names.reviewed else ()
    if not current:
        alone = chosen["_id"] not in {document["_id"] for document in originals}
        current = (chosen,) if alone else originals
    first = (
        tuple(_first_state(session, document) for document in originals)
        if pushed_file is None
        else (pushed_file,)
    )
    reviewed = tuple(_present_state(session, document) for document in current)
    own = {document["_id"] for document in originals}
    sittings = sittings_between(session, [identity(document) for document in reviewed], own)
    return ReviewedRun(
        run_id=str(about.get("run", "")),
        about=about,
        pushed=first,
        reviewed=reviewed,
        sittings=sittings,
        touched=touched_by(session, first, sittings),
    )


@contextmanager
def _reading(listed: Json) -> Iterator[None]:
    """Say so if an annotation that was listed is no longer there when it is read."""
    try:
        yield
    except NotFoundError as error:
        raise NotReviewedError(
            f"annotation {_name(listed)!r} was deleted while it was read; run again, or name another one"
            " with --reviewed"
        ) from error


def _first_state(session: Session, listed: Json) -> Json:
    with _reading(listed):
        return read_first_state(session, listed["_id"], _name(listed))


def _present_state(session: Session, listed: Json) -> Json:
    with _reading(listed):
        return read_annotation(session, listed["_id"])


def reviewed_names(session: Session, slide: SlideItem, text: str) -> tuple[tuple[str, str], ...]:
    """Return id and name of each annotation of a slide that a text names as reviewed, oldest first.

    Raises:
        NotReviewedError: there is none.
    """
    listed = session.pages("annotation", itemId=slide.id, sort="created")
    return tuple(
        (document["_id"], _name(document)) for document in _reviewed(listed, text, slide.name)
    )


def _chosen_run(listed: Sequence[Json], name: str, slide: str) -> Json:
    fitting = [
        document
        for document in listed
        if name in {document["_id"], _name(document)}
        or (is_detections(document) and fnmatch.fnmatchcase(_name(document), name or "*"))
    ]
    if not fitting:
        known = ", ".join(repr(_name(document)) for document in listed) or "none"
        wanted = f"annotation {name!r}" if name else "detections that could have been reviewed"
        raise NotReviewedError(f"slide {slide!r} has no {wanted}; its annotations are: {known}")
    chosen: Json = max(fitting, key=lambda document: str(document.get("created", "")))
    if not is_detections(chosen):
        raise AnnotationError(
            f"annotation {_name(chosen)!r} is no run of Patherea, so nothing tells what was pushed; name "
            "the run that was reviewed, and this annotation as the reviewed one"
        )
    return chosen


def _require_slide(session: Session, slide: SlideItem, chosen: Json, about: Json) -> None:
    """Refuse cells that were found on another slide."""
    said = str(about.get("slide", ""))
    if not said or said == slide.name:
        return
    files = session.pages(f"item/{slide.id}/files")
    if said not in {document["name"] for document in files}:
        raise AnnotationError(
            f"annotation {_name(chosen)!r} holds cells of slide {said!r}, but lies on {slide.name!r}; "
            "choose an annotation of this slide"
        )


def _originals(listed: Sequence[Json], run_id: str) -> tuple[Json, ...]:
    """Return the oldest annotation of a run, or the oldest of each of its parts."""
    own = [
        document
        for document in listed
        if is_detections(document)
        and document["annotation"]["attributes"]["patherea"]["run"] == run_id
    ]
    found: dict[str, Json] = {}
    for document in sorted(own, key=lambda document: str(document.get("created", ""))):
        found.setdefault(_part(document), document)
    if len(found) > 1:
        found.pop("", None)  # a copy of all parts together, which came later
    return tuple(found.values())


def _part(document: Json) -> str:
    """Return which of the cells of its run an annotation holds; nothing if it holds all."""
    found = _PART.search(_name(document))
    return part_of(document) or (found[0] if found else "")


def _reviewed(listed: Sequence[Json], text: str, slide: str) -> tuple[Json, ...]:
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    found = tuple(
        document
        for document in listed
        if _name(document) == text
        or any(
            document["_id"] == one or fnmatch.fnmatchcase(_name(document), one) for one in wanted
        )
    )
    if not found:
        known = ", ".join(repr(_name(document)) for document in listed)
        raise NotReviewedError(
            f"slide {slide!r} has no annotation {text!r} that was reviewed; its annotations are: {known}"
        )
    return found


def _name(document: Json) -> str:
    return str(document["annotation"].get("name", ""))
