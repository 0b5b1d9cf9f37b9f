"""PanNuke: H&E patches of 19 tissues, an instance mask for each nucleus, in five classes.

Layout, as the README in each of its archives describes it (Gamper et al., arXiv 2003.10778), with k = 1, 2
and 3: ``Fold k/images/foldk/images.npy`` (N, 256, 256, 3), ``Fold k/images/foldk/types.npy`` (N,) tissues,
``Fold k/masks/foldk/masks.npy`` (N, 256, 256, 6), the number of the nucleus in each pixel, a channel for
each class: neoplastic, inflammatory, connective, dead, epithelial; the sixth is the background.

A nucleus becomes the centroid of its pixels; nuclei cut by the edge of a patch count. All patches are
0.25 µm per pixel, from the 40x objective. Patients are not published, so leaks between the folds cannot
be seen. The tissue goes into the name of a patch; tissues that are stored as Python objects are not read.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from patherea_core.errors import DatasetError
from patherea_core.geometry import Floats, Pixels
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import mapped_array, points_of_pixels, require_folders

_LAYOUT = "PanNuke holds 'Fold 1', 'Fold 2' and 'Fold 3', each with images/ and masks/"
_CLASSES = ("neoplastic", "inflammatory", "connective", "dead", "epithelial")


def read(source: Path) -> PublishedDataset:
    """Return the dataset in a folder; a fold whose folder is not there is left out.

    The masks are read once, patch by patch, to find the nuclei: minutes for the whole dataset.

    Raises:
        DatasetError: no fold is there, or a file is missing, broken, or contradicts another.
    """
    require_folders(source, (), _LAYOUT)
    numbers = [number for number in (1, 2, 3) if (source / f"Fold {number}").is_dir()]
    if not numbers:
        raise DatasetError(f"{source} has no fold; {_LAYOUT}")
    return PublishedDataset(
        name="pannuke",
        taxonomy=Taxonomy.of(_CLASSES),
        mpp=0.25,
        folds=tuple(f"fold_{number}" for number in numbers),
        images=[image for number in numbers for image in _fold(source, number)],
        citation="Gamper et al., PanNuke Dataset Extension, Insights and Baselines, "
        "arXiv 2003.10778, 2020",
        licence="CC BY-NC-SA 4.0",
    )


def _fold(source: Path, number: int) -> list[PublishedImage]:
    top = source / f"Fold {number}"
    masks_path = top / "masks" / f"fold{number}" / "masks.npy"
    images_path = top / "images" / f"fold{number}" / "images.npy"
    images, masks = mapped_array(images_path), mapped_array(masks_path)
    if images.ndim != 4 or images.shape[3] != 3:
        raise DatasetError(f"{images_path} must be (N, 256, 256, 3), not {images.shape}")
    if masks.shape != (*images.shape[:3], len(_CLASSES) + 1):
        raise DatasetError(
            f"{masks_path} must be {(*images.shape[:3], len(_CLASSES) + 1)} like the images, "
            f"not {masks.shape}"
        )
    names = [
        f"fold{number}-{row:04d}{tissue}"
        for row, tissue in enumerate(_tissues(images_path.with_name("types.npy"), len(images)))
    ]
    return [
        PublishedImage(
            name=name,
            read=partial(_patch, images, row),
            points=_points(np.asarray(masks[row]), f"{masks_path}, patch {row}"),
            patient=name,
            fold=f"fold_{number}",
        )
        for row, name in enumerate(names)
    ]


def _tissues(path: Path, count: int) -> list[str]:
    """Return "-" and the tissue of each patch, or nothing for each where they cannot be read."""
    try:
        types = mapped_array(path)
    except DatasetError:
        return [""] * count
    if types.shape != (count,) or types.dtype.kind != "U":
        return [""] * count
    return [f"-{tissue}".lower() for tissue in types.tolist()]


def _patch(images: npt.NDArray[Any], row: int) -> Pixels:
    # The values are whole numbers from 0 to 255, stored as floating point.
    pixels: Pixels = np.rint(images[row]).astype(np.uint8)
    return pixels


def _points(mask: npt.NDArray[Any], where: str) -> Points:
    centroids = [_centroids(mask[..., channel]) for channel in range(len(_CLASSES))]
    classes = np.repeat(np.arange(len(_CLASSES)), [len(xy) for xy in centroids])
    size = (mask.shape[1], mask.shape[0])
    return points_of_pixels(np.concatenate(centroids), classes, size, where)


def _centroids(numbers: npt.NDArray[Any]) -> Floats:
    """Return the mean pixel index of each nucleus in (H, W) numbers of nuclei: (K, 2), x before y."""
    rows, columns = np.nonzero(numbers)
    _, nucleus = np.unique(numbers[rows, columns], return_inverse=True)
    area = np.bincount(nucleus)
    return np.stack(
        [np.bincount(nucleus, weights=indices) / area for indices in (columns, rows)], axis=1
    ).reshape(-1, 2)
