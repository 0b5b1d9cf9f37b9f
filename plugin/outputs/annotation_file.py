"""Cells as the annotation file that the archive takes in; it holds the cells of one slide."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from patherea_core.errors import InputError
from patherea_core.files import write_whole
from patherea_core.taxonomy import Taxonomy
from plugin.dsa import annotation_codec
from plugin.outputs.cell_tables import CellTable
from plugin.outputs.results import Results

log = logging.getLogger(__name__)


def annotation_of(results: Results) -> dict[str, Any]:
    """Return the annotation of the one slide of a run."""
    (cells,) = results.slides
    if len(cells.detections) > annotation_codec.POINTS_PER_ANNOTATION:
        log.warning(
            "%s cells are more than the archive's viewer can edit in one annotation; "
            "run on regions, or take a table",
            len(cells.detections),
        )
    return annotation_codec.encode(
        cells.detections,
        results.taxonomy,
        name=results.name,
        run_id=results.run_id,
        attributes={"slide": cells.slide, **results.facts},
        description=f"{len(cells.detections)} cells found by Patherea, run {results.run_id}",
    )


def write_annotation(path: Path, results: Results) -> None:
    """Write the annotation of the one slide of a run, in ASCII."""
    document = annotation_of(results)
    write_whole(path, json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii"))


def read_annotation_file(path: Path) -> CellTable:
    """Return the points of an annotation file.

    Raises:
        InputError: it cannot be read, or is no annotation.
    """
    try:
        content = json.loads(path.read_bytes())
        document = content if "annotation" in content else {"annotation": content}
        elements = document["annotation"]["elements"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no annotation of the archive: {error}") from error
    names = annotation_codec.decode(document).class_names if elements else ()
    taxonomy = Taxonomy.of(dict.fromkeys(names) or ["none"])
    found = annotation_codec.decode_detections(document, taxonomy)
    ours = (document["annotation"].get("attributes") or {}).get("patherea") or {}
    return CellTable(
        source=path,
        images=(str(ours.get("slide", "")),) * len(found),
        xy=found.xy,
        class_names=tuple(taxonomy.names[row] for row in found.class_index),
        score=np.asarray(found.score),
    )
