"""Cells from HoVer-NeXt's class_inst.json: each nucleus by its id, with its class and (y, x).

The README of github.com/digitalpathologybern/hover_next_inference calls it "a class-lookup with centroids";
its sample_analysis.ipynb reads the four columns instance, class, y and x from it. Centroids are means of the
indices of pixels, so half a pixel is added. The pixels are those of the resolution that the network worked
at, which need not be the slide's. The file lies in a folder that is named after the image.
"""

from pathlib import Path

from plugin.readers.cell_rows import Cell, class_name, each, table_of
from plugin.readers.cell_table import CellTable
from plugin.readers.json_file import Json

#: What the file is always called.
STEM = "class_inst"


def recognises(content: Json) -> bool:
    """Tell whether JSON is HoVer-NeXt's; an empty object is one without nuclei."""
    if not isinstance(content, dict):
        return False
    first = next(iter(content.values()), None)
    return not content or (
        isinstance(first, list) and len(first) == 2 and isinstance(first[1], list)
    )


def cells_of(content: Json, path: Path) -> CellTable:
    """Return the nuclei of the one image.

    Raises:
        InputError: a nucleus has no class or centroid.
    """
    image = path.resolve().parent.name if path.stem == STEM else path.stem
    cells = each(path, "nucleus", content.values(), lambda nucleus: [_cell(nucleus, image)])
    return table_of(path, cells, (image,))


def _cell(nucleus: list[Json], image: str) -> Cell:
    kind, (y, x) = nucleus
    return Cell(image, x + 0.5, y + 0.5, class_name(kind))
