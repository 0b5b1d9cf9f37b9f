"""What a Ki-67 count adds to its slide in the archive: annotations, and the figures as metadata.

The archive takes one thing after the other, so a count may be added in part. Then whoever counted is told
what is there: the metadata comes last, so that a slide never names a count that is not on it as a whole.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from patherea_core.errors import ArchiveError
from plugin.commands.ki67_outputs import Ki67Outputs, surface_of
from plugin.commands.ki67_stain import stain_annotations
from plugin.dsa.items import SlideItem
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import Session
from plugin.dsa.uploads import note
from plugin.index.report import KI67_KIND, Ki67Report, metadata_figures
from plugin.outputs.ki67_annotation import count_annotation, surface_annotation

log = logging.getLogger(__name__)

#: The name in a slide's metadata under which this program notes all it knows.
_FACTS = "patherea"

#: What is added, in words, and what adds it.
_Step: TypeAlias = tuple[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Titles:
    """What the annotations of a count are called.

    Attributes:
        name: what a person called it.
        run_id: names the count.
    """

    name: str
    run_id: str

    @property
    def regions(self) -> str:
        """The annotation of regions and hotspots."""
        return f"{self.name} {self.run_id}"

    @property
    def surface(self) -> str:
        """That of the index all over the slide."""
        return f"{self.name} map {self.run_id}"

    @property
    def stain(self) -> str:
        """Those of cells whose stain contradicts them."""
        return f"{self.name} stain {self.run_id}"


def add_count(
    session: Session,
    item: SlideItem,
    report: Ki67Report,
    titles: Titles,
    *,
    surface: bool,
    files: Ki67Outputs,
) -> None:
    """Add annotations and metadata to the slide; what others noted of it stays.

    Args:
        session: with the archive.
        item: the slide.
        report: the count.
        titles: of the annotations.
        surface: whether a map of the index is added too.
        files: those that were written, to be named if the archive fails.

    Raises:
        ArchiveError: the archive does not take something; the message says what it took before.
    """
    added: list[str] = []
    for what, add in _steps(session, item, report, titles, surface=surface):
        try:
            add()
        except ArchiveError as error:
            raise ArchiveError(
                f"{error}; so {what} is not on slide {item.name!r}: {_there(added, files)}"
            ) from error
        log.info("%s: %s is added", item.name, what)
        added.append(what)


def _steps(
    session: Session, item: SlideItem, report: Ki67Report, titles: Titles, *, surface: bool
) -> Iterator[_Step]:
    def posting(document: Mapping[str, Any]) -> _Step:
        return f"annotation {document['name']!r}", lambda: post_annotation(
            session, item.id, document
        )

    regions = count_annotation(report, titles.regions)
    if regions is not None:
        yield posting(regions)
    found = surface_of(report) if surface else None
    if found is not None:
        yield posting(surface_annotation(found, report, titles.surface))
    for document in stain_annotations(report, titles.stain):
        yield posting(document)
    yield "the metadata", lambda: _note(session, item, report)


def _there(added: list[str], files: Ki67Outputs) -> str:
    """Return in words what a count that was broken off left behind."""
    written = [str(path) for path in files.paths()]
    taken = f"{', '.join(added)} of this count is there and can be removed" if added else ""
    kept = f"{', '.join(written)} is written and holds" if written else ""
    left = "; ".join(words for words in (taken, f"{kept} all figures" if kept else "") if words)
    return f"{left or 'nothing of this count is there'}. Count again when the archive answers"


def _note(session: Session, item: SlideItem, report: Ki67Report) -> None:
    # Read anew, since somebody may have noted something while cells were counted.
    there: Any = (session.get(f"item/{item.id}").get("meta") or {}).get(_FACTS)
    kept = there if isinstance(there, Mapping) else {}
    note(session, item.id, {_FACTS: {**kept, KI67_KIND: metadata_figures(report)}})
