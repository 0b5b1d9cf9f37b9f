"""Which slides of an archive are meant: those of a folder, of all folders below it, or single ones."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from patherea_core.errors import ArchiveError, InputError
from plugin.dsa.items import SlideItem, slide_named, slides_in
from plugin.dsa.session import Session

log = logging.getLogger(__name__)


def slides_below(session: Session, folder_id: str) -> tuple[SlideItem, ...]:
    """Return the slides of a folder and of all folders below it, each named by its path from there.

    The archive does not tell of folders that the person may not see, so what lies there is left out.

    Raises:
        InputError: there is no such folder, or the person may not see it.
    """
    found: list[SlideItem] = []
    waiting = [(folder_id, "")]
    while waiting:
        folder, path = waiting.pop(0)
        slides = slides_in(session, folder)
        found += [replace(slide, name=f"{path}{slide.name}") for slide in slides]
        if path:
            log.info("%s: %d slides", path, len(slides))
        below = session.pages("folder", parentType="folder", parentId=folder, sort="lowerName")
        waiting += [(document["_id"], f"{path}{document['name']}/") for document in below]
    return tuple(found)


def slides_listed(session: Session, identifiers: Sequence[str]) -> tuple[SlideItem, ...]:
    """Return the slides of some ids, each once; those of one name are told apart by their ids.

    Raises:
        InputError: one is not there, or is no slide.
    """
    by_id: dict[str, SlideItem] = {}
    for identifier in identifiers:
        slide = slide_named(session, identifier)
        by_id.setdefault(slide.id, slide)
    times = Counter(slide.name for slide in by_id.values())
    return tuple(
        replace(slide, name=f"{slide.name} ({slide.id})") if times[slide.name] > 1 else slide
        for slide in by_id.values()
    )


@contextmanager
def still_there(session: Session, slide: SlideItem) -> Iterator[None]:
    """Say so if what fails inside fails because the slide is not in the archive any more.

    Raises:
        ArchiveError: it is not; the message names it.
    """
    try:
        yield
    except ArchiveError as error:
        # Of a slide that is gone the archive says now that it knows none, now that it failed.
        if _is_gone(session, slide):
            raise ArchiveError(
                f"slide {slide.name!r} was removed from the archive meanwhile, or hidden from you; run again "
                "without it"
            ) from error
        raise


def is_there(session: Session, slide: SlideItem) -> bool:
    """Tell whether the archive still has a slide."""
    try:
        session.find(f"item/{slide.id}", f"slide {slide.name}")
    except InputError:
        return False
    return True


def _is_gone(session: Session, slide: SlideItem) -> bool:
    """Tell whether the archive says that it has a slide no more; one that does not answer does not say so."""
    try:
        return not is_there(session, slide)
    except ArchiveError:
        return False
