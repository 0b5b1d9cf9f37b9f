"""A stain check as files: the figures, a table of tumour cells, and an annotation of those to look at."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from patherea_core.files import write_whole
from patherea_core.geometry import Ints
from patherea_core.index.stain_check import StainCheck, remarks
from plugin import provenance
from plugin.dsa.annotation_encoding import element_id, text_of
from plugin.index.checked_stain import CheckedSlide, kappa_words, share_words
from plugin.text_columns import chosen, fixed, joined

#: Files in the folder of results.
REPORT, TABLE, ANNOTATION = FILES = (
    "stain-check.json",
    "stain-check.csv",
    "stain-check.annotation.json",
)
#: What the attributes of the annotation say of its kind: it is no detection, and no label to train on.
STAIN_KIND = "stain check"
#: Groups of the annotation, and their colours: a class that the stain contradicts.
UNSTAINED, STAINED = "positive without DAB", "negative with DAB"
_COLOURS = {UNSTAINED: "#cc79a7", STAINED: "#e69f00"}
#: Cells of an annotation; of more, the viewer shows clusters that cannot be clicked. And so many annotations
#: of them; a stain that contradicts more cells is no list to go through.
MOST_SHOWN, MOST_PARTS = 5000, 10

_COLUMNS = ("image", "x", "y", "class", "dab", "stain", "verdict")


def write_check(checked: CheckedSlide, folder: Path) -> None:
    """Write all three files; each is whole or not there.

    Raises:
        OutputError: the folder cannot be written.
    """
    run_id = provenance.new_run_id()
    report = {
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "run": run_id,
        **checked.to_dict(),
    }
    write_whole(folder / TABLE, table_of(checked))
    parts = check_annotations(checked, run_id)
    content = parts[0] if len(parts) == 1 else parts
    write_whole(folder / ANNOTATION, text_of(content).encode("ascii"))
    write_whole(
        folder / REPORT, json.dumps(report, indent=1, allow_nan=False, ensure_ascii=True).encode()
    )


def table_of(checked: CheckedSlide) -> bytes:
    """Return all tumour cells as CSV: those that disagree first, the most striking of them at the top."""
    check = checked.check
    rows = np.concatenate([_most_striking(check), np.flatnonzero(~check.disagrees)])
    name = io.StringIO()
    csv.writer(name, lineterminator="").writerow([checked.slide])
    verdict = np.where(check.disagrees, 2, check.unclear)
    lines = joined(
        f"{name.getvalue()},",
        fixed(check.cells.xy[rows, 0], 2),
        ",",
        fixed(check.cells.xy[rows, 1], 2),
        ",",
        chosen(("negative", "positive"), check.cells.positive[rows].astype(np.int64)),
        ",",
        fixed(check.dab[rows], 4),
        ",",
        chosen(("unstained", "stained"), check.stained[rows].astype(np.int64)),
        ",",
        chosen(("agrees", "unclear", "disagrees"), verdict[rows].astype(np.int64)),
        "\n",
    )
    return f"{','.join(_COLUMNS)}\n".encode() + lines


def check_annotations(
    checked: CheckedSlide, run_id: str, name: str = "Stain check", *, visible: bool = True
) -> tuple[dict[str, Any], ...]:
    """Return annotations with the cells that disagree, in two groups; the most striking come first.

    Args:
        checked: the slide.
        run_id: names this run; no other annotation has the same.
        name: what the annotation is called; parts of a longer list are numbered.
        visible: whether it is shown at first.
    """
    rows = _most_striking(checked.check)
    names = part_names(checked, name)
    return tuple(
        _part(checked, rows[start : start + MOST_SHOWN], start, run_id)
        | {"name": part, "display": {"visible": visible}}
        for part, start in zip(names, range(0, max(1, len(rows)), MOST_SHOWN), strict=False)
    )


def part_names(checked: CheckedSlide, name: str) -> tuple[str, ...]:
    """Return what the annotations with the cells that disagree are called, at least one."""
    parts = min(MOST_PARTS, max(1, -(-checked.disagreeing // MOST_SHOWN)))
    if parts == 1:
        return (name,)
    return tuple(f"{name}, {number} of {parts}" for number in range(1, parts + 1))


def not_shown(checked: CheckedSlide) -> int:
    """Return how many cells that disagree are in no annotation; they are the least striking ones."""
    return max(0, checked.disagreeing - MOST_SHOWN * MOST_PARTS)


def _part(checked: CheckedSlide, rows: Ints, start: int, run_id: str) -> dict[str, Any]:
    """Return the part of the list that begins with so many cells before it."""
    check, left_out = checked.check, not_shown(checked)
    # The archive checks a list faster whose like elements come together.
    rows = rows[np.argsort(~check.cells.positive[rows], kind="stable")]
    told = f"{checked.disagreeing} of {len(check.cells)} tumour cells whose stain contradicts their class"
    if len(rows) < checked.disagreeing:
        told += f"; here the {start + 1}. to the {start + len(rows)}., the most striking first"
    if left_out:
        told += f"; the last {left_out} are in no annotation"
    return {
        "description": told,
        "attributes": {
            "patherea": {
                "kind": STAIN_KIND,
                "run": run_id,
                "shown": len(rows),
                "in_no_annotation": left_out,
                "explanation": "dab: optical density of DAB at the cell, to be compared with the threshold",
                **checked.to_dict(),
            }
        },
        "elements": list(_elements(check, rows, start, run_id)),
    }


def check_lines(checked: CheckedSlide) -> tuple[str, ...]:
    """Return what a person at a terminal, or a reader of a report, is told."""
    check = checked.check
    (both, missing), (without, neither) = check.counts.tolist()
    clear = "" if check.threshold.unstained is None else ", which the slide tells"
    return (
        f"Stain of {len(check.cells)} tumour cells of {checked.slide}: above an optical density of DAB of "
        f"{check.threshold.value:.2f}{clear}, a cell is stained.",
        f"Positive: {both} stained, {missing} not. Negative: {without} stained, {neither} not.",
        f"Class and stain agree for {share_words(check.agreement)} of the cells, kappa "
        f"{kappa_words(check.kappa)}; {checked.disagreeing} cells clearly disagree, "
        f"{int(check.unclear.sum())} are near the threshold.",
        *(f"Note: {sentence}." for sentence in remarks(check)),
    )


def _most_striking(check: StainCheck) -> Ints:
    """Return the rows that disagree, the farthest from the threshold, as a ratio of densities, first."""
    rows = np.flatnonzero(check.disagrees)
    # Densities near zero, or below, differ by noise alone.
    far = np.abs(np.log(np.maximum(check.dab[rows], 0.01) / check.threshold.value))
    order: Ints = rows[np.argsort(-far, kind="stable")]
    return order


def _elements(check: StainCheck, rows: Ints, start: int, run_id: str) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows.tolist(), start):
        x, y = check.cells.xy[row].tolist()
        group = UNSTAINED if check.cells.positive[row] else STAINED
        yield {
            "type": "point",
            "id": element_id(run_id, number),
            "center": [round(x, 1), round(y, 1), 0],
            "group": group,
            "label": {"value": group},
            "lineColor": _COLOURS[group],
            "lineWidth": 2,
            "fillColor": f"{_COLOURS[group]}1a",
            "user": {"dab": round(float(check.dab[row]), 4)},
        }
