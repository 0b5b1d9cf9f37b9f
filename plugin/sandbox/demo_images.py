"""Read labelled images from a folder, in either of two layouts.

* ``images/`` and ``points.csv`` with the columns image, x, y and class; further columns are ignored;
* ``images/*.png`` and ``labels/<stem>_gt_class_coords.txt`` with rows "y x class", as the breast
  cancer dataset BRCA-M2C is published: classes 1 to 3 at 0.5 µm per pixel.

Published positions are mostly whole numbers, which name a pixel. Here, and nowhere else, they become
positions from the corner of the image: the middle of pixel (10, 20) is (10.5, 20.5). A table with any
fraction in it holds positions already, and they are kept.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from patherea_core.errors import InputError, ScaleError
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from plugin.sandbox.fields import Field

_COLUMNS = ("image", "x", "y", "class")
_BRCA_CLASSES = ("lymphocyte", "epithelial", "stromal")
_BRCA_SUFFIX = "_gt_class_coords.txt"
_BRCA_MPP = 0.5
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})

#: A barcode of The Cancer Genome Atlas names the patient.
_BARCODE = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Images with labels.

    Attributes:
        fields: one for each image, in order of their names.
        taxonomy: the classes of their points.
        mpp: micrometres per pixel of every image.
    """

    fields: tuple[Field, ...]
    taxonomy: Taxonomy
    mpp: float


@dataclass(frozen=True, slots=True)
class _Label:
    x: float
    y: float
    class_name: str


def load_labelled_images(
    folder: Path, mpp: float | None = None, limit: int | None = None
) -> LabelledImages:
    """Return the labelled images of a folder.

    Args:
        folder: in one of the two layouts above.
        mpp: micrometres per pixel; needed for the first layout.
        limit: take this many images, evenly from the list of their names.

    Raises:
        InputError: the folder has neither layout, or a label or an image in it cannot be used.
        ScaleError: nobody says how large a pixel is.
    """
    if not (folder / "images").is_dir():
        raise InputError(f"{folder} has no folder 'images'; {_LAYOUTS}")
    if (folder / "points.csv").is_file():
        labels, taxonomy = _read_table(folder / "points.csv"), None
    elif (folder / "labels").is_dir():
        labels, taxonomy = _read_texts(folder / "labels"), Taxonomy.of(_BRCA_CLASSES)
        mpp = mpp or _BRCA_MPP
    else:
        raise InputError(f"{folder} has no labels; {_LAYOUTS}")
    if mpp is None:
        raise ScaleError(
            f"the images in {folder} do not say how large their pixels are; give --mpp"
        )
    if taxonomy is None:
        taxonomy = Taxonomy.of(sorted({row.class_name for rows in labels.values() for row in rows}))
    paths = _choose(_images(folder / "images", labels), limit)
    corner = _pixel_middle(labels)
    fields = tuple(_field(path, labels[path.name], corner, taxonomy) for path in paths)
    return LabelledImages(fields, taxonomy, mpp)


_LAYOUTS = (
    "labelled images are a folder with images/ and points.csv (image,x,y,class), or with images/"
    f" and labels/<image>{_BRCA_SUFFIX} (rows of y, x and class)"
)


def _read_table(path: Path) -> dict[str, list[_Label]]:
    labels: dict[str, list[_Label]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise InputError(f"{path} has no column {missing[0]!r}; {_LAYOUTS}")
            for row in table:
                where = f"{path}, line {table.line_num}"
                label = _label(row["x"], row["y"], row["class"], where)
                labels.setdefault(row["image"], []).append(label)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not labels:
        raise InputError(f"{path} has no row; label some cells")
    return labels


def _read_texts(folder: Path) -> dict[str, list[_Label]]:
    labels = {}
    for path in sorted(folder.glob(f"*{_BRCA_SUFFIX}")):
        name = path.name.removesuffix(_BRCA_SUFFIX) + ".png"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        labels[name] = [
            _brca_label(line, f"{path}, line {number}")
            for number, line in enumerate(lines, start=1)
            if line.strip()
        ]
    if not labels:
        raise InputError(f"{folder} holds no file *{_BRCA_SUFFIX}; {_LAYOUTS}")
    return labels


def _brca_label(line: str, where: str) -> _Label:
    parts = line.split()
    if len(parts) != 3 or parts[2] not in ("1", "2", "3"):
        raise InputError(f"{where}: {line!r} is not y, x and a class from 1 to 3")
    return _label(parts[1], parts[0], _BRCA_CLASSES[int(parts[2]) - 1], where)


def _label(x: str | None, y: str | None, class_name: str | None, where: str) -> _Label:
    try:
        label = _Label(float(x or ""), float(y or ""), (class_name or "").strip())
    except ValueError:
        raise InputError(f"{where}: x and y must be numbers, not {x!r} and {y!r}") from None
    if not (np.isfinite(label.x) and np.isfinite(label.y) and label.class_name):
        raise InputError(f"{where}: a label needs a finite x and y, and a class")
    return label


def _images(folder: Path, labels: Mapping[str, Sequence[_Label]]) -> list[Path]:
    """Return the images that have labels; every label must have its image."""
    present = {path.name: path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES}
    absent = sorted(set(labels) - set(present))
    if absent:
        raise InputError(f"image {absent[0]!r} has labels, but {folder} does not hold it")
    return [present[name] for name in sorted(labels)]


def _choose(paths: Sequence[Path], limit: int | None) -> list[Path]:
    if limit is None or limit >= len(paths):
        return list(paths)
    if limit < 1:
        raise InputError(f"at least one image must be taken, not {limit}")
    return [paths[row * len(paths) // limit] for row in range(limit)]


def _field(path: Path, labels: Sequence[_Label], corner: float, taxonomy: Taxonomy) -> Field:
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(f"image {path} cannot be read: {error}") from error
    xy = np.array([(label.x, label.y) for label in labels]).reshape(-1, 2) + corner
    height, width = pixels.shape[:2]
    if ((xy < 0) | (xy > (width, height))).any():
        raise InputError(f"a point of {path.name} lies outside of the image ({width} × {height})")
    classes = np.array([taxonomy.index(label.class_name) for label in labels], dtype=np.int64)
    barcode = _BARCODE.match(path.stem)
    patient = barcode.group() if barcode else path.stem
    return Field(path.stem, pixels, Points(xy, classes), patient)


def _pixel_middle(labels: Mapping[str, Sequence[_Label]]) -> float:
    """Return what makes the labels positions from the corner: whole numbers name pixels, all or none."""
    numbers = [number for rows in labels.values() for row in rows for number in (row.x, row.y)]
    return 0.5 if all(number.is_integer() for number in numbers) else 0.0
