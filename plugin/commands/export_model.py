"""Export a model to ONNX, for programs that run such networks: bytes in; positions, scores, classes out."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from patherea_core.checkpoint import build_network, load_bundle
from patherea_core.files import require_writable, write_whole
from patherea_core.workflow.runtimes.exported import ExportedNetwork, card_metadata, export_onnx

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Which model to export, and how.

    Attributes:
        model: a bundle, file or folder.
        out: the ONNX file.
        tile_size: side of the only tiles it takes, in working pixels; None leaves it free, which a vision
            transformer cannot.
        backbone_weights: the backbone's pretrained weights, for a bundle that leaves them out.
    """

    model: Path
    out: Path
    tile_size: int | None = None
    backbone_weights: Path | Literal["hub"] | None = None


def run(request: ExportRequest) -> ExportedNetwork:
    """Write the model as an ONNX file, whole or not at all, and return what was written.

    Raises:
        InputError: the network cannot be exported, or a package for it is missing.
        ShapeError: the tile size is not a multiple of the network's largest stride.
        BundleError: the model cannot be trusted or read.
        OutputError: the file cannot be written.
    """
    require_writable(request.out)
    bundle = load_bundle(request.model)
    network = build_network(bundle, request.backbone_weights)
    side = request.tile_size
    exported = export_onnx(
        network,
        size=None if side is None else (side, side),
        metadata=card_metadata(bundle.card),
    )
    write_whole(request.out, exported.content)
    sides = f"multiples of {exported.grid}" if side is None else f"{side} pixels"
    log.info("the model in ONNX is %s; it takes tiles with sides of %s", request.out, sides)
    return exported
