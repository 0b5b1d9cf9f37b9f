"""Writing files of cells in every form, chosen by how the file's name ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.files import require_writable
from plugin.outputs import annotation_file, density, geojson, overlay, tables, tissue_outline
from plugin.outputs.results import Results


@dataclass(frozen=True, slots=True)
class _Form:
    """One kind of file."""

    write: Callable[[Path, Results], None]
    what: str
    many_slides: bool = True


#: The form that shows the slide itself.
PICTURE = ".overlay.png"

#: The forms that show where there is tissue, in place of the cells.
OUTLINES = frozenset({".tissue.geojson", ".tissue.anot"})

_ANNOTATION = _Form(annotation_file.write_annotation, "an annotation", many_slides=False)
_FORMS: Mapping[str, _Form] = {
    ".csv": _Form(tables.write_csv, "a table"),
    ".parquet": _Form(tables.write_parquet, "a table"),
    ".geojson": _Form(geojson.write_geojson, "GeoJSON"),
    ".geojson.gz": _Form(partial(geojson.write_geojson, packing=".gz"), "GeoJSON"),
    ".geojson.zip": _Form(partial(geojson.write_geojson, packing=".zip"), "GeoJSON"),
    ".json": _ANNOTATION,
    ".anot": _ANNOTATION,
    ".points.parquet": _Form(tables.write_points, "a table of points", many_slides=False),
    ".density.tif": _Form(density.write_density, "a density map", many_slides=False),
    PICTURE: _Form(overlay.write_overlay, "a picture", many_slides=False),
    ".tissue.geojson": _Form(tissue_outline.write_tissue, "an outline", many_slides=False),
    ".tissue.anot": _Form(
        tissue_outline.write_tissue_annotation, "an annotation", many_slides=False
    ),
}


def require_cell_file(path: Path, form: str | None, slide_count: int) -> None:
    """Check before long work that results can be written.

    Args:
        path: the file.
        form: an ending that decides the form instead of the file's own.
        slide_count: how many slides there will be.

    Raises:
        InputError: the form is unknown, or holds one slide only.
        OutputError: the file cannot be written.
    """
    chosen = _FORMS[form_of(path, form)]
    if slide_count > 1 and not chosen.many_slides:
        raise InputError(
            f"{path.name} is {chosen.what}, which holds one slide, but {slide_count} were given; "
            "write .csv, .parquet or .geojson, or run slide by slide"
        )
    require_writable(path)


def write_cells(path: Path, results: Results, form: str | None = None) -> None:
    """Write results, whole or not at all, without ever holding all cells in memory.

    Raises:
        InputError: the form needs to know how large the slide is, which the results do not say.
        OutputError: the file cannot be written.
    """
    _FORMS[form_of(path, form)].write(path, results)


def form_of(path: Path, form: str | None = None) -> str:
    """Return which form a file has: the longest known ending of its name, or that of ``form``.

    Raises:
        InputError: no known ending fits.
    """
    name = (form or path.name).lower()
    fitting = [ending for ending in _FORMS if name.endswith(ending)]
    if not fitting:
        raise InputError(f"{path.name} must end in one of {', '.join(sorted(_FORMS))}")
    return max(fitting, key=len)
