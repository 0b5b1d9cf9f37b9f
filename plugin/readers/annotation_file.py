"""Cells from the annotation file that the archive gives out; it holds the cells of one slide."""

import json
from pathlib import Path

import numpy as np

from patherea_core.errors import InputError
from patherea_core.taxonomy import Taxonomy
from plugin.dsa import annotation_codec
from plugin.readers.cell_table import CellTable, coded


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
    class_names, class_index = coded(names)
    taxonomy = Taxonomy.of(class_names or ["none"])
    found = annotation_codec.decode_detections(document, taxonomy)
    ours = (document["annotation"].get("attributes") or {}).get("patherea") or {}
    return CellTable(
        source=path,
        image_names=(str(ours.get("slide", "")),),
        image_index=np.zeros(len(found), dtype=np.int64),
        class_names=class_names,
        class_index=class_index,
        xy=found.xy,
        score=np.asarray(found.score),
    )
