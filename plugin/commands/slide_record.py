"""What the record of a run says of one slide."""

import numpy as np

from patherea_core.bundle_card import BundleCard
from patherea_core.cells import Cells
from plugin import provenance
from plugin.commands.slide_detection import DetectedSlide
from plugin.outputs.results import Results
from plugin.outputs.run_manifest import (
    Hole,
    ModelRecord,
    RunManifest,
    SlideRecord,
    installed_versions,
)


def slide_manifest(found: DetectedSlide, results: Results) -> RunManifest:
    """Return what was done on one slide of a run."""
    planned = found.planned
    return RunManifest(
        run=results.run_id,
        created=provenance.now(),
        program=provenance.program(),
        build=provenance.build(),
        model=_model(planned.detector.card),
        slide=_slide(found),
        parameters={
            **results.facts,
            "tiles": len(planned.plan.tiles),
            "plan": planned.plan.digest,
            "preflight": [check.to_dict() for check in planned.checks],
        },
        versions=installed_versions(),
        device=f"{planned.detector.device.type}, {planned.detector.runtime.name}",
        timings={"detection": round(found.seconds, 1)},
        counts=counts(found.cells.cells, results.taxonomy.names),
        holes=_holes(found),
        complete=not found.holes,
    )


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


def _holes(found: DetectedSlide) -> tuple[Hole, ...]:
    factor = found.planned.plan.scale.base_per_working
    return tuple(
        Hole(
            tile=number,
            left=round(core.left * factor),
            top=round(core.top * factor),
            width=max(1, round(core.width * factor)),
            height=max(1, round(core.height * factor)),
            reason="it could not be read",
        )
        for number, core in found.holes.items()
    )
