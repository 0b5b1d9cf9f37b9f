"""Which runtime a network gets, by name."""

import logging

import torch

from patherea_core.errors import InputError
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.workflow.runtimes.exported import export_onnx
from patherea_core.workflow.runtimes.extras import required
from patherea_core.workflow.runtimes.onnx_runtime import OnnxRuntime
from patherea_core.workflow.runtimes.openvino_runtime import OpenVinoRuntime
from patherea_core.workflow.runtimes.runtime import Precision, Runtime
from patherea_core.workflow.runtimes.torch_runtime import TorchRuntime

log = logging.getLogger(__name__)

#: The names of all runtimes; auto is one of the others.
RUNTIMES = ("auto", "eager", "compile", "onnx", "openvino")
#: What some of them need.
_PACKAGES = {"onnx": "onnxruntime", "openvino": "openvino"}


def choose(
    name: str,
    network: DetectorNetwork,
    device: torch.device,
    *,
    precision: Precision | None = None,
    size: tuple[int, int] | None = None,
) -> Runtime:
    """Return the runtime of that name with a network.

    auto is the network as it is, which needs no other package, no compiler and no time to begin: in
    bfloat16 on a GPU, in 32 bits on a CPU. On two cores with instructions for bfloat16 that is 1.5 to 1.9
    times as fast in it, with ConvNeXt and ViT backbones, and 12 to 18 % faster still when compiled or in
    OpenVINO; but it decides 0.4 % of the cells differently, and is slow on a CPU without them.

    Args:
        name: one of ``RUNTIMES``.
        network: ready for inference.
        device: where it runs.
        precision: None takes bfloat16 on a GPU and 32 bits elsewhere; onnx always computes in 32 bits.
        size: height and width of the tiles, which a vision transformer must be exported for; see
            ``export_onnx``.

    Raises:
        InputError: there is no such runtime, it is not installed, or it does not suit network or device.
    """
    if name not in RUNTIMES:
        raise InputError(f"runtime {name!r} is unknown; take one of {', '.join(RUNTIMES)}")
    if name in _PACKAGES:  # before the export, which takes a while
        required(_PACKAGES[name], f"The runtime {name}")
    wanted: Precision = precision or ("bf16-mixed" if device.type == "cuda" else "32-true")
    runtime: Runtime
    if name in ("auto", "eager", "compile"):
        runtime = TorchRuntime(network, device, wanted, compiled=name == "compile")
    elif name == "onnx":
        runtime = OnnxRuntime(export_onnx(network, size=size), device)
    else:
        runtime = OpenVinoRuntime(export_onnx(network, size=size), device, wanted)
    log.info("the network is run by the runtime %s, %s", runtime.name, runtime.precision)
    return runtime
