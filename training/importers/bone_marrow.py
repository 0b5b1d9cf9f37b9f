"""BM (bone marrow, Graz): H&E with a point for each nucleus, of one class.

Layout, as in ``BM_GRAZ`` of github.com/pkainz/MICCAI2015 (Kainz et al., You Should Use Regression to
Detect Cells, MICCAI 2015): ``source/BM_GRAZ_HE_<sample>_<number>.png`` and ``annotations/<stem>.txt``, a
header "<count> 3 0", then a line "x y type" for each nucleus, pixel indices counted from zero. The images
``annotations/<stem>.png`` mark the same pixels, and are not read.

* The meaning of the types (1 and 3 occur) is not published, and its authors detect both: one class.
* A sample is a patient. The split is that of the authors' demo: samples 0001 to 0006 train, samples
  0007, 0008 and 0020 test. (The paper itself leaves one image out.)
* The pixel size is not published; 0.25 µm is nominal, from the 40x objective.
"""

import re
from functools import partial
from pathlib import Path

import numpy as np

from patherea_core.errors import DatasetError
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import (
    class_rows,
    files_by_stem,
    image_size,
    integer_rows,
    lines,
    points_of_pixels,
    require_folders,
    rgb,
)

_LAYOUT = "BM holds source/BM_GRAZ_HE_<sample>_<number>.png and annotations/ with a .txt for each"
_FOLD_OF_SAMPLE = {
    "0001": "train",
    "0002": "train",
    "0003": "train",
    "0004": "train",
    "0005": "train",
    "0006": "train",
    "0007": "test",
    "0008": "test",
    "0020": "test",
}


def read(source: Path) -> PublishedDataset:
    """Return the dataset in a folder, or the part of it that is there.

    Raises:
        DatasetError: a file is missing or broken, or an image is none of the published samples.
        TaxonomyError: a nucleus has an unknown type.
    """
    require_folders(source, ("source", "annotations"), _LAYOUT)
    images = [
        _image(path, source / "annotations" / f"{stem}.txt")
        for stem, path in files_by_stem(source / "source", ".png").items()
    ]
    if not images:
        raise DatasetError(f"{source} has no image to import; {_LAYOUT}")
    return PublishedDataset(
        name="bone-marrow",
        taxonomy=Taxonomy.of(["nucleus"]),
        mpp=0.25,
        folds=("train", "test"),
        images=images,
        citation="Kainz et al., You Should Use Regression to Detect Cells, MICCAI 2015",
        licence="Apache-2.0 by its LICENSE file; its README allows non-commercial applications only",
        mpp_basis="nominal, from the 40x objective; none is published",
    )


def _image(path: Path, labels: Path) -> PublishedImage:
    named = re.fullmatch(r"BM_GRAZ_HE_(\d+)_\d+", path.stem)
    sample = named.group(1) if named else ""
    if sample not in _FOLD_OF_SAMPLE:
        raise DatasetError(f"{path} is none of the published samples; {_LAYOUT}")
    return PublishedImage(
        name=path.stem,
        read=partial(rgb, path),
        points=_points(labels, image_size(path)),
        patient=sample,
        fold=_FOLD_OF_SAMPLE[sample],
    )


def _points(path: Path, size: tuple[int, int]) -> Points:
    header = next(iter(lines(path)), "")
    rows = integer_rows(path, "x y type", skip=1)
    if header.split() != [str(len(rows)), "3", "0"]:
        raise DatasetError(
            f"{path} begins with {header!r}, but has {len(rows)} rows below; its first line must be "
            f"'{len(rows)} 3 0'"
        )
    class_rows(rows[:, 2], {1: 0, 2: 0, 3: 0}, str(path))
    return points_of_pixels(rows[:, :2], np.zeros(len(rows)), size, str(path))
