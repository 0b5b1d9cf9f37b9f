"""Runtimes by name."""

import sys

import pytest
import torch

from patherea_core.errors import InputError
from patherea_core.workflow.runtimes.choice import choose
from patherea_core.workflow.runtimes.exported import ExportedNetwork
from patherea_core.workflow.runtimes.onnx_runtime import OnnxRuntime
from patherea_core.workflow.runtimes.openvino_runtime import OpenVinoRuntime
from patherea_core.workflow.runtimes.torch_runtime import TorchRuntime
from tests.core.workflow.runtimes.sites import tiny_network

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
NOTHING = ExportedNetwork(b"", 32, 8, 2, None)


@pytest.mark.parametrize(
    ("name", "chosen"), [("auto", "eager"), ("eager", "eager"), ("compile", "compile")]
)
def test_without_other_packages_pytorch_runs_the_network(
    name: str, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda module, **_: module)
    runtime = choose(name, tiny_network(), CPU)
    assert isinstance(runtime, TorchRuntime)
    assert (runtime.name, runtime.precision, runtime.grid) == (chosen, "32-true", 32)


def test_a_precision_that_is_named_is_taken() -> None:
    runtime = choose("eager", tiny_network(), CPU, precision="bf16-mixed")
    assert isinstance(runtime, TorchRuntime)
    assert runtime.precision == "bf16-mixed"


def test_an_unknown_runtime_is_refused() -> None:
    with pytest.raises(InputError, match="'fast' is unknown; take one of auto, eager"):
        choose("fast", tiny_network(), CPU)


@pytest.mark.parametrize(("name", "package"), [("onnx", "onnxruntime"), ("openvino", "openvino")])
def test_a_runtime_that_is_not_installed_says_what_to_install(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"runtime {name} needs the package {package}"):
        choose(name, tiny_network(), CPU)


def test_a_runtime_that_cannot_use_a_gpu_says_so() -> None:
    with pytest.raises(InputError, match="without CUDA"):
        OnnxRuntime(NOTHING, CUDA)
    with pytest.raises(InputError, match="runs on a CPU"):
        OpenVinoRuntime(NOTHING, CUDA)
