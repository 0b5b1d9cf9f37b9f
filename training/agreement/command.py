"""``python -m training agreement TABLE --reference COLUMN``: how far figures of the same slides agree.

TABLE is a CSV file with a row for each slide, and a column of Ki-67 indices for each pathologist, eyeball
estimate, model or other software; columns called slide and patient say what they say. Each column is
compared with the reference, or with the mean of several: bias and limits of agreement, intraclass
correlations, Passing and Bablok's line, grades with kappa, and the share within 20 % of the reference.
Readers of a reference of several are compared with the others as well, since no model can be asked for more
than they reach.

With --out a folder gets agreement.md, agreement.csv, agreement.json and a picture of each comparison.
"""

import argparse
import json
import logging
import re
import sys
from pathlib import Path

from patherea_core.errors import OutputError
from patherea_core.files import require_writable, write_whole
from patherea_core.seeding import Seed
from training.agreement.grades import Grades
from training.agreement.pictures import FORMS, comparison_picture
from training.agreement.slide_table import read_table
from training.agreement.study import Study, remarks, study_of
from training.agreement.words import as_csv, as_markdown

_REPORT, _ROWS, _FIGURES = "agreement.md", "agreement.csv", "agreement.json"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add which table, what to compare with, and where to."""
    add = parser.add_argument
    add("table", metavar="TABLE", type=Path, help="CSV: a row for each slide")
    add("--reference", metavar="COLUMN", nargs="+", required=True, help="one column, or several")
    add(
        "--ignore", metavar="COLUMN", nargs="+", default=(), help="columns that hold something else"
    )
    add("--unit", choices=("percent", "share"), help="of the figures (default: percent)")
    add(
        "--grades",
        default="net",
        help="net, breast, or cut-offs in percent, say 5,30 (default: net)",
    )
    add("--level", type=float, default=0.95, help="of the intervals (default: 0.95)")
    add("--seed", type=int, default=0, help="of the intervals' draws (default: 0)")
    add("--out", metavar="DIR", type=Path, help="folder for tables and pictures")
    add("--pictures", choices=FORMS, nargs="*", default=["pdf", "png"], help="(default: pdf png)")


def run(options: argparse.Namespace) -> int:
    """Compare, write and return the exit code."""
    grades = Grades.named(options.grades)
    table = read_table(options.table, options.unit, ignore=options.ignore)
    study = study_of(
        table, list(dict.fromkeys(options.reference)), grades, Seed(options.seed), options.level
    )
    text = as_markdown(study)
    if options.out is not None:
        _write(study, text, options)
    sys.stdout.write(text)
    return 0


def _write(study: Study, text: str, options: argparse.Namespace) -> None:
    """Write all files; everything is made before the first is written."""
    out: Path = options.out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{out} cannot be made a folder ({error.strerror}); name one that can"
        ) from error
    figures = {
        "table": str(options.table),
        "grades": {"names": study.grades.names, "cut_offs_percent": study.grades.cut_offs},
        "intervals_by": "patients" if study.by_patient else "slides",
        "level": study.level,
        "seed": options.seed,
        "comparisons": [one.to_dict() for one in study.comparisons],
        "remarks": remarks(study),
    }
    # Whoever writes fonts into pictures tells of every letter.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    files = {
        _REPORT: text.encode(),
        _ROWS: as_csv(study).encode(),
        _FIGURES: json.dumps(figures, indent=1, allow_nan=False).encode(),
    }
    for number, one in enumerate(study.comparisons, start=1):
        for form in options.pictures:
            name = f"{number:02}-{_plain(one.name)}.{form}"
            files[name] = comparison_picture(one, study.grades, form)
    for name in files:
        require_writable(out / name)
    for name, content in files.items():
        write_whole(out / name, content)


def _plain(name: str) -> str:
    """Return a name that every file system takes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:40] or "column"
