"""Lizard, and the patches of the CoNIC challenge made from it: H&E of the colon, nuclei in six classes.

Two layouts are read; both have masks, of which the centroids are the points, and are nominally 0.5 µm per
pixel, from the 20x objective.

* Lizard, as its README.txt, read_label.py and info.csv describe it (Graham et al., ICCV 2021):
  ``Lizard_Images1/*.png``, ``Lizard_Images2/*.png``, ``Lizard_Labels/info.csv`` with the columns Filename,
  Source and Split (1 to 3), ``Lizard_Labels/Labels/<Filename>.mat`` with ``class`` (N, 1) and ``centroid``
  (N, 2), x before y, means of pixel indices. Each of the folders may lie in one more, as archives unpack.
  Its README calls class 5 neutrophil like class 1; the paper and CoNIC call it eosinophil.
* CoNIC, as its README describes it (Graham et al., Medical Image Analysis 2024): ``images.npy`` (N, 256,
  256, 3), ``labels.npy`` (N, 256, 256, 2) with number and class of the nucleus in each pixel, and
  ``patch_info.csv``, a line "<image of Lizard>-<number>" for each patch. Nuclei cut by the edge of a patch
  count. ``counts.csv`` counts the middle of each patch only, and is not read. CoNIC publishes no split.

Patients are not published. Images of Lizard that name the same scan as Source stand for one patient (so
the same region in splits 2 and 3, dpath_48 and dpath_58, shows as a leak), all others for one each; the
patches of CoNIC for the image that they were cut from.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from patherea_core.errors import DatasetError
from patherea_core.geometry import Pixels
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import (
    class_rows,
    image_size,
    lines,
    mapped_array,
    matrices,
    points_of_pixels,
    require_folders,
    rgb,
    table,
)

_LAYOUT = (
    "Lizard holds Lizard_Images1/, Lizard_Images2/ and Lizard_Labels/, CoNIC images.npy, labels.npy and "
    "patch_info.csv"
)
_CLASSES = ("neutrophil", "epithelial", "lymphocyte", "plasma", "eosinophil", "connective")
_ROWS = {code: code - 1 for code in range(1, 7)}
_SPLITS = {"1": "fold_1", "2": "fold_2", "3": "fold_3"}


def read(source: Path) -> PublishedDataset:
    """Return the dataset in a folder of either layout.

    Raises:
        DatasetError: a file is missing or broken, or two of them contradict each other.
        TaxonomyError: a nucleus has an unknown class.
    """
    require_folders(source, (), _LAYOUT)
    return _conic(source) if (source / "images.npy").exists() else _lizard(source)


def _lizard(source: Path) -> PublishedDataset:
    infos = _found(source, "info.csv")
    if len(infos) != 1:
        raise DatasetError(f"{source} holds {len(infos)} files info.csv, not one; {_LAYOUT}")
    require_folders(infos[0].parent, ("Labels",), _LAYOUT)
    images = {path.stem: path for path in _found(source, "Lizard_Images*/*.png")}
    rows = table(infos[0], ("Filename", "Source", "Split"))
    return PublishedDataset(
        name="lizard",
        taxonomy=Taxonomy.of(_CLASSES),
        mpp=0.5,
        folds=tuple(_SPLITS.values()),
        images=[_lizard_image(row, images, infos[0]) for row in rows],
        citation="Graham et al., Lizard: A Large-Scale Dataset for Colonic Nuclear Instance Segmentation "
        "and Classification, ICCV 2021",
        licence="CC BY-NC-SA 4.0, for research only",
        mpp_basis="nominal, from the 20x objective",
    )


def _found(source: Path, pattern: str) -> list[Path]:
    """Return what fits the pattern in the folder, one or two folders deep; deeper is another tree."""
    return sorted(path for depth in ("", "*/", "*/*/") for path in source.glob(depth + pattern))


def _lizard_image(row: dict[str, str], images: dict[str, Path], info: Path) -> PublishedImage:
    name = row["Filename"]
    if name not in images:
        raise DatasetError(f"{info} names image {name}, which no folder Lizard_Images* holds")
    if row["Split"] not in _SPLITS:
        raise DatasetError(f"{info}: image {name} is in split {row['Split']!r}, not 1, 2 or 3")
    scan, is_region, _ = row["Source"].partition("-lv1-")
    return PublishedImage(
        name=name,
        read=partial(rgb, images[name]),
        points=_lizard_points(info.parent / "Labels" / f"{name}.mat", image_size(images[name])),
        patient=scan if is_region else name,
        fold=_SPLITS[row["Split"]],
    )


def _lizard_points(path: Path, size: tuple[int, int]) -> Points:
    classes, centroids = matrices(path, ("class", "centroid"))
    if classes.size * 2 != centroids.size or (classes.size and centroids.shape[1] != 2):
        raise DatasetError(
            f"{path}: {classes.size} classes do not fit to centroids of shape {centroids.shape}"
        )
    return points_of_pixels(centroids, class_rows(classes, _ROWS, str(path)), size, str(path))


def _conic(source: Path) -> PublishedDataset:
    images = mapped_array(source / "images.npy")
    labels = mapped_array(source / "labels.npy")
    names = lines(source / "patch_info.csv")[1:]
    if images.shape[:3] != labels.shape[:3] or len(images) != len(names):
        raise DatasetError(
            f"{source}: {len(names)} names, images of shape {images.shape} and labels of shape "
            f"{labels.shape} do not fit together"
        )
    if images.dtype != np.uint8 or images.shape[3:] != (3,) or labels.shape[3:] != (2,):
        raise DatasetError(
            f"{source}: images must be (N, H, W, 3) uint8 and labels (N, H, W, 2), not {images.shape} "
            f"{images.dtype} and {labels.shape}"
        )
    return PublishedDataset(
        name="conic",
        taxonomy=Taxonomy.of(_CLASSES),
        mpp=0.5,
        folds=("all",),
        images=[
            PublishedImage(
                name=name,
                read=partial(_patch, images, row),
                points=_points_of_map(np.array(labels[row]), f"{source / 'labels.npy'}, {name}"),
                patient=name.rpartition("-")[0] or name,
                fold="all",
            )
            for row, name in enumerate(names)
        ],
        citation="Graham et al., CoNIC Challenge: Pushing the frontiers of nuclear detection, "
        "segmentation, classification and counting, Medical Image Analysis 2024",
        licence="CC BY-NC-SA 4.0, for research only",
        mpp_basis="nominal, from the 20x objective",
    )


def _patch(images: npt.NDArray[Any], row: int) -> Pixels:
    return np.array(images[row])


def _points_of_map(label: npt.NDArray[Any], where: str) -> Points:
    """Return the centroid and the most frequent class of each nucleus in (H, W, 2) numbers and classes."""
    height, width = label.shape[:2]
    rows, columns = np.nonzero(label[..., 0])
    _, nucleus = np.unique(label[rows, columns, 0], return_inverse=True)
    codes = label[rows, columns, 1].astype(np.int64)
    count = int(nucleus.max(initial=-1)) + 1
    votes = np.zeros((count, int(codes.max(initial=0)) + 1), dtype=np.int64)
    np.add.at(votes, (nucleus, codes), 1)
    area = votes.sum(axis=1)
    centroids = np.column_stack(
        [np.bincount(nucleus, weights=values, minlength=count) / area for values in (columns, rows)]
    )
    code = votes.argmax(axis=1)
    return points_of_pixels(centroids, class_rows(code, _ROWS, where), (width, height), where)
