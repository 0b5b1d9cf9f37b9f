"""Writing files of cells in every form, chosen by how the file's name ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.files import require_writable
from plugin.outputs import annotation_file, geojson, tables
from plugin.outputs.results import Results


@dataclass(frozen=True, slots=True)
class _Form:
    """One kind of file."""

    write: Callable[[Path, Results], None]
    many_slides: bool = True


_ANNOTATION = _Form(annotation_file.write_annotation, many_slides=False)
_FORMS: Mapping[str, _Form] = {
    ".csv": _Form(tables.write_csv),
    ".parquet": _Form(tables.write_parquet),
    ".geojson": _Form(geojson.write_geojson),
    ".json": _ANNOTATION,
    ".anot": _ANNOTATION,
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
    chosen = _form(path, form)
    if slide_count > 1 and not chosen.many_slides:
        raise InputError(
            f"{path.name} is an annotation, which holds one slide, but {slide_count} were given; "
            "write .csv, .parquet or .geojson, or run slide by slide"
        )
    require_writable(path)


def write_cells(path: Path, results: Results, form: str | None = None) -> None:
    """Write results, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    _form(path, form).write(path, results)


def _form(path: Path, form: str | None) -> _Form:
    ending = form or path.suffix.lower()
    if ending not in _FORMS:
        raise InputError(f"{path.name} must end in one of {', '.join(sorted(_FORMS))}")
    return _FORMS[ending]
