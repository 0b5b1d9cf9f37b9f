"""Reading the files of published datasets; what is missing or broken becomes one clear sentence.

Published positions are pixel indices: "column 10" names the pixel whose left edge lies at 10. Importers
turn them into positions counted from the corner of the image here, and nowhere else.
"""

import csv
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.io
from PIL import Image, UnidentifiedImageError
from scipy.io.matlab import MatReadError

from patherea_core.data.folder import read_text
from patherea_core.errors import DatasetError, TaxonomyError
from patherea_core.geometry import Box, Ints, Pixels, as_xy
from patherea_core.points import Points

#: A barcode of The Cancer Genome Atlas names the patient with its first three parts.
_BARCODE = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}")

#: What SciPy raises for files that are broken, of another kind, or hold something else than numbers.
_BROKEN_MATRICES = (
    MatReadError,
    IndexError,
    NotImplementedError,
    OverflowError,
    TypeError,
    ValueError,
    zlib.error,
)


def points_of_pixels(
    pixel_xy: npt.ArrayLike, class_index: npt.ArrayLike, size: tuple[int, int], where: str
) -> Points:
    """Return points in the middles of pixels.

    Args:
        pixel_xy: (N, 2) pixel indices, x before y, counted from zero; fractions, as in centroids of
            masks, lie between the middles of two pixels.
        class_index: (N,) rows of the taxonomy.
        size: width and height of the image.
        where: names the file in messages.

    Raises:
        DatasetError: a position lies outside of the image; none is moved inside.
    """
    points = Points(as_xy(pixel_xy) + 0.5, np.asarray(class_index, dtype=np.int64))
    outside = ~Box(0, 0, *size).contains(points.xy)
    if outside.any():
        x, y = points.xy[outside][0] - 0.5
        raise DatasetError(
            f"{where}: the cell at column {x:g}, row {y:g} lies outside of its image of "
            f"{size[0]} × {size[1]} pixels; compare both files with the published ones"
        )
    return points


def class_rows(codes: npt.ArrayLike, rows: Mapping[int, int], where: str) -> Ints:
    """Return the taxonomy's row of each published class number, as an (N,) array.

    Raises:
        TaxonomyError: a number stands for no class; ``where`` names the file.
    """
    given = np.asarray(codes, dtype=np.int64).reshape(-1)
    unknown = sorted(set(given.tolist()) - set(rows))
    if unknown:
        known = ", ".join(str(code) for code in sorted(rows))
        raise TaxonomyError(f"{where}: class {unknown[0]} is unknown; the classes are {known}")
    return np.array([rows[code] for code in given.tolist()], dtype=np.int64)


def patient_of_barcode(name: str) -> str:
    """Return the patient that a TCGA barcode in the name stands for, or the name itself."""
    barcode = _BARCODE.search(name)
    return barcode.group() if barcode else name


def require_folders(source: Path, names: Sequence[str], layout: str) -> None:
    """Raise DatasetError unless the source has these folders; ``layout`` says what belongs in it."""
    if not source.is_dir():
        raise DatasetError(f"there is no folder {source}; name the folder of the published files")
    for name in names:
        if not (source / name).is_dir():
            raise DatasetError(f"{source} has no folder {name!r}; {layout}")


def files_by_stem(folder: Path, suffix: str) -> dict[str, Path]:
    """Return the files of a folder that end so, by their names without it, in order of the names."""
    return {
        path.name.removesuffix(suffix): path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name.endswith(suffix)
    }


def lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not blank, without outer blanks.

    Raises:
        DatasetError: the file is missing or no text.
    """
    stripped = (line.strip() for line in read_text(path).lstrip("\ufeff").splitlines())
    return [line for line in stripped if line]


def integer_rows(path: Path, columns: str, *, skip: int = 0) -> Ints:
    """Return the rows of a text file of whole numbers.

    Args:
        path: the file.
        columns: names of the columns, parted by blanks, such as "y x class".
        skip: how many lines stand above the rows.

    Raises:
        DatasetError: the file is missing, or a line holds something else.
    """
    count = len(columns.split())
    rows = []
    for number, line in enumerate(lines(path)[skip:], start=skip + 1):
        cells = line.split()
        if len(cells) != count or not all(cell.isdecimal() for cell in cells):
            raise DatasetError(
                f"{path}, row {number}: {line!r} is not {columns!r} in whole numbers"
            )
        rows.append([int(cell) for cell in cells])
    return np.array(rows, dtype=np.int64).reshape(-1, count)


def table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header, each as column name to text.

    Raises:
        DatasetError: the file is missing or broken, or lacks one of these columns.
    """
    reader = csv.DictReader(lines(path))
    absent = [name for name in columns if name not in (reader.fieldnames or ())]
    if absent:
        raise DatasetError(f"{path} has no column {absent[0]!r}; its header must hold {columns}")
    rows = list(reader)
    for number, row in enumerate(rows, start=2):
        if any(row[name] is None for name in columns):
            raise DatasetError(f"{path}, row {number}: the row is too short")
    return rows


def image_size(path: Path) -> tuple[int, int]:
    """Return width and height of an image without decoding it.

    Raises:
        DatasetError: it is missing or no image.
    """
    with _readable_image(path), Image.open(path) as image:
        return image.size


def rgb(path: Path) -> Pixels:
    """Return the (H, W, 3) RGB pixels of an image of any mode; a transparency channel is dropped.

    Raises:
        DatasetError: it is missing or no image.
    """
    with _readable_image(path), Image.open(path) as image:
        return np.array(image.convert("RGB"))


def grey(path: Path) -> Pixels:
    """Return the (H, W) grey values of an image of any mode.

    Raises:
        DatasetError: it is missing or no image.
    """
    with _readable_image(path), Image.open(path) as image:
        return np.array(image.convert("L"))


@contextmanager
def _readable_image(path: Path) -> Iterator[None]:
    try:
        yield
    except UnidentifiedImageError as error:
        raise DatasetError(f"{path} is no image") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow reports a broken PNG as SyntaxError, and some of its parts as ValueError.
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"cannot read {path}: {reason}") from error


def matrices(path: Path, names: Sequence[str]) -> list[npt.NDArray[np.float64]]:
    """Return these variables of a MATLAB file, each as a matrix of numbers.

    Raises:
        DatasetError: the file is missing or broken, lacks one of them, or holds no numbers.
    """
    try:
        found = scipy.io.loadmat(path, variable_names=list(names))
        return [np.asarray(found[name], dtype=np.float64) for name in names]
    except KeyError as error:
        raise DatasetError(f"{path} has no variable {error}; it must hold {names}") from error
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    except _BROKEN_MATRICES as error:
        raise DatasetError(
            f"{path} is no MATLAB file of version 5 with numbers: {error}"
        ) from error


def mapped_array(path: Path) -> npt.NDArray[np.generic]:
    """Return the array of a ``.npy`` file, read from the disk as it is used; objects are refused.

    Raises:
        DatasetError: the file is missing, broken, or holds objects.
    """
    try:
        array: npt.NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, EOFError) as error:
        raise DatasetError(f"{path} is no array of numbers ({error})") from error
    return array
