"""CoNSeP: H&E of colorectal adenocarcinoma with a mask for each nucleus, in seven types.

Two layouts are read.

* As published by the University of Warwick (its README.txt; Graham et al., HoVer-Net, Medical Image
  Analysis 2019): ``Train/`` and ``Test/`` with ``Images/<stem>.png`` and ``Labels/<stem>.mat``, which
  holds ``inst_type`` (N, 1) and ``inst_centroid`` (N, 2), x before y. Centroids are means of pixel
  indices. 1000 × 1000 pixels at 40x, nominally 0.25 µm.
* At 20x, as MCSpatNet used it (Abousamra et al., ICCV 2021; github.com/TopoXLab/MCSpatNet), with its
  points gathered in one table: ``images/{train,test}_<n>.png`` and ``points.csv`` with the columns image,
  x, y and class, pixel indices cut to whole numbers. 500 × 500 pixels, nominally 0.5 µm.

The images come from 16 patients, but nothing says which from whom: each stands for a patient of its own.
"""

import re
from functools import partial
from pathlib import Path

from patherea_core.errors import DatasetError, InputError
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from training.importers.points_table import images_of_table
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import (
    class_rows,
    files_by_stem,
    image_size,
    matrices,
    points_of_pixels,
    require_folders,
    rgb,
)

_LAYOUT = (
    "CoNSeP holds Train/ and Test/, each with Images/*.png and Labels/*.mat, or, at 20x, images/ and "
    "points.csv"
)
_FOLDS = ("train", "test")
_MCSPATNET = ("inflammatory", "epithelial", "stromal")

#: The class of each published type, 1 to 7, in each published way to group them.
GROUPINGS = {
    "none": (
        "other",
        "inflammatory",
        "healthy epithelial",
        "dysplastic/malignant epithelial",
        "fibroblast",
        "muscle",
        "endothelial",
    ),
    "hovernet": (
        "other",
        "inflammatory",
        "epithelial",
        "epithelial",
        "spindle-shaped",
        "spindle-shaped",
        "spindle-shaped",
    ),
    "mcspatnet": (
        "stromal",
        "inflammatory",
        "epithelial",
        "epithelial",
        "stromal",
        "stromal",
        "stromal",
    ),
}


def read(source: Path, grouping: str | None = None) -> PublishedDataset:
    """Return the dataset in a folder of either layout.

    Args:
        source: the folder.
        grouping: a name in GROUPINGS; none by default. The layout at 20x is grouped as MCSpatNet's.

    Raises:
        DatasetError: a file is missing or broken.
        InputError: there is no such grouping, or it asks for types that are grouped already.
        TaxonomyError: a cell has an unknown class.
    """
    require_folders(source, (), _LAYOUT)
    if grouping is not None and grouping not in GROUPINGS:
        raise InputError(f"there is no grouping {grouping!r}; choose from {', '.join(GROUPINGS)}")
    if (source / "points.csv").is_file():
        if grouping not in (None, "mcspatnet"):
            raise InputError(f"{source} is grouped as MCSpatNet's already; leave the grouping out")
        return _dataset(_images_at_20x(source), _MCSPATNET, 0.5, "nominal, from the 20x objective")
    names = GROUPINGS[grouping or "none"]
    classes = _MCSPATNET if grouping == "mcspatnet" else tuple(dict.fromkeys(names))
    rows = {code: classes.index(name) for code, name in enumerate(names, start=1)}
    images = [
        image
        for fold in _FOLDS
        if (source / fold.capitalize()).is_dir()
        for image in _images_at_40x(source / fold.capitalize(), fold, rows)
    ]
    if not images:
        raise DatasetError(f"{source} has no image to import; {_LAYOUT}")
    return _dataset(images, classes, 0.25, "nominal, from the 40x objective")


def _dataset(
    images: list[PublishedImage], classes: tuple[str, ...], mpp: float, basis: str
) -> PublishedDataset:
    return PublishedDataset(
        name="consep",
        taxonomy=Taxonomy.of(classes),
        mpp=mpp,
        folds=tuple(fold for fold in _FOLDS if any(image.fold == fold for image in images)),
        images=images,
        citation="Graham et al., HoVer-Net: Simultaneous segmentation and classification of nuclei in "
        "multi-tissue histology images, Medical Image Analysis 2019",
        licence="not stated with the files; ask the University of Warwick",
        mpp_basis=basis,
    )


def _images_at_40x(folder: Path, fold: str, rows: dict[int, int]) -> list[PublishedImage]:
    require_folders(folder, ("Images", "Labels"), _LAYOUT)
    images = files_by_stem(folder / "Images", ".png")
    labels = files_by_stem(folder / "Labels", ".mat")
    alone = sorted(images.keys() ^ labels.keys())
    if alone:
        raise DatasetError(f"{folder}: {alone[0]} has an image or a label, but not both")
    return [
        PublishedImage(
            name=stem,
            read=partial(rgb, path),
            points=_points_of_matrices(labels[stem], image_size(path), rows),
            patient=stem,
            fold=fold,
        )
        for stem, path in images.items()
    ]


def _points_of_matrices(path: Path, size: tuple[int, int], rows: dict[int, int]) -> Points:
    types, centroids = matrices(path, ("inst_type", "inst_centroid"))
    if types.size * 2 != centroids.size or (types.size and centroids.shape[1] != 2):
        raise DatasetError(
            f"{path}: {types.size} types do not fit to centroids of shape {centroids.shape}"
        )
    return points_of_pixels(centroids, class_rows(types, rows, str(path)), size, str(path))


def _images_at_20x(source: Path) -> list[PublishedImage]:
    return images_of_table(source, ".png", _MCSPATNET, _origin_at_20x, _LAYOUT)


def _origin_at_20x(path: Path) -> tuple[str, str]:
    named = re.match(r"(train|test)_", path.name)
    if named is None:
        raise DatasetError(f"{path} is named neither train_<n>.png nor test_<n>.png; {_LAYOUT}")
    return path.stem, named.group(1)
