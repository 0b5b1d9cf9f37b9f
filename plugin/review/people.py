"""Who reviewed a run, as far as the archive tells: its history of the annotations, and people's logins."""

from collections.abc import Collection, Mapping, Sequence

from plugin.dsa.annotation_codec import AnnotationIdentity, Json
from plugin.dsa.people import People
from plugin.dsa.session import Session
from plugin.review.history import read_state, saves
from plugin.review.sittings import Save, Sitting, last_touched, sittings_of

#: Sittings whose states are read one by one to tell who changed which cell; with more nobody is named.
_MOST_SITTINGS = 40


def sittings_between(
    session: Session, reviewed: Sequence[AnnotationIdentity], own: Collection[str]
) -> tuple[Sitting, ...]:
    """Return the saves of some annotations up to the states that were read, as sittings, oldest first.

    Args:
        session: with the archive.
        reviewed: the annotations.
        own: the ids of those that the run made, whose first state is no review.
    """
    kept = {
        found.id: _saves_until(session, found, skip_first=found.id in own) for found in reviewed
    }
    people = {save.person for entries in kept.values() for save in entries}
    known = People(session)
    logins = {person: known.person(person).login for person in people}
    sittings = [
        sitting
        for annotation, entries in kept.items()
        for sitting in sittings_of(entries, annotation, logins)
    ]
    return tuple(sorted(sittings, key=lambda sitting: sitting.ended))


def touched_by(
    session: Session, pushed: Sequence[Json], sittings: Sequence[Sitting]
) -> Mapping[str, Sitting]:
    """Return the last sitting that changed each element; empty where several annotations were reviewed.

    What one person alone changed is not looked up: it is all theirs.
    """
    annotations = {sitting.annotation_id for sitting in sittings}
    if len(annotations) != 1 or not 1 < len(sittings) <= _MOST_SITTINGS:
        return {}
    states = (
        (sitting, _by_id([read_state(session, sitting.last, sitting.annotation_id)]))
        for sitting in sittings
    )
    return last_touched(_by_id(pushed), states)


def _saves_until(
    session: Session, annotation: AnnotationIdentity, *, skip_first: bool
) -> tuple[Save, ...]:
    """Return the saves of a reviewed annotation up to the state that was read."""
    return tuple(
        save
        for save in saves(session, annotation.id)
        if save.version <= (annotation.version or save.version) and not (skip_first and save.first)
    )


def _by_id(documents: Sequence[Json]) -> dict[str, Json]:
    return {
        str(element.get("id", "")): element
        for document in documents
        for element in document["annotation"].get("elements") or []
    }
