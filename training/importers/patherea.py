"""Patherea: Ki-67 stained tumours in patches of 224 pixels, a point for each cell, in five classes.

Layout of each part (LNET, GNET, Breast P1, Breast P2) as the authors' code, github.com/patherea/patherea-p2p,
reads it (Štepec et al., arXiv:2412.16425): ``images/<stem>.png``; ``labels/<stem>_<class>.png`` for each of
the five classes, black, with a white pixel (255) in each cell; ``folds/fold_<k>_{train,test}.txt``, names of
images, k from 1 to 3.

* The centroid of each connected white area, corners included, is a point. The authors take each white
  pixel for a cell, which is the same unless two of them touch.
* All k folds are imported at once: an image belongs to the fold that tests it, and whoever trains for
  fold k leaves that one out. With ``fold`` the two lists of one fold become train and test instead.
* Which patch is of which patient is not published, though the folds are disjoint by patient: each image
  stands for a patient of its own. Do not split these images anew.
* 0.23 µm is nominal: that of the scanner named in the paper, a NanoZoomer S360, at 40x.
"""

import re
from functools import partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from patherea_core.errors import DatasetError
from patherea_core.geometry import Floats
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import (
    grey,
    image_size,
    lines,
    points_of_pixels,
    require_folders,
    rgb,
)

_LAYOUT = "a part of Patherea holds images/, labels/<image>_<class>.png and folds/fold_<k>_{train,test}.txt"
_CLASSES = (
    "positive_tumor_cell",
    "negative_tumor_cell",
    "normal_cell",
    "others_positive",
    "others_negative",
)
_TOUCHING = np.ones((3, 3), dtype=np.int64)


def read(source: Path, fold: int | None = None) -> PublishedDataset:
    """Return the part of the dataset that is in a folder.

    Args:
        source: the folder.
        fold: the only fold to import, as train and test; by default all are.

    Raises:
        DatasetError: a file is missing or broken, or the lists of the folds contradict each other.
    """
    require_folders(source, ("images", "labels", "folds"), _LAYOUT)
    fold_of = _all_folds(source) if fold is None else _one_fold(source, fold)
    named = source.resolve().name.lower()
    return PublishedDataset(
        name=named if named.startswith("patherea") else "patherea",
        taxonomy=Taxonomy.of(_CLASSES),
        mpp=0.23,
        folds=tuple(dict.fromkeys(fold_of.values())),
        images=[_image(source, name, part) for name, part in fold_of.items()],
        citation="Štepec et al., Patherea: Cell Detection and Classification for the 2020s, "
        "arXiv:2412.16425",
        licence="as stated at huggingface.co/datasets/ds2268/patherea",
        mpp_basis="nominal, from the scanner and its 40x objective",
    )


def _one_fold(source: Path, number: int) -> dict[str, str]:
    fold_of: dict[str, str] = {}
    for part in ("train", "test"):
        path = source / "folds" / f"fold_{number}_{part}.txt"
        for name in lines(path):
            if name in fold_of:
                raise DatasetError(f"{path}: image {name} was named before, in {fold_of[name]}")
            fold_of[name] = part
    return fold_of


def _all_folds(source: Path) -> dict[str, str]:
    found = (
        re.fullmatch(r"fold_(\d+)_test\.txt", path.name) for path in (source / "folds").iterdir()
    )
    numbers = sorted(int(match.group(1)) for match in found if match)
    fold_of: dict[str, str] = {}
    for number in numbers:
        for name in lines(source / "folds" / f"fold_{number}_test.txt"):
            if name in fold_of:
                raise DatasetError(
                    f"{source}: image {name} is tested in {fold_of[name]} and in fold_{number}; "
                    "import one fold at a time"
                )
            fold_of[name] = f"fold_{number}"
    if not fold_of:
        raise DatasetError(f"{source / 'folds'} names no image to test; {_LAYOUT}")
    for number in numbers:
        _require_rest(source, number, fold_of)
    return fold_of


def _require_rest(source: Path, number: int, fold_of: dict[str, str]) -> None:
    path = source / "folds" / f"fold_{number}_train.txt"
    rest = {name for name, fold in fold_of.items() if fold != f"fold_{number}"}
    differing = sorted(rest ^ set(lines(path)))
    if differing:
        raise DatasetError(
            f"{path} is not what the other folds test: they differ in {differing[0]}; import one fold at "
            "a time"
        )


def _image(source: Path, name: str, fold: str) -> PublishedImage:
    path = source / "images" / name
    size = image_size(path)
    parts = [
        _centroids(source / "labels" / f"{path.stem}_{class_name}.png", size)
        for class_name in _CLASSES
    ]
    class_index = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return PublishedImage(
        name=path.stem,
        read=partial(rgb, path),
        points=Points(np.concatenate(parts), class_index),
        patient=path.stem,
        fold=fold,
    )


def _centroids(path: Path, size: tuple[int, int]) -> Floats:
    """Return the (N, 2) positions of the white areas in a mask, from its corner."""
    mask = grey(path)
    if mask.shape != (size[1], size[0]):
        raise DatasetError(f"{path} is {mask.shape[1]} × {mask.shape[0]} pixels, its image {size}")
    white = mask == 255
    if (mask[~white] != 0).any():
        raise DatasetError(f"{path} has values between 0 and 255; a mask is black and white")
    areas, count = ndimage.label(white, _TOUCHING)
    centroids = ndimage.center_of_mass(white, areas, np.arange(1, count + 1))
    row_column = np.array(centroids, dtype=np.float64).reshape(-1, 2)
    return points_of_pixels(row_column[:, ::-1], np.zeros(count), size, str(path)).xy
