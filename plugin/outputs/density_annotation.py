"""Where cells are dense, as annotations: of all cells, and of each class."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from patherea_core.geometry import as_xy
from plugin.dsa.density_encoding import DensityHead, Squares, encoded_grid, encoded_heat_map
from plugin.outputs.annotation_file import AnnotationText
from plugin.outputs.arrangement import Arrangement, DensityForm
from plugin.outputs.density import SQUARE, Density, densities, halved
from plugin.outputs.results import Results, SlideFrame

#: What such an annotation is called.
NAME = "Density"

#: Squares that the viewer draws without effort: spots are quicker than rectangles.
_MOST: Mapping[DensityForm, int] = {"heat map": 50_000, "grid": 10_000}

_ENCODED: Mapping[DensityForm, Callable[[Squares, DensityHead], bytes]] = {
    "heat map": encoded_heat_map,
    "grid": encoded_grid,
}


def density_texts(results: Results, arrangement: Arrangement) -> Iterator[AnnotationText]:
    """Yield the map of all cells, and where classes are apart one of each, which the viewer hides at first.

    A class without a cell has none. The squares have sides of 64 micrometres, or twice that and so on if
    there would be too many of them.

    Raises:
        InputError: it is not known how large the slide is.
    """
    (cells,) = results.slides
    form = arrangement.density_of(len(cells))
    if form is None:
        return
    frame, names = cells.require_frame("a density map"), results.taxonomy.names
    found = densities(cells, len(names))
    maps: list[tuple[tuple[str, ...], Density]] = [((), found.sum(axis=0))]
    if arrangement.per_class:
        maps += [((name,), page) for name, page in zip(names, found, strict=True)]
    for words, page in maps:
        if page.any():
            yield _text(results, form, words, _squares(page, frame, _MOST[form]))


def _squares(page: Density, frame: SlideFrame, most: int) -> Squares:
    """Return the squares of a page in which there are cells, joined four by four until they are few."""
    page, side = halved(page), 2 * SQUARE
    while np.count_nonzero(page) > most:
        page, side = halved(page), 2 * side
    rows, columns = np.nonzero(page)
    pixels = side / frame.base_mpp
    xy = as_xy((np.stack([columns, rows], axis=1) + 0.5) * pixels)
    return Squares(xy, page[rows, columns].astype(np.float64), pixels)


def _text(
    results: Results, form: DensityForm, words: tuple[str, ...], squares: Squares
) -> AnnotationText:
    (cells,) = results.slides
    side = squares.side * cells.require_frame("a density map").base_mpp
    head = DensityHead(
        name=", ".join((f"{NAME} {results.run_id}", *words)),
        run_id="-".join((results.run_id, "density", *words)),
        attributes={
            "slide": cells.slide,
            **results.facts,
            "run": results.run_id,
            "classes": list(words or results.taxonomy.names),
            "unit": "cells per mm2",
            "square_um": round(side, 3),
        },
        visible=not words,
    )
    pieces = iter((_ENCODED[form](squares, head),))
    return AnnotationText(head.name, 0, pieces, head.visible)
