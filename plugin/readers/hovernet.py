"""Cells from HoVer-Net: JSON of tiles and slides, and ``.mat`` files, also those of Lizard and CoNSeP.

Documented in the README of github.com/vqdang/hover_net: JSON with ``nuc``, an object of nuclei by id with
``centroid`` (x, y), ``type`` and ``type_prob``, and for slides ``mag``; ``.mat`` with ``inst_centroid``
(N, 2) and ``inst_type`` (N, 1). The labels of Lizard (read_label.py beside them) have ``centroid`` and
``class`` instead. Centroids are means of the indices of pixels, so half a pixel is added. Types are
numbers, whose names the files do not tell.
"""

import logging
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from patherea_core.data.finding import counted
from patherea_core.errors import InputError
from plugin.readers.cell_rows import Cell, class_name, each, table_of
from plugin.readers.cell_table import CellTable
from plugin.readers.json_file import Json

log = logging.getLogger(__name__)

#: Names of positions and types in a ``.mat`` file: HoVer-Net and CoNSeP, then Lizard.
_VARIABLES = (("inst_centroid", "inst_type"), ("centroid", "class"))


def recognises(content: Json) -> bool:
    """Tell whether JSON is HoVer-Net's; older versions wrote the nuclei without ``nuc`` around them."""
    if not isinstance(content, dict):
        return False
    first = next(iter(content.values()), None)
    return "nuc" in content or (isinstance(first, dict) and "centroid" in first)


def cells_of(content: Json, path: Path) -> CellTable:
    """Return the nuclei of the one image of a JSON file, which its name names.

    Raises:
        InputError: a nucleus has no centroid.
    """
    if content.get("mag") is not None:
        log.info("%s has pixels at magnification %s, as it says", path, content["mag"])
    nuclei = content.get("nuc", content).values()
    cells = each(path, "nucleus", nuclei, lambda nucleus: [_cell(nucleus, path.stem)])
    return table_of(path, cells, (path.stem,))


def read_mat(path: Path) -> CellTable:
    """Return the nuclei of the one image of a ``.mat`` file, which its name names.

    Raises:
        InputError: it cannot be read, or has no centroids.
    """
    names = [name for pair in _VARIABLES for name in pair]
    try:
        found = loadmat(path, variable_names=names)
    except (OSError, ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise InputError(f"{path} cannot be read as a MATLAB file: {error}") from error
    except (MatReadError, zlib.error) as error:
        raise InputError(f"{path} is a broken MATLAB file: {error}") from error
    for places, types in _VARIABLES:
        if places in found:
            return _table(path, found[places], found.get(types))
    raise InputError(f"{path} has no inst_centroid (HoVer-Net) and no centroid (Lizard)")


def _cell(nucleus: dict[str, Any], image: str) -> Cell:
    x, y = nucleus["centroid"]
    score = nucleus.get("type_prob")
    score = max(score) if isinstance(score, list) else score
    return Cell(image, x + 0.5, y + 0.5, class_name(nucleus.get("type")), score)


def _table(path: Path, places: Any, types: Any) -> CellTable:  # noqa: ANN401  whatever the file holds
    try:
        xy = np.asarray(places, dtype=np.float64).reshape(-1, 2) + 0.5
        kinds = [None] * len(xy) if types is None else np.ravel(types).tolist()
    except (ValueError, TypeError) as error:
        raise InputError(f"the centroids of {path} are no rows of x and y: {error}") from error
    if len(kinds) != len(xy):
        centroids = counted(len(xy), "centroid", "centroids")
        raise InputError(f"{path} has {centroids} but {counted(len(kinds), 'type', 'types')}")
    cells = (
        Cell(path.stem, float(x), float(y), class_name(kind))
        for (x, y), kind in zip(xy, kinds, strict=True)
    )
    return table_of(path, cells, (path.stem,))
