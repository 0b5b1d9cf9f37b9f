"""Which reader understands a file: told by how its name ends, and for JSON by what is in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from patherea_core.errors import InputError
from plugin.readers import (
    annotation_file,
    annotation_store,
    coco,
    dataset,
    geojson,
    hovernet,
    hovernext,
    numpy_file,
    tables,
)
from plugin.readers.cell_table import CellTable
from plugin.readers.folder import joined, per_image_files
from plugin.readers.json_file import Json, read_json

UNDERSTOOD = (
    "CSV or Parquet with the columns image, x, y and class; GeoJSON; annotations of the archive (.json, "
    ".anot); JSON of HoVer-Net, HoVer-NeXt or COCO; .mat of HoVer-Net or Lizard; .npy with positions or dot "
    "maps; .db of TIAToolbox; or a folder with one such file for each image"
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """One kind of JSON."""

    recognises: Callable[[Json], bool]
    cells: Callable[[Json, Path], CellTable]


#: The first that recognises the content reads it.
_LAYOUTS = (
    _Layout(geojson.recognises, geojson.cells_of),
    _Layout(annotation_file.recognises, annotation_file.cells_of),
    _Layout(coco.recognises, coco.cells_of),
    _Layout(hovernet.recognises, hovernet.cells_of),
    _Layout(hovernext.recognises, hovernext.cells_of),
    _Layout(lambda content: content == [], geojson.cells_of),
)
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".7z")
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".dat", ".joblib")


def read_cells(path: Path) -> CellTable:
    """Return the cells of a file, or of a folder that holds a file for each image.

    Raises:
        InputError: it cannot be read, or no reader understands it.
    """
    if path.is_dir() and dataset.recognises(path):
        return dataset.read_dataset(path)
    if path.is_dir():
        chosen = per_image_files(path, tuple(_READERS))
        maps = numpy_file.class_maps(chosen)
        return joined(path, [read_cells(part) for part in maps or chosen], one_file_each=not maps)
    if not path.exists():
        raise InputError(f"there is no file {path}")
    ending = path.suffix.lower()
    if ending in _PACKED:
        raise InputError(f"{path} is packed; unpack it first")
    if ending in _PICKLES:
        raise InputError(
            f"{path} is a pickle, which can run any program when it is read, so it is not; "
            f"what is understood: {UNDERSTOOD}"
        )
    if ending not in _READERS:
        raise InputError(f"{path.name} is of no kind that is understood, which are: {UNDERSTOOD}")
    return _READERS[ending](path)


def _read_json_cells(path: Path) -> CellTable:
    content = read_json(path)
    for layout in _LAYOUTS:
        if layout.recognises(content):
            try:
                return layout.cells(content, path)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                raise InputError(f"{path} breaks off its layout: {error!r}") from error
    raise InputError(
        f"{path} holds JSON, but none that is understood, which is: GeoJSON, annotations of the archive, "
        "or that of HoVer-Net, HoVer-NeXt or COCO"
    )


_READERS: Mapping[str, Callable[[Path], CellTable]] = {
    ".csv": tables.read_csv,
    ".parquet": tables.read_parquet,
    ".geojson": _read_json_cells,
    ".json": _read_json_cells,
    ".anot": _read_json_cells,
    ".mat": hovernet.read_mat,
    ".npy": numpy_file.read_npy,
    ".db": annotation_store.read_store,
}
