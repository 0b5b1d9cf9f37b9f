"""Networks in ONNX: the same cells as in PyTorch, with ONNX Runtime and with OpenVINO, at any size."""

import json
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from torch.nn import functional

from patherea_core.checkpoint import ModelBundle, build_network, load_bundle
from patherea_core.errors import InputError, ShapeError
from patherea_core.workflow.runtimes import exported
from patherea_core.workflow.runtimes.exported import (
    PREFIX,
    ExportedNetwork,
    card_metadata,
    export_onnx,
)
from patherea_core.workflow.runtimes.onnx_runtime import OnnxRuntime
from patherea_core.workflow.runtimes.openvino_runtime import OpenVinoRuntime
from patherea_core.workflow.runtimes.torch_runtime import TorchRuntime
from plugin.models.finding import find_model
from tests.core.model.networks import images
from tests.core.workflow.runtimes.sites import (
    middle_score,
    require_same_cells,
    share_alike,
    tiny_network,
)

#: An export for one size can take a minute on a busy machine.
pytestmark = pytest.mark.timeout(1200)

CPU = torch.device("cpu")


def hand_made(size: tuple[int, int] | None, **metadata: object) -> bytes:
    """Return a file with a graph that does nothing, and the metadata of an exported network."""
    graph = onnx.helper.make_graph([], "empty", [], [])
    model = onnx.helper.make_model(graph)
    said = {"grid": 32, "stride": 8, "anchors_per_side": 2, "tile_size": size} | metadata
    onnx.helper.set_model_props(
        model, {PREFIX + name: json.dumps(value) for name, value in said.items()}
    )
    content: bytes = model.SerializeToString()
    return content


@pytest.fixture(scope="module")
def exported_tiny() -> ExportedNetwork:
    return export_onnx(tiny_network(), metadata={"mpp": 0.5})


@pytest.fixture(scope="module")
def shipped() -> ModelBundle:
    return load_bundle(find_model(None))


@pytest.fixture(scope="module")
def exported_shipped(shipped: ModelBundle) -> ExportedNetwork:
    # At one size the export takes a quarter of the time; the tiny network is exported for all sizes.
    network, metadata = build_network(shipped), card_metadata(shipped.card)
    return export_onnx(network, size=(256, 320), metadata=metadata)


