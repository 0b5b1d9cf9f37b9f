"""Cells of a dataset as ``patherea export`` writes it: what a person labelled, sample by sample."""

from collections import Counter
from pathlib import Path

import numpy as np

from patherea_core.data.codec import points_from_csv
from patherea_core.data.folder import read_text
from patherea_core.data.manifest import MANIFEST, SampleRecord
from patherea_core.data.store import read_manifest
from patherea_core.errors import InputError
from plugin.readers.cell_table import CellTable


def recognises(folder: Path) -> bool:
    """Tell whether a folder is a dataset."""
    return (folder / MANIFEST).is_file()


def read_dataset(folder: Path) -> CellTable:
    """Return the points of a dataset, in pixels of each sample.

    An image is a place on a slide, so that the same regions have the same names whoever labelled them.

    Raises:
        DatasetError: a table or the manifest is missing or broken.
        InputError: two samples are of one place, as where several people labelled it.
    """
    manifest = read_manifest(folder)
    names = tuple(_place(record) for record in manifest.samples)
    double = [name for name, count in Counter(names).items() if count > 1]
    if double:
        raise InputError(
            f"{folder} has two samples of {double[0]}; export each person for himself with --author"
        )
    tables = (folder / record.files[1] for record in manifest.samples)
    parts = [points_from_csv(read_text(path), manifest.taxonomy, str(path))[0] for path in tables]
    return CellTable(
        source=folder,
        image_names=names,
        image_index=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        class_names=manifest.taxonomy.names,
        class_index=np.concatenate([np.empty(0, np.int64), *(one.class_index for one in parts)]),
        xy=np.concatenate([np.empty((0, 2)), *(one.xy for one in parts)]),
        patients={
            name: record.patient for name, record in zip(names, manifest.samples, strict=True)
        },
    )


def _place(record: SampleRecord) -> str:
    box = record.box
    return f"{record.slide} at {box.left}, {box.top}, {box.width} x {box.height}"
