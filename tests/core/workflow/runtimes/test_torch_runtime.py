"""PyTorch as a runtime: the network's own proposals, as it is, in bfloat16, and compiled."""

import logging

import pytest
import torch
from torch._dynamo.exc import TorchDynamoException

from patherea_core.decoding import decode, survivors
from patherea_core.errors import ShapeError
from patherea_core.workflow.runtimes.torch_runtime import TorchRuntime
from tests.core.model.networks import images
from tests.core.workflow.runtimes.sites import (
    middle_score,
    require_same_cells,
    share_alike,
    tiny_network,
)

CPU = torch.device("cpu")


def test_a_runtime_gives_what_the_network_proposes() -> None:
    network, tiles = tiny_network(), images(64, 96)
    with torch.inference_mode():
        proposals = network(tiles)
    sites = TorchRuntime(tiny_network(), CPU).run(tiles)
    require_same_cells(proposals.sites(), sites, middle_score(sites))
    least = middle_score(sites)
    for row in range(2):
        expected = decode(proposals, row, score_threshold=least)
        found = survivors(sites, row, score_threshold=least)
        assert found.class_index.tolist() == expected.class_index.tolist()


def test_its_anchor_points_are_those_of_the_network() -> None:
    network = tiny_network()
    runtime = TorchRuntime(network, CPU)
    expected = network(images(64, 96)).anchors.double().numpy()
    assert runtime.anchors(64, 96).tolist() == expected.tolist()
    assert runtime.run(images(64, 96)).score.shape == (2, len(expected))


def test_tiles_off_the_grid_are_refused_before_they_are_run() -> None:
    runtime = TorchRuntime(tiny_network(), CPU)
    with pytest.raises(ShapeError, match="multiples of 32 pixels, not 64 × 40"):
        runtime.run(images(64, 40))
    with pytest.raises(ShapeError, match="multiples of 32"):
        runtime.anchors(0, 64)


def test_bfloat16_keeps_almost_all_cells_and_answers_in_32_bits() -> None:
    tiles = images(96, 128)
    exact = TorchRuntime(tiny_network(), CPU).run(tiles)
    rough = TorchRuntime(tiny_network(), CPU, "bf16-mixed").run(tiles)
    assert rough.xy.dtype == rough.score.dtype == torch.float32
    assert not torch.equal(exact.score, rough.score)
    assert share_alike(exact, rough, middle_score(exact)) > 0.9


def test_where_nothing_can_be_compiled_the_network_runs_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def without_compiler(_module: object, **_settings: object) -> object:
        def fail(_images: object) -> object:
            raise TorchDynamoException("no C++ compiler found\nand more")

        return fail

    monkeypatch.setattr(torch, "compile", without_compiler)
    runtime = TorchRuntime(tiny_network(), CPU, compiled=True)
    assert runtime.name == "compile"
    with caplog.at_level(logging.WARNING):
        sites = runtime.run(images())
        runtime.run(images())
    assert runtime.name == "eager"
    (record,) = caplog.records
    assert "runs as it is" in record.message
    assert torch.equal(sites.score, TorchRuntime(tiny_network(), CPU).run(images()).score)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compiled_is_the_same_network(precision: str) -> None:
    tiles = images(64, 96)
    exact = TorchRuntime(tiny_network(), CPU).run(tiles)
    runtime = TorchRuntime(
        tiny_network(), CPU, "32-true" if precision == "32-true" else "bf16-mixed", compiled=True
    )
    sites = runtime.run(tiles)
    assert runtime.name == "compile"
    if precision == "32-true":
        require_same_cells(exact, sites, middle_score(exact))
    assert share_alike(exact, sites, middle_score(exact)) > 0.9
