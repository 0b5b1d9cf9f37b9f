"""Who reviewed, and when: the saves of an annotation in a row by one person are a sitting. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from plugin.dsa.annotation_codec import Json

#: Seconds between two saves above which nobody takes the reviewer to have worked all the time.
PAUSE = 300.0


@dataclass(frozen=True, slots=True)
class Save:
    """One saved state of an annotation.

    Attributes:
        id: of the document that holds the state; the annotation's own if it is the present one.
        version: its number, which rises with each save.
        person: the id of who saved it; empty if that is not known.
        time: when, in ISO form.
        first: whether it is the state in which the annotation was made.
    """

    id: str
    version: int
    person: str
    time: str
    first: bool


@dataclass(frozen=True, slots=True)
class Sitting:
    """Saves of one person in a row.

    Attributes:
        reviewer: the login, or the id where the archive does not tell it; empty if nobody is known.
        begun: when the first save was, in ISO form.
        ended: when the last one was.
        saves: how many there were.
        annotation_id: what was saved.
        last: the state that was left.
        worked: seconds between saves, pauses of more than ``PAUSE`` left out. What went before the first
            save is not known, so it is less than the review took.
    """

    reviewer: str
    begun: str
    ended: str
    saves: int
    annotation_id: str
    last: Save
    worked: float = 0.0


def saves_of(history: Iterable[Json]) -> tuple[Save, ...]:
    """Return the saves that an archive lists for an annotation, oldest first."""
    found = [
        Save(
            id=str(entry["_id"]),
            version=int(entry["_version"]),
            person=str(entry.get("updatedId") or entry.get("creatorId") or ""),
            time=str(entry.get("updated") or entry.get("created") or ""),
            first=entry.get("created") is not None and entry.get("created") == entry.get("updated"),
        )
        for entry in history
    ]
    return tuple(sorted(found, key=lambda save: save.version))


def sittings_of(
    saves: Sequence[Save], annotation_id: str, logins: Mapping[str, str]
) -> tuple[Sitting, ...]:
    """Return the sittings in which an annotation was changed, in their order.

    Args:
        saves: oldest first, without that of the state which is not a review.
        annotation_id: what was saved.
        logins: of people, by their id.
    """
    found: list[Sitting] = []
    for save in saves:
        who = logins.get(save.person, save.person)
        if found and found[-1].reviewer == who:
            last = found[-1]
            found[-1] = replace(
                last,
                ended=save.time,
                saves=last.saves + 1,
                last=save,
                worked=last.worked + _worked(last.ended, save.time),
            )
        else:
            found.append(Sitting(who, save.time, save.time, 1, annotation_id, save))
    return tuple(found)


def last_touched(
    start: Mapping[str, Json], states: Iterable[tuple[Sitting, Mapping[str, Json]]]
) -> dict[str, Sitting]:
    """Return for each element in which sitting it was last changed, added or deleted.

    Args:
        start: the elements of the pushed state, by their ids.
        states: each sitting with the elements it left, in their order.
    """
    touched: dict[str, Sitting] = {}
    before = start
    for sitting, after in states:
        for name in before.keys() | after.keys():
            if _seen(before.get(name)) != _seen(after.get(name)):
                touched[name] = sitting
        before = after
    return touched


def _seen(element: Json | None) -> object:
    """Return what a reviewer changes of an element."""
    return None if element is None else (element.get("center"), element.get("group"))


def _worked(start: str, end: str) -> float:
    """Return the seconds between two times in ISO form; 0 if it was a pause, or one of them is no time."""
    try:
        seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
    return seconds if 0 <= seconds <= PAUSE else 0.0
