"""Cells as tables: CSV for people and spreadsheets, Parquet for programs.

The columns are image, x, y, class and score; positions are base pixels.
"""

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from patherea_core.files import replacing, write_whole
from plugin.outputs.results import Results

COLUMNS = ("image", "x", "y", "class", "score")


def write_csv(path: Path, results: Results) -> None:
    """Write all cells, positions to a hundredth of a pixel."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    names = results.taxonomy.names
    for cells in results.slides:
        found = cells.detections
        writer.writerows(
            (cells.slide, f"{x:.2f}", f"{y:.2f}", names[class_row], f"{score:.4f}")
            for (x, y), class_row, score in zip(
                found.xy, found.class_index, found.score, strict=True
            )
        )
    write_whole(path, text.getvalue().encode())


def write_parquet(path: Path, results: Results) -> None:
    """Write all cells, exactly as they were found."""
    names = np.array(results.taxonomy.names, dtype=object)
    found = [cells.detections for cells in results.slides]
    images = [cells.slide for cells in results.slides for _ in range(len(cells.detections))]
    table = pa.table(
        {
            "image": pa.array(images, pa.string()),
            "x": pa.array(np.concatenate([part.xy[:, 0] for part in found])),
            "y": pa.array(np.concatenate([part.xy[:, 1] for part in found])),
            "class": pa.array(
                np.concatenate([names[part.class_index] for part in found]), pa.string()
            ),
            "score": pa.array(np.concatenate([part.score for part in found])),
        }
    )
    with replacing(path) as temporary:
        pq.write_table(table, temporary)
