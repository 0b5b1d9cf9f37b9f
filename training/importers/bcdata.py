"""BCData: Ki-67 patches of breast cancer, a point for each tumour cell, positive or negative.

Layout, as the authors' page sites.google.com/view/bcdataset describes it (Huang et al., MICCAI 2020):
``images/{train,validation,test}/<number>.png`` and
``annotations/{train,validation,test}/{positive,negative}/<number>.h5``, HDF5 with the array ``coordinates``
(N, 2), pixel indices, x before y. The numbers begin anew in each split.

Tumour cells only are labelled, so other cells count as background. The pixel size is not published but
the objective is, 40x; 0.25 µm is its usual value. Patients are not published either.
"""

import importlib
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np

from patherea_core.errors import DatasetError, InputError
from patherea_core.geometry import Floats
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import (
    files_by_stem,
    image_size,
    points_of_pixels,
    require_folders,
    rgb,
)

_LAYOUT = "BCData holds images/ and annotations/, each with train/, validation/ and test/"
_SPLITS = ("train", "validation", "test")
_CLASSES = ("positive", "negative")


def read(source: Path) -> PublishedDataset:
    """Return the dataset in a folder; a split without a folder of images is left out.

    Raises:
        DatasetError: a file is missing or broken.
        InputError: the package that reads HDF5 is not installed.
    """
    require_folders(source, ("images", "annotations"), _LAYOUT)
    hdf5 = _hdf5()
    splits = [fold for fold in _SPLITS if (source / "images" / fold).is_dir()]
    return PublishedDataset(
        name="bcdata",
        taxonomy=Taxonomy.of(_CLASSES),
        mpp=0.25,
        folds=tuple(splits),
        images=[
            _image(source, stem, fold, hdf5)
            for fold in splits
            for stem in files_by_stem(source / "images" / fold, ".png")
        ],
        citation="Huang et al., BCData: A Large-Scale Dataset and Benchmark for Cell Detection and "
        "Counting, MICCAI 2020",
        licence="none stated; the authors' page offers it for download",
        mpp_basis="the usual value of the 40x objective; not published",
    )


def _image(source: Path, stem: str, fold: str, hdf5: ModuleType) -> PublishedImage:
    path = source / "images" / fold / f"{stem}.png"
    annotations = source / "annotations" / fold
    places = [_coordinates(annotations / name / f"{stem}.h5", hdf5) for name in _CLASSES]
    classes = np.repeat(np.arange(len(_CLASSES)), [len(xy) for xy in places])
    return PublishedImage(
        name=f"{fold}-{stem}",
        read=partial(rgb, path),
        points=points_of_pixels(
            np.concatenate(places), classes, image_size(path), f"{annotations}/*/{stem}.h5"
        ),
        patient=f"{fold}-{stem}",
        fold=fold,
    )


def _coordinates(path: Path, hdf5: ModuleType) -> Floats:
    try:
        with hdf5.File(path, "r") as file:
            array = np.asarray(file["coordinates"], dtype=np.float64)
    except KeyError as error:
        raise DatasetError(f"{path} has no array 'coordinates'; {_LAYOUT}") from error
    except (OSError, TypeError, ValueError) as error:
        raise DatasetError(f"cannot read {path} as HDF5: {error}") from error
    if array.size and (array.ndim != 2 or array.shape[1] != 2):
        raise DatasetError(f"{path}: coordinates must be (N, 2), not {array.shape}")
    return array.reshape(-1, 2)


def _hdf5() -> ModuleType:
    try:
        return importlib.import_module("h5py")
    except ModuleNotFoundError as error:
        raise InputError(
            "BCData comes as HDF5, which the package h5py reads; install it with: pip install h5py"
        ) from error
