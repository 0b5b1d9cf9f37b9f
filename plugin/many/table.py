"""The table of all slides: written again and again while they are worked on, and read by the next run."""

import csv
import io
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from patherea_core.errors import InputError, OutputError
from patherea_core.files import write_whole
from plugin.many.board import Figures, SlideEntry, State, plain_address

log = logging.getLogger(__name__)

_FIRST = ("slide", "path", "state", "attempts", "tiles", "mm2", "cells")
_LAST = ("seconds", "worker", "message", "seal")

#: Before the name of a class at the head of its column.
_CLASS = "cells: "

#: Least seconds between two writings, and how many times as long as the last one took.
_INTERVAL, _SHARE = 1.0, 20


class SummaryTable:
    """Writes the table of all slides, not oftener than once a second, and more seldom if that takes long."""

    def __init__(
        self, path: Path, classes: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._classes = tuple(classes)
        self._clock = clock
        self._due = clock()
        self._written: list[SlideEntry] = []

    def show(self, slides: Sequence[SlideEntry], *, now: bool = False) -> None:
        """Write the table, if anything has changed and it is time to, or it is asked for now.

        Raises:
            OutputError: it cannot be written.
        """
        started = self._clock()
        if (started < self._due and not now) or self._written == slides:
            return
        write_whole(self._path, table_of(slides, self._classes))
        self._written = list(slides)
        took = self._clock() - started
        self._due = started + max(_INTERVAL, _SHARE * took)


def table_of(slides: Sequence[SlideEntry], classes: Sequence[str]) -> bytes:
    """Return the table as CSV, a row for each slide, with a column for each class."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*_FIRST, *(_CLASS + name for name in classes), *_LAST])
    for slide in slides:
        table.writerow(_row(slide, classes))
    return text.getvalue().encode()


def _row(slide: SlideEntry, classes: Sequence[str]) -> list[str]:
    figures = slide.figures
    counted = [""] * (3 + len(classes))
    if figures is not None:
        area = f"{figures.square_millimetres:.6g}"
        each = [str(figures.counts.get(name, 0)) for name in classes]
        counted = [str(figures.tiles), area, str(figures.cells), *each]
    message = slide.message
    if slide.state is State.RUNNING:
        message = f"{slide.fraction:.0%}"
    seconds = "" if figures is None else f"{figures.seconds:.1f}"
    return [
        *(slide.name, str(slide.path), slide.state.value, str(slide.attempts)),
        *counted,
        *(seconds, plain_address(slide.worker), message, slide.seal),
    ]


def sealed_before(path: Path, classes: Sequence[str]) -> Mapping[str, SlideEntry]:
    """Return the slides that an earlier run did and sealed, by their seals; none if there is no table.

    Raises:
        InputError: the file is there, but is no table of slides, and would be overwritten.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            if not set(_FIRST + _LAST) <= set(table.fieldnames or ()):
                raise InputError(
                    f"{path} is there, but is no table of slides that were worked on; remove it, or name"
                    " another file with --summary"
                )
            found = [_entry(row, classes) for row in table if row["seal"]]
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OutputError(f"the table {path} cannot be read: {error}") from error
    return {slide.seal: slide for slide in found if slide is not None}


def _entry(row: Mapping[str, str], classes: Sequence[str]) -> SlideEntry | None:
    """Return a slide that was done; None if a person has changed its row."""
    try:
        return SlideEntry(
            name=row["slide"],
            path=Path(row["path"]),
            state=State.DONE_BEFORE,
            worker=row["worker"],
            fraction=1.0,
            figures=Figures(
                tiles=int(row["tiles"]),
                square_millimetres=float(row["mm2"]),
                counts={name: int(row[_CLASS + name]) for name in classes},
                seconds=float(row["seconds"]),
            ),
            seal=row["seal"],
        )
    except (KeyError, TypeError, ValueError):
        return None
