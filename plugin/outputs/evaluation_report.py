"""Everything that the report of an evaluation shows, as values."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from patherea_core.evaluation.comparison import Comparison
from patherea_core.evaluation.details import Details, details
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.figures import (
    comparison_figures,
    details_figures,
    evaluation_figures,
)
from patherea_core.evaluation.outcomes import Outcomes, outcomes
from patherea_core.evaluation.report import Evaluation
from patherea_core.seeding import Seed
from plugin import provenance
from plugin.outputs.gallery import Picture, PixelSource, examples, pictures

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationReport:
    """Everything that a report shows.

    Attributes:
        title: what was evaluated.
        evaluation: the figures.
        fields: the regions, clipped to their outlines.
        sources: what was compared and with which settings, by name.
        comparison: with another model; None if there was none.
        details: curves over scores and radii.
        outcomes: what became of the cells of each region.
        pictures: some of these cells.
    """

    title: str
    evaluation: Evaluation
    fields: Sequence[Field]
    sources: Mapping[str, str] = field(default_factory=dict)
    comparison: Comparison | None = None
    details: Details | None = None
    outcomes: Sequence[Outcomes] = ()
    pictures: Sequence[Picture] = ()


def described(
    report: EvaluationReport, seed: Seed, pixels: PixelSource | None, each: int = 12
) -> EvaluationReport:
    """Return the report with curves, what became of every cell, and pictures where there are pixels.

    Args:
        report: the figures.
        seed: root of which cells are shown.
        pixels: where pictures come from; None for no pictures.
        each: pictures of each kind, at the most.
    """
    evaluation, classes = report.evaluation, report.evaluation.taxonomy
    found = tuple(outcomes(entry, len(classes), evaluation.radius) for entry in report.fields)
    curves = details(report.fields, len(classes), evaluation.radius)
    shown: Sequence[Picture] = ()
    if pixels is not None:
        seen = [row for row, entry in enumerate(report.fields) if pixels.has(entry.name)]
        if len(seen) < len(report.fields):
            log.warning("there are images of %s of %s regions", len(seen), len(report.fields))
        fields = [report.fields[row] for row in seen]
        chosen = examples(fields, [found[row] for row in seen], classes, seed, each)
        shown = pictures(chosen, fields, classes, evaluation.radius, pixels)
    return replace(report, outcomes=found, pictures=shown, details=curves)


def report_figures(report: EvaluationReport) -> dict[str, object]:
    """Return everything a program may want, ready for JSON."""
    names = report.evaluation.taxonomy.names
    more: dict[str, object] = {}
    if report.comparison is not None:
        more["comparison"] = comparison_figures(report.comparison, names)
    if report.details is not None:
        more["details"] = details_figures(report.details, names)
    return {
        **evaluation_figures(report.evaluation),
        **more,
        "sources": dict(report.sources),
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
    }
