"""What is told of a run beside its cells: in the results, and in its record of each slide."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from patherea_core.bundle_card import BundleCard
from patherea_core.cells import Cells
from patherea_core.workflow.detection.reading_ahead import core_in_base
from plugin import provenance
from plugin.commands.slide_detection import DetectedSlide, PlannedSlide
from plugin.commands.slide_plan import DetectSettings
from plugin.outputs.results import Results
from plugin.outputs.run_manifest import (
    Hole,
    ModelRecord,
    RunManifest,
    SlideRecord,
    device_in_words,
    installed_versions,
    processor_name,
)
from plugin.slides.reader import COLOURS


def as_results(found: Sequence[DetectedSlide], settings: DetectSettings) -> Results:
    """Return what was found together with where it came from.

    Nothing of that depends on whether the run was stopped and gone on with.
    """
    card, first = found[0].planned.detector.card, found[0]
    return Results(
        slides=[each.cells for each in found],
        taxonomy=card.taxonomy,
        name=f"{settings.name} {first.run_id}",
        run_id=first.run_id,
        facts={**_facts(first.planned, settings), "created": first.begun},
    )


def _facts(planned: PlannedSlide, settings: DetectSettings) -> Mapping[str, Any]:
    card = planned.detector.card
    return {
        "program": provenance.program(),
        **provenance.build(),
        "model": {
            "name": card.name,
            "weights_sha256": card.weights_sha256,
            "backbone": card.recipe.network.backbone,
            "mpp": card.mpp,
        },
        "threshold": planned.plan.threshold,
        **_class_thresholds(planned),
        "tile_size": planned.plan.tile_size,
        "region": None if settings.region is None else settings.region.wkt,
        "everywhere": settings.everywhere,
        "colours": COLOURS,
    }


def _class_thresholds(planned: PlannedSlide) -> dict[str, dict[str, float]]:
    """Return the threshold of each class, where they differ."""
    if planned.thresholds is None:
        return {}
    names = planned.detector.card.taxonomy.names
    return {"class_thresholds": dict(zip(names, planned.thresholds.tolist(), strict=True))}


def slide_manifest(found: DetectedSlide, results: Results, writing: float) -> RunManifest:
    """Return what was done on one slide of a run.

    Args:
        found: what was done, and found.
        results: of all slides of the run.
        writing: seconds that it took to merge the cells of all slides and to write them.
    """
    planned = found.planned
    detector = planned.detector
    return RunManifest(
        run=results.run_id,
        created=provenance.now(),
        program=provenance.program(),
        build=provenance.build(),
        model=_model(detector.card),
        slide=_slide(found),
        parameters=_parameters(planned, results),
        versions=installed_versions(),
        device=", ".join(
            (device_in_words(detector.device), detector.runtime.name, detector.runtime.precision)
        ),
        timings={
            "looking": round(planned.seconds, 1),
            "detection": round(found.seconds, 1),
            "writing": round(writing, 1),
        },
        counts=counts(found.cells.cells, results.taxonomy.names),
        holes=tuple(_holes(found)),
        complete=not found.holes,
    )


def _parameters(planned: PlannedSlide, results: Results) -> dict[str, Any]:
    """Return what was asked for, what followed from it for this slide, and what the times depend on."""
    return {
        **results.facts,
        "annotation": results.name,
        "halo": planned.detector.card.halo,
        "tiles": len(planned.plan.tiles),
        "mm2": round(planned.plan.square_millimetres, 4),
        "plan": planned.plan.digest,
        "preflight": [check.to_dict() for check in planned.checks],
        "processor": processor_name(),
        "threads": torch.get_num_threads(),
    }


def counts(cells: Cells, names: tuple[str, ...]) -> dict[str, int]:
    """Return how many cells there are of each class."""
    total = np.zeros(len(names), dtype=np.int64)
    for part in cells.parts():
        total += np.bincount(part.detections.class_index, minlength=len(names))
    return dict(zip(names, total.tolist(), strict=True))


def _model(card: BundleCard) -> ModelRecord:
    return ModelRecord(
        name=card.name or "unnamed", weights_sha256=card.weights_sha256, mpp=card.mpp
    )


def _slide(found: DetectedSlide) -> SlideRecord:
    frame = found.cells.require_frame("the record of a run")
    return SlideRecord(
        name=found.cells.slide,
        width=frame.width,
        height=frame.height,
        base_mpp=frame.base_mpp,
        offset=frame.offset,
        sha256=found.planned.digest,
    )


def _holes(found: DetectedSlide) -> Iterator[Hole]:
    for number in found.holes:
        core = core_in_base(found.planned.plan, number)
        yield Hole(
            tile=number,
            left=core.left,
            top=core.top,
            width=core.width,
            height=core.height,
            reason=found.reasons[number],
        )
