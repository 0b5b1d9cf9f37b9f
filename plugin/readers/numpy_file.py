"""Cells from ``.npy`` files: lists of positions, and MCSpatNet's maps with a dot for each cell.

Accepted, by the array's shape:

* (N, 2) or (N, 3): rows of x, y and, if there is a third, the class, taken as they are;
* (H, W): a dot map of zeros and ones;
* (T, H, W): one dot map for each class, called 1, 2 and so on.

MCSpatNet (github.com/TopoXLab/MCSpatNet; its evaluation states the names) calls the map of one class
``<image>_e<epoch>_centers_s<class>.npy``, where classes count from 0, that of all cells
``<image>_e<epoch>_centers_allcells.npy``, and that of the labels ``<image>_gt_dots_class.npy``. A dot is a
pixel, so half a pixel is added. It writes them by ``ndarray.dump``, which makes pickles; of those, arrays of
numbers are read, and nothing in them is run. It pads an image, which stays in the middle, to multiples of 16
pixels; where its maps are larger than the image, the caller has to subtract the padding.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from patherea_core.errors import InputError
from plugin.readers.cell_rows import UNCLASSED, Cell, class_name, table_of
from plugin.readers.cell_table import CellTable
from plugin.readers.dumped_array import read_dumped

_NAME = re.compile(
    r"(?P<image>.+?)(?:_e\d+)?(?:_centers_s(?P<row>\d+)|_centers_allcells|_gt_dots(?:_class|_all)?)"
)
_NPY = b"\x93NUMPY"
#: The first byte of a pickle.
_PICKLE = b"\x80"
_PICKLED = (
    "is a pickle, which can run any program when it is read; where you trust it, load it and write it "
    "again with numpy.save"
)


def read_npy(path: Path) -> CellTable:
    """Return the cells of the one image of an array, which its name names.

    Raises:
        InputError: it cannot be read, is a pickle of anything but numbers, or is no such array.
    """
    array = _loaded(path)
    name = _NAME.fullmatch(path.stem)
    image = name["image"] if name else path.stem
    kind = str(int(name["row"]) + 1) if name and name["row"] else UNCLASSED
    if array.ndim == 2 and array.shape[1] in (2, 3):
        cells = _listed(array, image, kind)
    elif array.ndim == 2:
        cells = _dots(array, path, image, kind)
    elif array.ndim == 3:
        cells = (
            cell
            for row, plane in enumerate(array, start=1)
            for cell in _dots(plane, path, image, str(row))
        )
    else:
        raise InputError(
            f"{path} has the shape {array.shape}; positions are (N, 2) or (N, 3), dot maps (H, W) or "
            "(T, H, W)"
        )
    return table_of(path, cells, (image,))


def class_maps(paths: Sequence[Path]) -> list[Path]:
    """Return those files that are MCSpatNet's maps of one class of an image."""
    names = ((path, _NAME.fullmatch(path.stem)) for path in paths)
    return [path for path, name in names if name and name["row"]]


def _loaded(path: Path) -> npt.NDArray[Any]:
    try:
        with path.open("rb") as file:
            begin = file.read(6)
        if begin[:1] == _PICKLE:
            return read_dumped(path)
        if begin != _NPY:
            raise InputError(f"{path} is no .npy file")
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, TypeError) as error:
        reason = _PICKLED if "allow_pickle" in str(error) else f"cannot be read: {error}"
        raise InputError(f"{path} {reason}") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"{path} holds {array.dtype}, not numbers")
    return np.asarray(array)


def _listed(array: npt.NDArray[Any], image: str, kind: str) -> Iterator[Cell]:
    for x, y, *classed in array.tolist():
        yield Cell(image, x, y, class_name(classed[0]) if classed else kind)


def _dots(plane: npt.NDArray[Any], path: Path, image: str, kind: str) -> Iterator[Cell]:
    if not ((plane == 0) | (plane == 1)).all():
        raise InputError(f"{path} is no dot map, for it has values besides 0 and 1")
    for row, column in np.argwhere(plane).tolist():
        yield Cell(image, column + 0.5, row + 0.5, kind)
