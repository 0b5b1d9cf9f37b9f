"""Cells as columns, from whichever file: image, position, class and, where known, score and more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from patherea_core.data.finding import counted
from patherea_core.errors import ShapeError, TaxonomyError
from patherea_core.geometry import Floats, Ints, as_xy
from patherea_core.points import Detections, Points
from patherea_core.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Ids:
    """What the ids in a file stand for.

    Attributes:
        images: names of images by their ids.
        classes: names of classes by their ids.
    """

    images: Mapping[str, str]
    classes: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class CellTable:
    """Cells of some images as parallel arrays, in base pixels of each image; N rows.

    Attributes:
        source: the file or folder, for messages.
        image_names: the images that it names, in order of first mention; one may have no cell. An
            empty name means the only image there is.
        image_index: (N,) row of ``image_names`` of each cell.
        class_names: the classes that occur, in order of their first cell.
        class_index: (N,) row of ``class_names`` of each cell.
        xy: (N, 2) positions.
        score: (N,) probability of that class, in [0, 1]; None where the file has none.
        patients: the patient of an image, for those images where the file says it; None if for none.
        radius: (N,) accepted distance of each cell in base pixels; None where the file has none.
        ids: what the ids that another file may use stand for; None if the file does not say it.
        unnamed: whether the names of images and classes are ids, which another file says the names of.
    """

    source: Path
    image_names: tuple[str, ...]
    image_index: Ints
    class_names: tuple[str, ...]
    class_index: Ints
    xy: Floats
    score: Floats | None = None
    patients: Mapping[str, str] | None = None
    radius: Floats | None = None
    ids: Ids | None = None
    unnamed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "xy", as_xy(self.xy))
        columns = (self.image_index, self.class_index, self.score, self.radius)
        for column in columns:
            if column is not None and column.shape != (len(self.xy),):
                cells = counted(len(self.xy), "cell", "cells")
                values = counted(len(column), "value", "values")
                raise ShapeError(f"{self.source} has {cells} but {values}")

    def __len__(self) -> int:
        return len(self.xy)

    def rows_by_image(self) -> dict[str, Ints]:
        """Return the rows of each image, ascending; images without cells have none."""
        order = np.argsort(self.image_index, kind="stable")
        ends = np.cumsum(np.bincount(self.image_index, minlength=len(self.image_names)))
        parts = np.split(order, ends[:-1]) if len(ends) else []
        return dict(zip(self.image_names, parts, strict=True))

    def class_rows(self, taxonomy: Taxonomy) -> Ints:
        """Return the row of the taxonomy of each cell: (N,).

        Raises:
            TaxonomyError: the taxonomy does not know a class.
        """
        rows = [taxonomy.index(name) for name in self.class_names]
        return np.array(rows, dtype=np.int64)[self.class_index]

    def detections(self, taxonomy: Taxonomy) -> Detections:
        """Return all cells as detections; the score is 1 where the file has none.

        Raises:
            TaxonomyError: the taxonomy does not know a class.
        """
        score = np.ones(len(self)) if self.score is None else self.score
        return Detections(self.xy, self.class_rows(taxonomy), score)

    def points(self, taxonomy: Taxonomy) -> Points:
        """Return all cells as points.

        Raises:
            TaxonomyError: the taxonomy does not know a class.
        """
        return Points(self.xy, self.class_rows(taxonomy))


def coded(names: Iterable[str]) -> tuple[tuple[str, ...], Ints]:
    """Return the names that occur, in order of first appearance, and (N,) which one each is."""
    rows: dict[str, int] = {}
    index = np.fromiter((rows.setdefault(name, len(rows)) for name in names), dtype=np.int64)
    return tuple(rows), index


def renamed(table: CellTable, mapping: Mapping[str, str]) -> CellTable:
    """Return the table with other names of its classes; several may become one.

    Args:
        table: the cells.
        mapping: old names to new ones; classes that it does not name keep their names.

    Raises:
        TaxonomyError: the table has no class of an old name.
    """
    unknown = [old for old in mapping if old not in table.class_names]
    if unknown:
        raise TaxonomyError(
            f"{table.source} has no class {unknown[0]!r} to rename; "
            f"its classes are: {', '.join(table.class_names) or 'none, for it has no cell'}"
        )
    names, rows = coded(mapping.get(name, name) for name in table.class_names)
    return replace(table, class_names=names, class_index=rows[table.class_index])
