"""The folder of harvested reviews: a page for people, tables for spreadsheets, and all of it for programs."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from patherea_core.files import partial_folder, writing
from plugin import provenance
from plugin.outputs.gallery import Picture
from plugin.outputs.review_page import review_page
from plugin.review.changes import KINDS
from plugin.review.cohort import Cohort, pooled
from plugin.review.cohort_table import cohort_figures

_SCORES = ("tp", "fp", "fn", "precision", "recall", "f1")
_SLIDES = (
    *("slide", "item", "annotation", "class", "pushed", *KINDS),
    *(*_SCORES, "f1_low", "f1_high", "mm2", "basis"),
    *("reviewers", "minutes_at_least", "minutes_per_100_cells_at_least", "model", "run"),
)
_CHANGES = (
    *("slide", "item", "element", "kind", "from", "to", "x", "y"),
    *("moved_um", "score", "reviewer", "time"),
)


def write_reviews(out: Path, cohort: Cohort, shown: Sequence[Picture]) -> None:
    """Write a new folder with review.html, review.json, slides.csv and changes.csv, whole or not at all.

    Args:
        out: the folder.
        cohort: the reviews.
        shown: pictures of some changed cells.

    Raises:
        OutputError: it cannot be written.
    """
    figures = {
        **cohort_figures(cohort),
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
    }
    with partial_folder(out) as partial, writing(out):
        (partial / "review.html").write_text(review_page(cohort, shown), encoding="utf-8")
        content = json.dumps(figures, allow_nan=False, indent=1)
        (partial / "review.json").write_text(content, encoding="ascii")
        _write_rows(partial / "slides.csv", _SLIDES, _slides(cohort))
        _write_rows(partial / "changes.csv", _CHANGES, _changes(cohort))
        partial.replace(out)


def _write_rows(path: Path, header: tuple[str, ...], rows: Iterator[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _slides(cohort: Cohort) -> Iterator[dict[str, object]]:
    """Yield a row for each class of each slide and one for any class; then those of all slides."""
    for one in cohort.reviews:
        figures = one.figures
        common = {
            "slide": one.slide,
            "item": one.item,
            "annotation": one.annotation,
            "mm2": _rounded(one.square_millimetres),
            "basis": one.basis,
            "reviewers": " ".join(share.reviewer for share in one.shares),
            "minutes_at_least": None if one.seconds is None else _rounded(one.seconds / 60),
            "minutes_per_100_cells_at_least": _rounded(one.minutes_per_100),
            "model": one.model,
            "run": figures["run"],
        }
        yield from ({**common, **row} for row in _classes(figures))
    if cohort.reviews:
        total = pooled(cohort)
        figures = cohort_figures(cohort)["pooled"]
        common = {
            "slide": "all slides",
            "mm2": _rounded(sum(one.square_millimetres for one in cohort.reviews)),
            "minutes_at_least": _rounded(figures["minutes_at_least"]),
            "minutes_per_100_cells_at_least": _rounded(total.minutes_per_100),
        }
        yield from ({**common, **row} for row in _classes(figures))


def _rounded(figure: float | None) -> float | None:
    """Return a figure as a table shows it: to a square micrometre, or to less than a second."""
    return None if figure is None else round(figure, 6)


def _classes(figures: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    cells: Mapping[str, Mapping[str, int]] = figures["cells"]
    every = {kind: sum(of[kind] for of in cells.values()) for kind in KINDS}
    rows = [(name, cells[name], figures["classes"][name]) for name in cells]
    for name, kinds, scores in (*rows, ("any class", every, figures["detection"])):
        low, high = scores["f1_interval"] or (None, None)
        found = {key: scores[key] for key in _SCORES}
        pushed = sum(kinds.values()) - kinds["added"]
        yield {"class": name, "pushed": pushed, **kinds, **found, "f1_low": low, "f1_high": high}


def _changes(cohort: Cohort) -> Iterator[dict[str, object]]:
    for one in cohort.reviews:
        for change in one.figures["changes"]:
            known = {key: value for key, value in change.items() if key in _CHANGES}
            yield {"slide": one.slide, "item": one.item, **known}
