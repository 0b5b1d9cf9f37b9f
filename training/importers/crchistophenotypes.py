"""CRCHistoPhenotypes: H&E images of colorectal cancer, a point for each nucleus, in four classes.

Layout, as the archive CRCHistoPhenotypes_2016_04_28 of the TIA Centre, Warwick, has it (Sirinukunwattana et
al., IEEE TMI 2016): ``Classification/imgN/imgN.bmp`` beside ``imgN_{epithelial,fibroblast,inflammatory,
others}.mat`` with ``detection`` (N, 2), and ``Detection/imgN/imgN_detection.mat`` with all nuclei, for N
from 1 to 100. Positions are MATLAB's: x before y, and the middle of the first pixel is (1, 1).

Only 22,444 of the 29,756 nuclei have a class. The others are cut out of the labelled area, each with the
6 pixels around that the authors count as one nucleus; without ``Detection`` they would count as background,
so then the import says so. The images are 0.55 µm per pixel, from the 20x objective. They come from nine
patients, but whose each is, and the two parts of the cross-validation in the paper, are not published.
"""

import logging
from functools import partial
from pathlib import Path

import numpy as np
import shapely
from scipy.spatial import cKDTree

from patherea_core.data.codec import polygons_of
from patherea_core.errors import DatasetError
from patherea_core.geometry import Box, Floats
from patherea_core.regions import Outline
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import (
    image_size,
    matrices,
    points_of_pixels,
    require_folders,
    rgb,
)

log = logging.getLogger(__name__)

_LAYOUT = "CRCHistoPhenotypes holds Classification/ and Detection/, each with img1/ to img100/"
_CLASSES = ("epithelial", "fibroblast", "inflammatory", "others")
#: Pixels; two positions that near are one nucleus (Sirinukunwattana et al., section IV).
_ONE_NUCLEUS = 6.0


def read(source: Path) -> PublishedDataset:
    """Return the dataset in a folder, as one fold.

    Raises:
        DatasetError: a file is missing or broken.
    """
    require_folders(source, ("Classification",), _LAYOUT)
    folders = [path for path in (source / "Classification").iterdir() if path.is_dir()]
    if not (source / "Detection").is_dir():
        log.warning("without the folder Detection, nuclei without a class count as background")
    return PublishedDataset(
        name="crchistophenotypes",
        taxonomy=Taxonomy.of(_CLASSES),
        mpp=0.55,
        folds=("all",),
        images=[
            _image(source, name)
            for name in sorted((path.name for path in folders), key=lambda name: (len(name), name))
        ],
        citation="Sirinukunwattana et al., Locality Sensitive Deep Learning for Detection and "
        "Classification of Nuclei in Routine Colon Cancer Histology Images, IEEE TMI 2016",
        licence="none stated with the files; its page asks to cite the paper",
    )


def _image(source: Path, name: str) -> PublishedImage:
    folder = source / "Classification" / name
    size = image_size(folder / f"{name}.bmp")
    places = [_positions(folder / f"{name}_{cell_class}.mat", size) for cell_class in _CLASSES]
    classes = np.repeat(np.arange(len(_CLASSES)), [len(xy) for xy in places])
    points = points_of_pixels(np.concatenate(places), classes, size, str(folder))
    labelled = None
    if (source / "Detection").is_dir():
        nuclei = _positions(source / "Detection" / name / f"{name}_detection.mat", size) + 0.5
        labelled = _labelled(nuclei, points.xy, size)
    return PublishedImage(
        name=name,
        read=partial(rgb, folder / f"{name}.bmp"),
        points=points,
        patient=name,
        fold="all",
        labelled=labelled,
    )


def _positions(path: Path, size: tuple[int, int]) -> Floats:
    """Return (N, 2) pixel indices counted from zero; what is no place in the image is left out."""
    (detection,) = matrices(path, ("detection",))
    if detection.size and (detection.ndim != 2 or detection.shape[1] != 2):
        raise DatasetError(f"{path}: 'detection' must be (N, 2), not {detection.shape}")
    # MATLAB counts from one.
    xy: Floats = detection.reshape(-1, 2) - 1
    sound = np.isfinite(xy).all(axis=1) & Box(0, 0, *size).contains(xy + 0.5)
    if not sound.all():
        log.warning("%s: %d positions outside of the image are left out", path, np.sum(~sound))
    return xy[sound]


def _labelled(nuclei: Floats, classified: Floats, size: tuple[int, int]) -> Outline | None:
    """Return the image without the nuclei that have no class; None if all have one."""
    if len(classified) and len(nuclei):
        distances, _ = cKDTree(classified).query(nuclei)
        nuclei = nuclei[distances > _ONE_NUCLEUS]
    if not len(nuclei):
        return None
    discs = shapely.union_all(shapely.buffer(shapely.points(nuclei), _ONE_NUCLEUS))
    return polygons_of(shapely.box(0, 0, *size).difference(discs))