def tissue(height: int, width: int, count: int = 2) -> torch.Tensor:
    """Return (count, 3, height, width) bytes with soft blots of the size of cells."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randint(60, 256, (count, 3, height // 8, width // 8), generator=generator)
    blots = functional.interpolate(coarse.float(), size=(height, width), mode="bicubic")
    return blots.clamp(0, 255).to(torch.uint8)


@pytest.mark.parametrize("size", [None, (64, 96)])
def test_a_file_says_what_its_user_must_know(size: tuple[int, int] | None) -> None:
    network = ExportedNetwork.read(hand_made(size))
    assert (network.grid, network.stride, network.anchors_per_side) == (32, 8, 2)
    assert network.size == size


@pytest.mark.parametrize(
    "content", [b"no network", onnx.helper.make_model(onnx.GraphProto()).SerializeToString()]
)
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="no network that Patherea exported"):
        ExportedNetwork.read(content)


@pytest.mark.parametrize("missing", ["onnx", "onnxscript"])
def test_without_its_packages_an_export_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=rf"package {missing}, .* 'patherea\[runtimes\]'"):
        export_onnx(tiny_network())


def test_a_size_off_the_grid_is_not_exported() -> None:
    with pytest.raises(ShapeError, match="multiples of 32"):
        export_onnx(tiny_network(), size=(64, 100))


def test_a_vision_transformer_is_exported_for_one_size() -> None:
    with pytest.raises(InputError, match="tiles of one size"):
        export_onnx(tiny_network("vit_tiny_patch16_224"))


def test_a_network_that_differs_from_size_to_size_is_not_exported_for_all() -> None:
    class Sided(torch.nn.Module):
        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return features * int(features.shape[-1])

    network = tiny_network()
    network.pyramid = torch.nn.Sequential(network.pyramid, Sided())
    with pytest.raises(InputError, match="name the size"):
        export_onnx(network)


def test_what_one_file_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def export(*_: object, **__: object) -> Any:  # noqa: ANN401  torch's program
        class Program:
            class model:  # noqa: N801  torch's name
                metadata_props: dict[str, str] = {}  # noqa: RUF012

            model_proto = onnx.ModelProto(producer_name="much")

        return Program()

    monkeypatch.setattr(torch.onnx, "export", export)
    monkeypatch.setattr(exported, "_LARGEST", 3)
    with pytest.raises(InputError, match="too large for one ONNX file"):
        export_onnx(tiny_network())


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width", "count"), [(64, 96, 2), (96, 32, 1), (128, 160, 3)])
def test_onnx_has_the_cells_of_the_network_at_any_size(
    exported_tiny: ExportedNetwork, height: int, width: int, count: int
) -> None:
    runtime = OnnxRuntime(exported_tiny, CPU)
    tiles = images(height, width, count)
    exact = TorchRuntime(tiny_network(), CPU).run(tiles)
    sites = runtime.run(tiles)
    require_same_cells(exact, sites, middle_score(exact))
    assert len(runtime.anchors(height, width)) == sites.score.shape[1]
    with pytest.raises(ShapeError, match="multiples of 32"):
        runtime.run(images(height, width + 8))


@pytest.mark.slow
def test_the_shipped_model_has_the_same_cells_in_onnx(
    shipped: ModelBundle, exported_shipped: ExportedNetwork
) -> None:
    tiles, least = tissue(256, 320), shipped.card.score_threshold
    exact = TorchRuntime(build_network(shipped), CPU).run(tiles)
    require_same_cells(exact, OnnxRuntime(exported_shipped, CPU).run(tiles), least)
    require_same_cells(exact, OpenVinoRuntime(exported_shipped, CPU).run(tiles), least)
    rough = OpenVinoRuntime(exported_shipped, CPU, "bf16-mixed").run(tiles)
    assert share_alike(exact, rough, least) > 0.9


@pytest.mark.slow
def test_the_shipped_model_has_almost_the_same_cells_in_bfloat16(shipped: ModelBundle) -> None:
    tiles, least = tissue(256, 320), shipped.card.score_threshold
    exact = TorchRuntime(build_network(shipped), CPU).run(tiles)
    rough = TorchRuntime(build_network(shipped), CPU, "bf16-mixed").run(tiles)
    assert share_alike(exact, rough, least) > 0.9


@pytest.mark.slow
def test_the_file_remembers_the_card(
    shipped: ModelBundle, exported_shipped: ExportedNetwork, tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(exported_shipped.content)
    model = onnx.load(path)
    onnx.checker.check_model(model)
    said = {entry.key.removeprefix(PREFIX): entry.value for entry in model.metadata_props}
    assert json.loads(said["classes"]) == [item.name for item in shipped.card.classes]
    assert json.loads(said["weights_sha256"]) == shipped.card.weights_sha256
    assert json.loads(said["mpp"]) == shipped.card.mpp
    assert [output.name for output in model.graph.output] == ["xy", "score", "class_index"]
    again = ExportedNetwork.read(path.read_bytes())
    assert (again.grid, again.size) == (exported_shipped.grid, (256, 320))


@pytest.mark.slow
def test_a_vision_transformer_has_the_same_cells_in_onnx_at_its_size() -> None:
    network = tiny_network("vit_tiny_patch16_224")
    tiles = images(64, 96)
    exact = TorchRuntime(network, CPU).run(tiles)
    runtime = OnnxRuntime(export_onnx(network, size=(64, 96)), CPU)
    require_same_cells(exact, runtime.run(tiles), middle_score(exact))
    with pytest.raises(ShapeError, match="exported for tiles of 64 × 96"):
        runtime.run(images(96, 64))
