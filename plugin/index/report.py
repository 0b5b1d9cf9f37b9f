"""Everything that is known of a count and where it came from, as one value, and as JSON. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from patherea_core.index.guidelines import Grading
from patherea_core.index.kinds import Kind
from patherea_core.index.summary import (
    corrected_figures,
    grading_figures,
    hotspots_figures,
    index_figures,
)
from plugin.dsa.annotation_codec import AnnotationIdentity
from plugin.index.checked_stain import CheckedSlide
from plugin.index.counting import CellsOfSlide, Estimated, Ki67Count
from plugin.index.methods import window_in_words

#: What this program calls it, in annotations and metadata.
KI67_KIND = "ki67"

_WORDS = {Kind.POSITIVE: "positive", Kind.NEGATIVE: "negative", Kind.NOT_COUNTED: "not counted"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """Where the cells came from.

    Attributes:
        sources: what was read, by what it is: files or annotations.
        annotations: those of the archive.
        model: what is known of the model that found the cells; empty if nothing is.
        errors: the reports that tell the model's errors.
        labelled_cells: in these reports.
        reviewers: who changed the cells.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    annotations: tuple[AnnotationIdentity, ...] = ()
    model: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    labelled_cells: int = 0
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ki67Report:
    """A count with all that a person needs to trust it.

    Attributes:
        name: of the slide, or of what the slides have in common.
        item: of the archive; empty for files.
        run_id: names this count; no other one has the same.
        slides: what was counted.
        count: the figures.
        classes: what each class was taken for.
        origin: where the cells came from.
        signer: who is to sign; empty if that is open.
        notes: what a person must know, a sentence each.
        made: program, build and time.
        stain: what the slide's stain says of the counted cells; None if nobody looked.
        stain_listed: where the cells are listed whose class it contradicts; empty if nowhere.
    """

    name: str
    item: str
    run_id: str
    slides: tuple[CellsOfSlide, ...]
    count: Ki67Count
    classes: Mapping[str, Kind]
    origin: Origin
    signer: str
    notes: tuple[str, ...]
    made: Mapping[str, str]
    stain: CheckedSlide | None = None
    stain_listed: str = ""

    @property
    def mpp(self) -> float | None:
        """Micrometres per base pixel of all slides; None if it is not known, or they differ."""
        sizes = {slide.mpp for slide in self.slides}
        return sizes.pop() if len(sizes) == 1 else None

    @property
    def all_notes(self) -> tuple[str, ...]:
        """What a person must know of the cells and of the figures."""
        return (*self.notes, *self.count.notes)


def report_figures(report: Ki67Report) -> dict[str, Any]:
    """Return everything ready for JSON; shares are of 1, and what is undefined is None."""
    count, origin = report.count, report.origin
    guideline = count.settings.method.guideline
    return {
        "kind": KI67_KIND,
        "name": report.name,
        "item": report.item or None,
        "run": report.run_id,
        "method": {
            "name": count.settings.method.name,
            "place": guideline.place,
            "headline": "hotspot 1" if count.is_hotspot else "all that was counted",
        },
        **estimated_figures(count.headline),
        "grade": grading_figures(count.headline.counted, guideline, count.grades),
        "raw_grade": _grades(count.raw_grades),
        "more_cells": count.more and {"more": count.more.more, "half_width": count.more.half_width},
        "whole": estimated_figures(count.whole),
        "regions": [estimated_figures(one) for one in count.regions],
        **_hotspots(count),
        "cells_outside_of_regions": count.outside,
        "classes": {name: _WORDS[kind] for name, kind in report.classes.items()},
        "pixel_size_um": report.mpp,
        "sources": dict(origin.sources),
        "annotations": [
            {"id": one.id, "name": one.name, "version": one.version, "updated": one.updated}
            for one in origin.annotations
        ],
        "model": dict(origin.model) or None,
        "errors_known_from": list(origin.errors),
        "labelled_cells": origin.labelled_cells,
        "reviewers": list(origin.reviewers),
        "stain_check": _stain(report),
        "lacks": list(count.lacks),
        "notes": list(report.all_notes),
        "seed": count.settings.seed.value,
        **report.made,
        "use": "research use only",
    }


def estimated_figures(estimated: Estimated) -> dict[str, Any]:
    """Return an index as counted, and beside it the corrected one; None where errors are not known."""
    fixed = estimated.corrected
    return {
        **index_figures(estimated.counted),
        "corrected": None if fixed is None else corrected_figures(fixed),
    }


def metadata_figures(report: Ki67Report) -> dict[str, Any]:
    """Return the few figures that are noted of a slide, for lists and searches of the archive."""
    figures, headline = report_figures(report), report.count.headline
    fixed = headline.corrected
    kept = ("run", "method", "index", "undefined_because", "interval", "level", "tumour_cells")
    return {
        **{name: figures[name] for name in kept},
        "positive_cells": headline.counted.tally.positive,
        "corrected_index": fixed and fixed.value,
        "corrected_interval": fixed and fixed.interval and list(fixed.interval.bounds),
        "grade": figures["grade"]["grade"],
        "grade_probability": figures["grade"]["probability"],
        "guideline": figures["grade"]["guideline"],
        "guideline_met": not report.count.lacks,
        "annotations": figures["annotations"],
        "reviewers": figures["reviewers"],
        "stain_kappa": report.stain and report.stain.check.kappa.value,
        "stain_contradicts": report.stain and report.stain.disagreeing,
        **report.made,
        "use": figures["use"],
    }


def _hotspots(count: Ki67Count) -> dict[str, Any]:
    if count.hotspots is None:
        return {"hotspots": None}
    figures = hotspots_figures(count.hotspots)
    spots: list[Any] = list(figures["hotspots"])  # type: ignore[call-overload]  # JSON, as written there
    for spot, estimated in zip(spots, count.spots, strict=True):
        spot["corrected"] = estimated.corrected and corrected_figures(estimated.corrected)
    return {
        "hotspots": spots,
        "hotspot_window": window_in_words(count.hotspots.kind),
        "no_hotspot_because": figures["none_because"],
        "windows_compared": figures["candidates"],
    }


def _stain(report: Ki67Report) -> dict[str, Any] | None:
    if report.stain is None:
        return None
    return {**report.stain.to_dict(), "listed_in": report.stain_listed or None}


def _grades(grades: Grading | None) -> dict[str, Any] | None:
    if grades is None:
        return None
    return {
        "grade": grades.grade,
        "probability": {chance.name: chance.probability for chance in grades.chances},
    }
