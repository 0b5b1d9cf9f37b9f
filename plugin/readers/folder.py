"""Folders with a file for each image, as most programs that work image by image leave them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import Floats
from plugin.many.naming import SLIDES_TABLE
from plugin.outputs.finished_run import RECORD_SUFFIX, record_of
from plugin.readers.cell_table import CellTable, coded
from plugin.readers.hovernext import STEM


def per_image_files(folder: Path, endings: Sequence[str]) -> list[Path]:
    """Return the files of a folder that may hold cells, all of one kind, in order of their names.

    What a detection leaves beside its cells, the records of its runs and the table of its slides, is passed
    over.

    Raises:
        InputError: there is none, or there are files of several kinds.
    """
    shown = {path for path in folder.iterdir() if not path.name.startswith(".")}
    records = {path for path in shown if path.name.endswith(RECORD_SUFFIX)}
    table = folder / SLIDES_TABLE
    beside = records | ({table} if records and record_of(table) not in records else set())
    chosen = sorted(path for path in shown - beside if path.suffix.lower() in endings)
    chosen = chosen or sorted(folder.glob(f"*/{STEM}.json"))
    kinds = sorted({path.suffix.lower() for path in chosen})
    if len(kinds) > 1:
        raise InputError(
            f"{folder} has files of several kinds ({', '.join(kinds)}), which may hold the same cells; "
            "put those of one kind into a folder of their own"
        )
    if not chosen:
        raise InputError(f"{folder} has no file of cells in it; it may end in {', '.join(endings)}")
    return chosen


def joined(source: Path, tables: Sequence[CellTable], *, one_file_each: bool = True) -> CellTable:
    """Return the cells of several tables as one.

    Args:
        source: what they come from, for messages.
        tables: at least one.
        one_file_each: refuse an image that is in two tables.

    Raises:
        InputError: an image is in two tables, or only some have radii.
    """
    owners: dict[str, Path] = {}
    patients: dict[str, str] = {}
    for table in tables:
        for name in table.image_names:
            if owners.setdefault(name, table.source) != table.source and one_file_each:
                raise InputError(f"image {name!r} is both in {owners[name]} and {table.source}")
        patients |= table.patients or {}
    image_names, images = coded(name for table in tables for name in table.image_names)
    class_names, classes = coded(name for table in tables for name in table.class_names)
    image_starts = np.cumsum([0, *(len(table.image_names) for table in tables)])
    class_starts = np.cumsum([0, *(len(table.class_names) for table in tables)])
    return CellTable(
        source=source,
        image_names=image_names,
        image_index=np.concatenate(
            [
                images[start + table.image_index]
                for start, table in zip(image_starts, tables, strict=False)
            ]
        ),
        class_names=class_names,
        class_index=np.concatenate(
            [
                classes[start + table.class_index]
                for start, table in zip(class_starts, tables, strict=False)
            ]
        ),
        xy=np.concatenate([table.xy for table in tables]),
        score=_score(tables),
        patients=patients or None,
        radius=_radius(source, tables),
    )


def _score(tables: Sequence[CellTable]) -> Floats | None:
    """Return all scores; 1 in a table without, unless none has any."""
    if all(table.score is None for table in tables):
        return None
    return np.concatenate(
        [np.ones(len(table)) if table.score is None else table.score for table in tables]
    )


def _radius(source: Path, tables: Sequence[CellTable]) -> Floats | None:
    given = [table.radius for table in tables if table.radius is not None]
    if given and len(given) < len(tables):
        raise InputError(f"some files of {source} have a radius for each cell and others none")
    return np.concatenate(given) if given else None
