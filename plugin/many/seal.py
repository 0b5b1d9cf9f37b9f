"""Seals: digests by which a slide that was done is known again without reading it.

A seal rests on the program, the model, the settings, and on size and time of last change of the slide, of
its results and of their record. A file whose content changed while both stayed as they were is not noticed.
"""

import hashlib
import json
from importlib import metadata
from pathlib import Path

import torch

from patherea_core.bundle_card import BundleCard
from plugin import provenance
from plugin.commands.detect_request import DetectRequest
from plugin.outputs.finished_run import record_of

#: Size and time of last change of a file.
Stamp = tuple[int, int]


def settings_digest(request: DetectRequest, card: BundleCard) -> str:
    """Return a digest of all that results follow from but for the slide."""
    weights = request.backbone_weights
    settings = request.settings
    content = (
        *(provenance.program(), provenance.build(), torch.__version__, metadata.version("timm")),
        *(
            card.model_dump_json(),
            str(weights),
            stamp_of(weights) if isinstance(weights, Path) else 0,
        ),
        *(settings.name, settings.tile_size, settings.threshold, settings.everywhere),
        None if settings.region is None else settings.region.wkb_hex,
        *(request.device, request.classes, request.runtime, request.precision),
    )
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def stamp_of(path: Path) -> Stamp | None:
    """Return size and time of last change of a file; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def seal(request: DetectRequest, settings: str, slide: Stamp | None) -> str:
    """Return the seal of a slide that is done; nothing if a file is not there.

    Args:
        request: of this slide alone.
        settings: see ``settings_digest``.
        slide: stamp of the slide's file, from before it was read.
    """
    outs = [out for out, _ in request.outputs]
    stamps = [slide, *map(stamp_of, [*outs, record_of(outs[0])])]
    if None in stamps:
        return ""
    names = [str(path.absolute()) for path in (*request.inputs, *outs)]
    content = json.dumps([settings, request.mpp, names, stamps])
    return hashlib.sha256(content.encode()).hexdigest()[:32]
