"""OCELOT: H&E patches of six organs from TCGA, a point for each cell, tumour or background.

Layout, as lunit-io.github.io/research/ocelot_dataset describes it (Ryu et al., CVPR 2023):
``images/{train,val,test}/cell/<number>.jpg``; ``annotations/{train,val,test}/cell/<number>.csv``, a line
"x,y,label" for each cell, pixel indices, 1 background cell, 2 tumour cell; ``metadata.json`` with
``sample_pairs``, by number the ``slide_name`` and the ``resized_mpp_x`` of the cell patch. The larger tissue
patches beside them have no cells and are not read.

All cell patches were resized to 1024 pixels of 0.2 µm by the authors, whatever their slide had; they
are taken as they are, and an image whose metadata say otherwise is named in a warning.
"""

import json
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from patherea_core.data.folder import read_text
from patherea_core.errors import DatasetError
from patherea_core.geometry import Ints
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import (
    class_rows,
    files_by_stem,
    image_size,
    lines,
    patient_of_barcode,
    points_of_pixels,
    require_folders,
    rgb,
)

log = logging.getLogger(__name__)

_LAYOUT = "OCELOT holds images/, annotations/ and metadata.json"
_SPLITS = ("train", "val", "test")
_CLASSES = {1: "background cell", 2: "tumor cell"}
_ROWS = {code: row for row, code in enumerate(_CLASSES)}
_MPP = 0.2
#: Part of the pixel size by which an image may differ without a word.
_OTHER_MPP = 0.03


def read(source: Path) -> PublishedDataset:
    """Return the cell patches in a folder; a split without a folder of images is left out.

    Raises:
        DatasetError: a file is missing or broken, or the metadata lack an image.
        TaxonomyError: a cell has an unknown class.
    """
    require_folders(source, ("images", "annotations"), _LAYOUT)
    pairs = _pairs(source / "metadata.json")
    splits = [fold for fold in _SPLITS if (source / "images" / fold / "cell").is_dir()]
    return PublishedDataset(
        name="ocelot",
        taxonomy=Taxonomy.of(_CLASSES.values()),
        mpp=_MPP,
        folds=tuple(splits),
        images=[
            _image(source, stem, fold, pairs)
            for fold in splits
            for stem in files_by_stem(source / "images" / fold / "cell", ".jpg")
        ],
        citation="Ryu et al., OCELOT: Overlapped Cell on Tissue Dataset for Histopathology, CVPR 2023",
        licence="the dataset's own terms and conditions, to be agreed to on Zenodo before downloading",
        mpp_basis="all patches were resized to it by the authors",
    )


def _pairs(path: Path) -> Mapping[str, Any]:
    try:
        pairs = json.loads(read_text(path))["sample_pairs"]
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path} is no JSON with 'sample_pairs'; {_LAYOUT}") from error
    if not isinstance(pairs, dict):
        raise DatasetError(f"{path}: 'sample_pairs' must name images; {_LAYOUT}")
    return pairs


def _image(source: Path, stem: str, fold: str, pairs: Mapping[str, Any]) -> PublishedImage:
    image = source / "images" / fold / "cell" / f"{stem}.jpg"
    labels = source / "annotations" / fold / "cell" / f"{stem}.csv"
    try:
        slide, mpp = str(pairs[stem]["slide_name"]), float(pairs[stem]["cell"]["resized_mpp_x"])
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{source / 'metadata.json'} lacks the slide or the pixel size of image {stem!r}"
        ) from error
    if abs(mpp / _MPP - 1) > _OTHER_MPP:
        log.warning("image %s has %g µm per pixel, not %g; it is not resized", stem, mpp, _MPP)
    rows = _rows(labels)
    return PublishedImage(
        name=stem,
        read=partial(rgb, image),
        points=points_of_pixels(
            rows[:, :2], class_rows(rows[:, 2], _ROWS, str(labels)), image_size(image), str(labels)
        ),
        patient=patient_of_barcode(slide),
        fold=fold,
    )


def _rows(path: Path) -> Ints:
    rows = []
    for number, line in enumerate(lines(path), start=1):
        try:
            x, y, label = (int(cell) for cell in line.split(","))
        except ValueError as error:
            raise DatasetError(
                f"{path}, row {number}: {line!r} is not 'x,y,label' in whole numbers"
            ) from error
        rows.append((x, y, label))
    return np.array(rows, dtype=np.int64).reshape(-1, 3)
