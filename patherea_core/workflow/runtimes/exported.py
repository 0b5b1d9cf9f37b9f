"""Networks in ONNX: bytes in, positions, scores and classes out, and the rest in the metadata.

The graph holds all that the network does: normalisation, anchor points, decoding. What is left to its user
is the threshold, which the metadata names.
"""

import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from patherea_core.bundle_card import BundleCard
from patherea_core.errors import InputError
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.model.vit_adapter import AdaptedTransformer
from patherea_core.workflow.runtimes.decoded_network import DecodedNetwork
from patherea_core.workflow.runtimes.extras import required
from patherea_core.workflow.runtimes.runtime import require_on_grid

#: The set of ONNX's operations; ONNX Runtime has known it since 1.17.
OPSET = 20
INPUT = "images"
OUTPUTS = ("xy", "score", "class_index")
#: What the names in the metadata begin with.
PREFIX = "patherea."
#: Most bytes that a file of its kind can hold.
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False)
class ExportedNetwork:
    """A network in ONNX, and what its user must know of it.

    Attributes:
        content: the file.
        grid: the network's largest stride; sides of tiles are multiples of it.
        stride: pixels along the side of a site.
        anchors_per_side: anchor points along it.
        size: height and width of the only tiles it takes; None for all on the grid.
    """

    content: bytes
    grid: int
    stride: int
    anchors_per_side: int
    size: tuple[int, int] | None

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Return the network of a file that ``export_onnx`` made.

        Raises:
            InputError: the file is none of these, or there is no package to read it with.
        """
        onnx: Any = required("onnx", "Reading an exported network")
        messages: Any = required("google.protobuf.message", "Reading an exported network")
        try:
            model = onnx.load_from_string(content)
            said = {entry.key: entry.value for entry in model.metadata_props}
            grid, stride, per_side, size = (
                json.loads(said[PREFIX + name])
                for name in ("grid", "stride", "anchors_per_side", "tile_size")
            )
        except (KeyError, ValueError, messages.DecodeError) as error:
            raise InputError(
                "the file is no network that Patherea exported; make one with patherea models export"
            ) from error
        return cls(content, grid, stride, per_side, tuple(size) if size else None)


def export_onnx(
    network: DetectorNetwork,
    *,
    size: tuple[int, int] | None = None,
    metadata: Mapping[str, object] | None = None,
) -> ExportedNetwork:
    """Return a network with its normalisation and its decoding in ONNX.

    The input is "images", (B, 3, H, W) uint8 RGB; the outputs are "xy", (B, M, 2) float32 tile pixels,
    "score", (B, M) float32, and "class_index", (B, M) int64, for all M anchor points. B is free, and so
    are H and W where no size is given.

    Args:
        network: ready for inference.
        size: height and width of the tiles; None leaves them free, in multiples of the largest stride,
            which a vision transformer cannot.
        metadata: what else is to be remembered, see ``card_metadata``; all of it can be said in JSON.

    Raises:
        InputError: the network cannot be exported, or a package for it is missing.
        ShapeError: a side is not a multiple of the largest stride.
    """
    required("onnx", "Exporting a network")
    required("onnxscript", "Exporting a network")
    grid, layout = network.largest_stride, network.anchor_layout
    if size is not None:
        require_on_grid(*size, grid)
    elif isinstance(network.backbone.pyramid, AdaptedTransformer):
        raise InputError(
            f"{network.config.backbone!r} is a vision transformer, which is exported for tiles of one size"
            " alone; name that size"
        )
    said = {
        "grid": grid,
        "stride": layout.stride,
        "anchors_per_side": layout.per_side,
        "tile_size": size,
        **(metadata or {}),
    }
    content = _serialised(network, size, said)
    return ExportedNetwork(content, grid, layout.stride, layout.per_side, size)


def card_metadata(card: BundleCard) -> dict[str, object]:
    """Return what the user of an exported model must know of it, by the names of the metadata."""
    return {
        "model": card.name,
        "classes": [item.name for item in card.classes],
        "mpp": card.mpp,
        "score_threshold": card.score_threshold,
        "least_distance_um": card.recipe.decoding.least_distance_um,
        "halo": card.halo,
        "weights_sha256": card.weights_sha256,
        "licence": card.licence,
    }


def _serialised(
    network: DetectorNetwork, size: tuple[int, int] | None, metadata: Mapping[str, object]
) -> bytes:
    onnx: Any = required("onnx", "Exporting a network")
    plain = DecodedNetwork(network).eval()
    with warnings.catch_warnings():
        # The exporters warn of their own ageing parts, which whoever exports can do nothing about.
        warnings.simplefilter("ignore")
        try:
            program = _of_any_size(plain) if size is None else _of_size(plain, size)
            model = onnx.load_from_string(program)
            for name, value in metadata.items():
                model.metadata_props.add(key=PREFIX + name, value=json.dumps(value))
            content: bytes = model.SerializeToString()
        except ValueError as error:
            raise InputError(_too_large(network)) from error
    if len(content) > _LARGEST:
        raise InputError(_too_large(network))
    return content


def _of_size(plain: DecodedNetwork, size: tuple[int, int]) -> bytes:
    """Return the graph for tiles of one size, in any number."""
    program: Any = torch.onnx.export(
        plain,
        (_blank(plain, *size),),
        dynamo=True,
        verbose=False,
        opset_version=OPSET,
        input_names=[INPUT],
        output_names=list(OUTPUTS),
        dynamic_shapes={INPUT: {0: torch.export.Dim("batch", min=1, max=4096)}},
    )
    content: bytes = program.model_proto.SerializeToString()
    return content


def _of_any_size(plain: DecodedNetwork) -> bytes:
    """Return the graph for tiles of any size on the grid.

    PyTorch's newer exporter reasons about each side as a symbol, which takes it minutes for a network with
    five strides. The older one follows a network at work, in seconds, but for what depends on a size
    without being a tensor, which it takes as constant: so what it followed has to prove itself at another
    size first.
    """
    grid = plain.network.largest_stride
    trace: Any = torch.jit.trace
    example = (_blank(plain, 2 * grid, 3 * grid),)
    followed: torch.nn.Module = trace(plain, example, check_trace=False)
    _require_same(plain, followed)
    file: Any = io.BytesIO()
    free = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        followed,
        example,
        file,
        dynamo=False,
        opset_version=OPSET,
        input_names=[INPUT],
        output_names=list(OUTPUTS),
        dynamic_axes={INPUT: free, **{name: {0: "batch", 1: "sites"} for name in OUTPUTS}},
    )
    content: bytes = file.getvalue()
    return content


@torch.inference_mode()
def _require_same(plain: DecodedNetwork, followed: torch.nn.Module) -> None:
    """Check that what was followed at one size does the same as the network at another."""
    grid = plain.network.largest_stride
    other = _blank(plain, 5 * grid, 4 * grid)
    other.copy_(torch.arange(other.numel(), device=other.device).view_as(other) % 251)
    try:
        same = all(
            here.shape == there.shape and torch.allclose(here, there, atol=1e-3)
            for here, there in zip(plain(other), followed(other), strict=True)
        )
    except RuntimeError:
        same = False
    if not same:
        raise InputError(
            f"{plain.network.config.backbone!r} works differently at each size of its tiles; name the size"
            " to export it for"
        )


def _blank(plain: DecodedNetwork, height: int, width: int) -> Tensor:
    device = next(plain.parameters()).device
    return torch.zeros(2, 3, height, width, dtype=torch.uint8, device=device)


def _too_large(network: DetectorNetwork) -> str:
    return (
        f"a network with the backbone {network.config.backbone!r} is too large for one ONNX file, which"
        " holds 2 GB; run it with PyTorch"
    )
