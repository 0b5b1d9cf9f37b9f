"""BRCA-M2C: H&E patches of breast cancer from TCGA, a point for each cell, in three classes.

Layout, as the README of github.com/TopoXLab/Dataset-BRCA-M2C describes it: ``images/<stem>.png``;
``labels/<stem>_gt_class_coords.txt``, a line "y x class" for each cell, pixel indices counted from zero,
1 lymphocyte, 2 tumour or epithelial, 3 stromal; ``brca_ds_{train,val,test}.txt``, the names of a split's
images. Every image was resampled to 0.5 µm per pixel.

Two patients have images in train and in val: TCGA-A7-A0DB and TCGA-A7-A13G. They stay where they were
published.
"""

import logging
from functools import partial
from pathlib import Path

from patherea_core.errors import DatasetError
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import (
    class_rows,
    files_by_stem,
    image_size,
    integer_rows,
    lines,
    patient_of_barcode,
    points_of_pixels,
    require_folders,
    rgb,
)

log = logging.getLogger(__name__)

_LAYOUT = "BRCA-M2C holds images/, labels/ and brca_ds_train.txt, brca_ds_val.txt, brca_ds_test.txt"
_SPLITS = ("train", "val", "test")
_CLASSES = {1: "lymphocyte", 2: "epithelial", 3: "stromal"}
_ROWS = {code: row for row, code in enumerate(_CLASSES)}


def read(source: Path) -> PublishedDataset:
    """Return the dataset in a folder; a split without its list is left out.

    Raises:
        DatasetError: a file is missing or broken, or an image is in two splits.
        TaxonomyError: a cell has an unknown class.
    """
    require_folders(source, ("images", "labels"), _LAYOUT)
    fold_of = _folds_by_image(source)
    unlisted = sorted(set(files_by_stem(source / "images", ".png")) - set(fold_of))
    if unlisted:
        log.warning(
            "%d images are in no split and left out, such as %s", len(unlisted), unlisted[0]
        )
    return PublishedDataset(
        name="brca-m2c",
        taxonomy=Taxonomy.of(_CLASSES.values()),
        mpp=0.5,
        folds=tuple(fold for fold in _SPLITS if fold in fold_of.values()),
        images=[_image(source, stem, fold) for stem, fold in fold_of.items()],
        citation="Abousamra et al., Multi-Class Cell Detection Using Spatial Context Representation, "
        "ICCV 2021",
        licence="BSD-3-Clause",
    )


def _folds_by_image(source: Path) -> dict[str, str]:
    fold_of: dict[str, str] = {}
    for fold in _SPLITS:
        path = source / f"brca_ds_{fold}.txt"
        for name in lines(path) if path.is_file() else ():
            stem = name.removesuffix(".png")
            if stem in fold_of:
                raise DatasetError(f"{path}: image {name} was named before, in {fold_of[stem]}")
            fold_of[stem] = fold
    if not fold_of:
        raise DatasetError(f"{source} has no list of a split that names an image; {_LAYOUT}")
    return fold_of


def _image(source: Path, stem: str, fold: str) -> PublishedImage:
    image = source / "images" / f"{stem}.png"
    labels = source / "labels" / f"{stem}_gt_class_coords.txt"
    rows = integer_rows(labels, "y x class")
    return PublishedImage(
        name=stem,
        read=partial(rgb, image),
        points=points_of_pixels(
            rows[:, 1::-1],
            class_rows(rows[:, 2], _ROWS, str(labels)),
            image_size(image),
            str(labels),
        ),
        patient=patient_of_barcode(stem),
        fold=fold,
    )
