"""What observers are compared on: the same images, the same classes, one file of cells each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from patherea_core.errors import InputError, TaxonomyError
from patherea_core.evaluation.agreement.observers import Observer
from patherea_core.taxonomy import Taxonomy
from plugin.readers.cell_table import CellTable
from plugin.readers.registry import read_cells


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Observers of the same images.

    Attributes:
        observers: the persons in the order of their files, and the model after them.
        taxonomy: the classes.
        images: what was observed, in the order of the observers' regions.
        patients: of each image; None if one of them is unknown.
    """

    observers: tuple[Observer, ...]
    taxonomy: Taxonomy
    images: tuple[str, ...]
    patients: tuple[str, ...] | None


def read_panel(
    people: Sequence[Path], model: Path | None, classes: Sequence[str], *, allow_missing: bool
) -> Panel:
    """Return the observers of some files; each is called as its file, without the ending.

    The classes are those of the persons' cells, in order of their first mention, unless they are given.

    Args:
        people: files of cells that persons marked.
        model: a file of cells that a model found.
        classes: the classes in order; none takes those that occur.
        allow_missing: whether an image that a file does not name has no cell there.

    Raises:
        InputError: a file cannot be read, two of them have one name, or an image is not in all.
        TaxonomyError: a cell is of another class.
    """
    paths = [*people, *([] if model is None else [model])]
    names = _names(paths)
    tables = _one_image_named([read_cells(path) for path in paths])
    mentioned = dict.fromkeys(name for table in tables[: len(people)] for name in table.class_names)
    if not (classes or mentioned):
        raise InputError("no observer marked a cell; name the classes with --classes")
    taxonomy = Taxonomy.of(classes or mentioned)
    images = tuple(dict.fromkeys(name for table in tables for name in table.image_names))
    if not allow_missing:
        _require_all_images(tables)
    return Panel(
        tuple(
            _observer(name, table, taxonomy, images, is_model=row == len(people))
            for row, (name, table) in enumerate(zip(names, tables, strict=True))
        ),
        taxonomy,
        images,
        _patients(tables, images),
    )


def _names(paths: Sequence[Path]) -> list[str]:
    names = [path.stem for path in paths]
    double = [name for name, count in Counter(names).items() if count > 1]
    if double:
        raise InputError(
            f"two files are called {double[0]!r}, and observers are called as their files; rename one"
        )
    return names


def _one_image_named(tables: Sequence[CellTable]) -> list[CellTable]:
    """Give tables that do not name their image the only image of the others."""
    named = dict.fromkeys(name for table in tables for name in table.image_names if name)
    return [_named(table, tuple(named)) if "" in table.image_names else table for table in tables]


def _named(table: CellTable, others: tuple[str, ...]) -> CellTable:
    if len(table.image_names) > 1:
        raise InputError(f"{table.source} names the image of some cells only; name it for all")
    if len(others) > 1:
        raise InputError(
            f"{table.source} does not name its image, and the others name {len(others)}; "
            "give it a column image"
        )
    return replace(table, image_names=others or table.image_names)


def _require_all_images(tables: Sequence[CellTable]) -> None:
    for table in tables:
        for other in tables:
            missing = [name for name in other.image_names if name not in set(table.image_names)]
            if missing:
                more = f" and {len(missing) - 1} others" if len(missing) > 1 else ""
                raise InputError(
                    f"{table.source} has no cell in image {missing[0]!r}{more}, which {other.source} "
                    "names; if it is meant to have none there, add --allow-missing"
                )


def _observer(
    name: str, table: CellTable, taxonomy: Taxonomy, images: Sequence[str], *, is_model: bool
) -> Observer:
    strange = [known for known in table.class_names if known not in taxonomy.names]
    if strange:
        raise TaxonomyError(
            f"{table.source} has cells of class {strange[0]!r}, but the classes are: "
            f"{', '.join(taxonomy.names)}; name all classes in order with --classes"
        )
    points, rows = table.points(taxonomy), table.rows_by_image()
    nothing = np.empty(0, dtype=np.int64)
    regions = tuple(points.take(rows.get(image, nothing)) for image in images)
    return Observer(name, regions, is_model)


def _patients(tables: Sequence[CellTable], images: Sequence[str]) -> tuple[str, ...] | None:
    patients: dict[str, str] = {}
    for table in tables:
        for image, patient in (table.patients or {}).items():
            if patients.setdefault(image, patient) != patient:
                raise InputError(
                    f"{table.source} says that image {image!r} is of patient {patient!r}, but another "
                    f"file says {patients[image]!r}; mend one of them"
                )
    known = tuple(patients[image] for image in images if image in patients)
    return known if len(known) == len(images) else None
