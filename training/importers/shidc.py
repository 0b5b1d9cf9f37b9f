"""SHIDC-BC-Ki-67: Ki-67 stained breast cancer, camera fields, a point for each cell, in three classes.

Layout, as github.com/SHIDCenter/PathoNet reads it (Negahbani et al., Scientific Reports 2021): ``Train/``
and ``Test/``, in each an image ``<stem>.jpg`` and beside it ``<stem>.json``, a list of cells ``{"x", "y",
"label_id"}``, pixel indices counted from zero; 1 positive, 2 negative, 3 tumour-infiltrating lymphocyte.
Copies with the images in ``images/`` and the labels in ``labels/`` are read too, in either of the two
folders or without them; then all is one fold.

* The pixel size is not published. 0.175 µm is an estimate: cells are three times as large as at 0.5 µm.
* A name such as p1_0299_9 is read as patient p1, shot 0299, piece 9. That is not documented; it keeps
  what may be one patient together.
* One cell of the published test fold, in p1_0299_9 at column 14, row 455, is labelled as positive and as
  negative. Both labels are kept, as published figures count both; a warning names the image.
"""

import json
import logging
from functools import partial
from operator import index
from pathlib import Path

import numpy as np

from patherea_core.data.folder import read_text
from patherea_core.errors import DatasetError
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import (
    class_rows,
    files_by_stem,
    image_size,
    points_of_pixels,
    require_folders,
    rgb,
)

log = logging.getLogger(__name__)

_LAYOUT = "SHIDC-BC-Ki-67 holds Train/ and Test/, each with <stem>.jpg and <stem>.json"
_FOLDS = ("train", "test")
_CLASSES = {1: "positive", 2: "negative", 3: "til"}
_ROWS = {code: row for row, code in enumerate(_CLASSES)}


def read(source: Path) -> PublishedDataset:
    """Return the dataset in a folder.

    Raises:
        DatasetError: a file is missing or broken, or an image has no labels.
        TaxonomyError: a cell has an unknown class.
    """
    require_folders(source, (), _LAYOUT)
    parts = {fold: source / fold.capitalize() for fold in _FOLDS}
    present = {fold: folder for fold, folder in parts.items() if folder.is_dir()}
    images = [
        image
        for fold, folder in (present or {"all": source}).items()
        for image in _images(folder, fold)
    ]
    if not images:
        raise DatasetError(f"{source} has no image to import; {_LAYOUT}")
    return PublishedDataset(
        name="shidc-bc-ki-67",
        taxonomy=Taxonomy.of(_CLASSES.values()),
        mpp=0.175,
        folds=tuple(present) or ("all",),
        images=images,
        citation="Negahbani et al., PathoNet introduced as a deep neural network backend for evaluation "
        "of Ki-67 and tumor-infiltrating lymphocytes in breast cancer, Scientific Reports 2021",
        licence="the terms of shiraz-hidc.com; none are stated with the files",
        mpp_basis="an estimate from the size of the cells, 0.15 to 0.2; none is published",
    )


def _images(folder: Path, fold: str) -> list[PublishedImage]:
    apart = (folder / "images").is_dir() and (folder / "labels").is_dir()
    images = files_by_stem(folder / "images" if apart else folder, ".jpg")
    labels = files_by_stem(folder / "labels" if apart else folder, ".json")
    alone = sorted(images.keys() ^ labels.keys())
    if alone:
        raise DatasetError(f"{folder}: {alone[0]} has a .jpg or a .json, but not both; {_LAYOUT}")
    return [
        PublishedImage(
            name=stem,
            read=partial(rgb, path),
            points=_points(labels[stem], image_size(path)),
            patient=stem.split("_")[0],
            fold=fold,
        )
        for stem, path in images.items()
    ]


def _points(path: Path, size: tuple[int, int]) -> Points:
    try:
        cells = json.loads(read_text(path))
        rows = [tuple(index(cell[key]) for key in ("x", "y", "label_id")) for cell in cells]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DatasetError(
            f'{path} is no list of cells {{"x", "y", "label_id"}} in whole numbers'
        ) from error
    _warn_of_two_labels(path, rows)
    values = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return points_of_pixels(
        values[:, :2], class_rows(values[:, 2], _ROWS, str(path)), size, str(path)
    )


def _warn_of_two_labels(path: Path, rows: list[tuple[int, ...]]) -> None:
    seen: dict[tuple[int, int], int] = {}
    for x, y, code in rows:
        if seen.setdefault((x, y), code) != code:
            log.warning(
                "%s: the cell at column %d, row %d has two classes; both are kept", path, x, y
            )
