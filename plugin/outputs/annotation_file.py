"""Cells as the annotations that the archive takes in; they hold the cells of one slide."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patherea_core.cells import Cells, CellsInMemory, gathered
from patherea_core.files import replacing
from plugin.dsa import annotation_encoding
from plugin.dsa.annotation_encoding import AnnotationHead
from plugin.outputs.arrangement import ONE, Arrangement, shown_at_once
from plugin.outputs.cell_choice import chosen_cells, sharing
from plugin.outputs.results import Results, SlideCells

log = logging.getLogger(__name__)

#: What cells are called by whether the model is sure of them, where that tells them apart.
_CONFIDENCE = {True: "high confidence", False: "low confidence"}


@dataclass(frozen=True, slots=True, eq=False)
class AnnotationText:
    """One annotation that is still to be written.

    Attributes:
        name: what it is called.
        cells: how many it holds.
        pieces: of its JSON; they can be gone through once.
        visible: whether the viewer shows it as soon as the slide is opened.
    """

    name: str
    cells: int
    pieces: Iterator[bytes]
    visible: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Share:
    """The cells of a slide that belong together.

    Attributes:
        words: what tells them from the others; none if they are all.
        cells: those.
        visible: whether the viewer shows them as soon as the slide is opened.
    """

    words: tuple[str, ...]
    cells: Cells
    visible: bool


def annotation_texts(results: Results, arrangement: Arrangement = ONE) -> Iterator[AnnotationText]:
    """Yield the one slide's cells as annotations, each of them no larger than the archive's viewer can edit.

    The parts of a share that is larger lie on the slide from the top down, and their names say which they
    are. Only the cells of one and a piece of its text are in memory.
    """
    size = annotation_encoding.POINTS_PER_ANNOTATION
    for share in _shares(results, arrangement):
        if len(share.cells) <= size:
            yield _text(results, share)
            continue
        count = -(-len(share.cells) // size)
        for number, block in enumerate(gathered(share.cells.parts(), size), start=1):
            words = (*share.words, f"part {number} of {count}")
            yield _text(results, _Share(words, CellsInMemory(block.detections), share.visible))


def fits_one_annotation(results: Results, arrangement: Arrangement) -> bool:
    """Tell whether all that is wanted of the one slide is one annotation that the viewer can edit."""
    (cells,) = results.slides
    few = len(cells) <= annotation_encoding.POINTS_PER_ANNOTATION
    return few and arrangement.is_one and arrangement.density_of(len(cells)) is None


def annotation_of(results: Results) -> dict[str, Any]:
    """Return all cells of the one slide of a run as one annotation, however many they are."""
    document: dict[str, Any] = json.loads(b"".join(_whole(results)))
    return document


def write_annotation(path: Path, results: Results) -> None:
    """Write the annotation of the one slide of a run, in ASCII."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.writelines(_whole(results))


def _whole(results: Results) -> Iterator[bytes]:
    (cells,) = results.slides
    if len(cells) > annotation_encoding.POINTS_PER_ANNOTATION:
        log.warning(
            "%s cells are more than the archive's viewer can edit in one annotation; "
            "run on regions, or take a table",
            len(cells),
        )
    return _text(results, _Share((), cells.cells, _is_shown(cells))).pieces


def _shares(results: Results, arrangement: Arrangement) -> Sequence[_Share]:
    """Return the cells class by class, if that is wanted, and of each those that are sure first.

    Shares without a cell are left out; if there is no cell at all, that is said by one share.
    """
    (cells,) = results.slides
    visible, names = _is_shown(cells), results.taxonomy.names
    everything = _Share((), cells.cells, visible)
    if not arrangement.per_class and arrangement.sure_from is None:
        return (everything,)
    shares = []
    for row in range(len(names)) if arrangement.per_class else (None,):
        own = () if row is None else (names[row],)
        for sure in (True,) if arrangement.sure_from is None else (True, False):
            words = own if arrangement.sure_from is None else (*own, _CONFIDENCE[sure])
            choice = sharing(row, arrangement.sure_from, sure=sure)
            shares.append(_Share(words, chosen_cells(cells.cells, choice), visible and sure))
    return [share for share in shares if len(share.cells)] or (everything,)


def _is_shown(cells: SlideCells) -> bool:
    """Tell whether the viewer shows the cells as soon as the slide is opened."""
    if shown_at_once(len(cells)):
        return True
    log.info(
        "%s cells on %s are hidden at first, since the viewer takes long to draw so many; "
        "show them with the eye beside the annotation",
        len(cells),
        cells.slide,
    )
    return False


def _text(results: Results, share: _Share) -> AnnotationText:
    """Return the annotation of a share; its words keep the ids of its points apart from others'."""
    (cells,) = results.slides
    count, part = len(share.cells), ", ".join(share.words)
    head = AnnotationHead(
        name=", ".join((results.name, *share.words)),
        run_id="-".join((results.run_id, *share.words)),
        attributes={
            "slide": cells.slide,
            **results.facts,
            "run": results.run_id,
            **({"part": part} if part else {}),
        },
        description=f"{count} cells found by Patherea, run {results.run_id}",
        visible=share.visible,
    )
    pieces = annotation_encoding.encoded(share.cells, results.taxonomy, head)
    return AnnotationText(head.name, count, pieces, share.visible)
