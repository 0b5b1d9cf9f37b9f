"""Which annotations of a slide are labels: by their name, by who made them, and by when.

Annotations that told what was reviewed are no labels once the review was harvested: its labels hold the
same regions, with all their cells. They are taken if they are named in full.
"""

import fnmatch
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Literal, TypeAlias

from patherea_core.errors import InputError
from plugin.dsa.annotations import AnnotationSummary, chosen_labels
from plugin.dsa.people import Person

log = logging.getLogger(__name__)

#: Which date of an annotation counts.
DateKind: TypeAlias = Literal["created", "updated"]


@dataclass(frozen=True, slots=True)
class Dates:
    """A span of time, both ends included.

    Attributes:
        since: its beginning; None for ever.
        until: its end; None for ever.
        of: which date of an annotation lies in it.
    """

    since: datetime | None = None
    until: datetime | None = None
    of: DateKind = "updated"

    def __post_init__(self) -> None:
        if self.since and self.until and self.since > self.until:
            raise InputError(
                f"no annotation is from {self.since.isoformat()} or later and from "
                f"{self.until.isoformat()} or earlier; swap --since and --until"
            )

    @classmethod
    def parse(cls, since: str, until: str, of: DateKind = "updated") -> "Dates":
        """Return the span between two texts; an empty one leaves its end open.

        Raises:
            InputError: one is no date.
        """
        return cls(
            _moment(since, "--since", time.min) if since.strip() else None,
            _moment(until, "--until", time.max) if until.strip() else None,
            of,
        )

    def hold(self, annotation: AnnotationSummary) -> bool:
        """Tell whether an annotation is of that time; one without a date is of none."""
        if self.since is None and self.until is None:
            return True
        try:
            when = _zoned(datetime.fromisoformat(getattr(annotation, self.of)))
        except ValueError:
            return False
        return (self.since is None or self.since <= when) and (
            self.until is None or when <= self.until
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChoice:
    """Which annotations are labels: those that fit all of it.

    Attributes:
        names: their names, parted by commas, in which * stands for any text.
        authors: logins or names of those who made them, likewise, in any case; none takes all.
        dates: when they were made or changed.
    """

    names: str = "*"
    authors: tuple[str, ...] = ()
    dates: Dates = field(default_factory=Dates)

    def __post_init__(self) -> None:
        if not self.names.strip(", "):
            raise InputError(
                "--annotations names no annotation; write a name, or * for all, or leave it out"
            )
        if not all(author.strip() for author in self.authors):
            raise InputError("--author is empty; name somebody, or leave it out")

    def taken(
        self, annotations: Sequence[AnnotationSummary], person: Callable[[str], Person]
    ) -> tuple[AnnotationSummary, ...]:
        """Return those that are labels, in their order.

        Args:
            annotations: of one slide.
            person: tells who has an id; it is asked only if authors are named.
        """
        fitting = tuple(
            annotation
            for annotation in chosen_labels(annotations, self.names)
            if self.dates.hold(annotation)
            and (not self.authors or self._is_author(person(annotation.creator_id)))
        )
        return without_used_up(fitting, annotations, self.names)

    def described(self) -> str:
        """Return what is looked for, for messages."""
        words = [f"named {self.names!r}"]
        if self.authors:
            words.append(f"made by {' or '.join(repr(author) for author in self.authors)}")
        if self.dates.since is not None:
            words.append(f"{self.dates.of} since {self.dates.since.isoformat()}")
        if self.dates.until is not None:
            words.append(f"{self.dates.of} until {self.dates.until.isoformat()}")
        return ", ".join(words)

    def _is_author(self, person: Person) -> bool:
        told = (person.login.casefold(), person.name.casefold(), person.id)
        patterns = [author.strip().casefold() for author in self.authors]
        return any(fnmatch.fnmatchcase(one, wanted) for one in told for wanted in patterns if one)


def without_used_up(
    chosen: Sequence[AnnotationSummary], annotations: Sequence[AnnotationSummary], names: str
) -> tuple[AnnotationSummary, ...]:
    """Return annotations without those that told what was reviewed, and say which these are.

    Args:
        chosen: annotations of a slide whose names fit.
        annotations: all of that slide.
        names: patterns, parted by commas; what they name in full stays.
    """
    in_full = {names, *(part.strip() for part in names.split(","))}
    kept: list[AnnotationSummary] = []
    for one in chosen:
        labels = [other.name for other in annotations if one.id in other.used_up]
        if one.name in in_full or not labels:
            kept.append(one)
            continue
        log.info(
            "annotation %r is left out, because it told what was reviewed; the labels of that review are"
            " annotation %r, which is taken if it is named in full",
            one.name,
            labels[-1],
        )
    return tuple(kept)


def _moment(text: str, option: str, day_time: time) -> datetime:
    """Return the moment of a date, or of a date with a time; a day alone begins or ends at ``day_time``."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(
            f"{option} {text.strip()!r} is no date; write 2026-03-31 or 2026-03-31T18:00"
        ) from error
    day_alone = not any(mark in text.strip() for mark in "T :")
    return _zoned(datetime.combine(moment.date(), day_time) if day_alone else moment)


def _zoned(moment: datetime) -> datetime:
    """Return a moment with its time zone; without one it is in UTC, as the archive's are."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
