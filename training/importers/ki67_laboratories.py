"""Ki-67 fields of three laboratories at one scale, to train on one side and test on the other.

Layout: ``ki67-shidc/`` as :mod:`training.importers.shidc` reads it (breast, camera fields);
``ki67-rouland/`` (glioma, camera fields) and ``ki67-deepliif/`` (bladder, lung and breast), both with
``images/`` and ``points.csv``.

* Everything is brought to 0.5 µm a pixel. The sizes of the first two are estimates from the size of cells:
  0.175 µm and 0.1 µm; that of the third, 0.25 µm, follows from its 40x objective.
* Folds are ``shidc`` and ``elsewhere``, so that either side is looked at by a model that never saw its
  laboratory. Names of images begin with the laboratory.
* Only SHIDC tells lymphocytes (til) from tumour cells. Elsewhere they are among the negative.
* Patients: the first part of SHIDC's names, the case of Rouland's, and each image of DeepLIIF by itself.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from training.importers import shidc
from training.importers.points_table import images_of_table
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import require_folders

_MPP = 0.5
_CLASSES = ("positive", "negative", "til")
_SHIDC, _ROULAND, _DEEPLIIF = "ki67-shidc", "ki67-rouland", "ki67-deepliif"
_LAYOUT = f"the three laboratories are {_SHIDC}/, {_ROULAND}/ and {_DEEPLIIF}/"


def read(source: Path) -> PublishedDataset:
    """Return the fields of all three laboratories.

    Raises:
        DatasetError: a folder or a file is missing or broken.
        TaxonomyError: a cell has an unknown class.
    """
    require_folders(source, (_SHIDC, _ROULAND, _DEEPLIIF), _LAYOUT)
    first = shidc.read(source / _SHIDC)
    rouland = images_of_table(source / _ROULAND, ".jpg", _CLASSES, _by_case, _LAYOUT)
    deepliif = images_of_table(source / _DEEPLIIF, ".png", _CLASSES, _by_image, _LAYOUT)
    return PublishedDataset(
        name="ki67-laboratories",
        taxonomy=Taxonomy.of(_CLASSES),
        mpp=_MPP,
        folds=("shidc", "elsewhere"),
        images=[
            *_brought(first.images, "shidc", "shidc", first.mpp),
            *_brought(rouland, "rouland", "elsewhere", 0.1),
            *_brought(deepliif, "deepliif", "elsewhere", 0.25),
        ],
        citation=f"{first.citation}; github.com/AntoineRouland/ki67; Ghahremani et al., Deep "
        "learning-inferred multiplex immunofluorescence for immunohistochemical image quantification, "
        "Nature Machine Intelligence 2022",
        licence="none for SHIDC's and Rouland's files; DeepLIIF's are for non-commercial academic use",
        mpp_basis="resampled from 0.175, 0.1 (both estimated from the size of cells) and 0.25 (nominal)",
    )


def _by_case(path: Path) -> tuple[str, str]:
    return path.stem.split("-")[0], ""


def _by_image(path: Path) -> tuple[str, str]:
    return path.stem, ""


def _brought(
    images: Iterable[PublishedImage], laboratory: str, fold: str, mpp: float
) -> list[PublishedImage]:
    """Return images of one laboratory at the common scale, under names of their own."""
    return [
        replace(
            _smaller(image, mpp / _MPP),
            name=f"{laboratory}-{image.name}",
            patient=f"{laboratory}-{image.patient}",
            fold=fold,
        )
        for image in images
    ]


def _smaller(image: PublishedImage, factor: float) -> PublishedImage:
    """Return an image that much smaller, to whole pixels; points keep their place in it exactly."""
    pixels = Image.fromarray(image.read())
    size = tuple(round(side * factor) for side in pixels.size)
    small = np.asarray(pixels.resize((size[0], size[1]), Image.Resampling.BOX))
    xy = image.points.xy * np.divide(size, pixels.size)
    return replace(image, read=partial(np.copy, small), points=Points(xy, image.points.class_index))
