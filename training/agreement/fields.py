"""``python -m training fields RUN… --out TABLE``: the Ki-67 index of each field, from labels and from models.

RUN is the folder of an experiment that was scored (``python -m training run``). TABLE is CSV, with a row for
each field of the part that was kept for the end, a column for the labels and one for each run: what
``python -m training agreement TABLE --reference labels`` compares. Runs of several seeds stand side by side.
A field without tumour cells has no index, and its cell stays empty.
"""

import argparse
import csv
import io
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.files import write_whole
from patherea_core.index.kinds import USUAL, Kind, Kinds, Tally
from patherea_core.taxonomy import Taxonomy
from training.importers.reading import table

log = logging.getLogger(__name__)

_LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Fields:
    """What was counted in the fields of one table of cells or points.

    Attributes:
        tallies: of each field that has any cell.
        patients: of each field, as far as the table says.
    """

    tallies: Mapping[str, Tally]
    patients: Mapping[str, str]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add which runs, which of their fields, and where to."""
    add = parser.add_argument
    add("runs", metavar="RUN", nargs="+", type=Path, help="folders of runs that were scored")
    add("--out", metavar="TABLE", type=Path, required=True, help="the CSV file to write")
    add("--fields", metavar="START", default="", help="only fields whose names begin so")
    add(
        "--not-counted",
        metavar="CLASS",
        nargs="+",
        default=["til"],
        help="further classes that are no tumour cells (default: til)",
    )


def run(options: argparse.Namespace) -> int:
    """Write the table and return the exit code."""
    kinds = dict(USUAL) | dict.fromkeys(options.not_counted, Kind.NOT_COUNTED)
    labelled = _labels_of_all(options.runs, kinds)
    found = {folder.name: counted_fields(folder / "cells.csv", kinds) for folder in options.runs}
    if len(found) < len(options.runs):
        raise InputError("two of the runs have one name; a column needs a name of its own")
    names = sorted(name for name in labelled.tallies if name.startswith(options.fields))
    if not names:
        raise InputError(f"no labelled field has a name that begins with {options.fields!r}")
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["slide", "patient", _LABELS, *found])
    for name in names:
        columns = [labelled, *found.values()]
        indices = [_percent(fields.tallies.get(name)) for fields in columns]
        writer.writerow([name, labelled.patients[name], *indices])
    write_whole(options.out, text.getvalue().encode())
    log.info("%s has %d fields of %d runs", options.out, len(names), len(found))
    return 0


def counted_fields(path: Path, kinds: Mapping[str, Kind]) -> Fields:
    """Return what a table of cells or points holds of each kind, field by field.

    Args:
        path: CSV with the columns image and class, and patient if it is known.
        kinds: what each class is to the index.

    Raises:
        DatasetError: the table is missing or broken.
        TaxonomyError: a class has no kind.
    """
    rows = table(path, ("image", "class"))
    counts: dict[str, Counter[Kind]] = defaultdict(Counter)
    names = sorted({row["class"] for row in rows})
    of_class = dict(zip(names, _kinds(names, kinds), strict=True))
    for row in rows:
        counts[row["image"]][of_class[row["class"]]] += 1
    return Fields(
        {
            image: Tally(count[Kind.POSITIVE], count[Kind.NEGATIVE], count[Kind.NOT_COUNTED])
            for image, count in counts.items()
        },
        {row["image"]: row.get("patient") or row["image"] for row in rows},
    )


def _kinds(names: list[str], kinds: Mapping[str, Kind]) -> tuple[Kind, ...]:
    """Return the kind of each class; a table may lack positive cells, so the pair is always asked for."""
    asked = [*names, *({"positive", "negative"} - set(names))]
    return Kinds.of(Taxonomy.of(asked), kinds).of_class[: len(names)]


def _labels_of_all(runs: list[Path], kinds: Mapping[str, Kind]) -> Fields:
    """Return the labels, which have to be the same for all runs.

    Raises:
        InputError: a run was not scored, or two were scored on other fields or labels.
    """
    for folder in runs:
        if not (folder / "report.json").is_file():
            raise InputError(
                f"{folder} has no report.json, so it was not scored; finish it with"
                " python -m training run … --resume"
            )
    first, *others = (counted_fields(folder / "points.csv", kinds) for folder in runs)
    for folder, fields in zip(runs[1:], others, strict=True):
        if fields.tallies != first.tallies:
            raise InputError(
                f"{folder} was scored on other fields or labels than {runs[0]}; make a table of each"
            )
    return first


def _percent(tally: Tally | None) -> str:
    share = None if tally is None else tally.share
    return "" if share is None else f"{100 * share:.4f}"
