"""A network that draws maps goes through all that one that moves points does: train, keep, find, export."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from patherea_core.batch import Batch, Targets
from patherea_core.checkpoint import (
    BundleCard,
    ClassCard,
    ModelBundle,
    build_network,
    load_bundle,
    save_bundle,
    weights_digest,
)
from patherea_core.config import NetworkConfig, ProximityConfig, Recipe
from patherea_core.decoding import decode, one_per_cell
from patherea_core.errors import InputError
from patherea_core.model.building import build_detector
from patherea_core.progress import Silent
from patherea_core.recipes import as_model
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide
from patherea_core.workflow.engine.objectives import objective_of
from patherea_core.workflow.fit import FitRequest, fit
from patherea_core.workflow.predict import Detector, predict
from patherea_core.workflow.runtimes.exported import export_onnx
from patherea_core.workflow.runtimes.onnx_runtime import OnnxRuntime
from patherea_core.workflow.runtimes.torch_runtime import TorchRuntime
from patherea_core.workflow.verify import verify_bundle
from tests.core.model.networks import images, shaken
from tests.core.workflow.cells import MPP, draw_cells, tiny_for, write_cells

NETWORK = NetworkConfig(
    backbone="resnet10t", feature_stride=2, fpn_channels=32, proximity=ProximityConfig()
)
RECIPE = Recipe(network=NETWORK)


def bundle_of(state: dict[str, torch.Tensor], *, halo: float = 64) -> ModelBundle:
    card = BundleCard(
        recipe=RECIPE,
        classes=(ClassCard(name="brown", color="#aa5500"), ClassCard(name="blue", color="#0055aa")),
        mpp=MPP,
        score_threshold=0.3,
        halo=halo,
        parameters=1,
        seed=0,
        provenance={},
        metrics={},
        weights_sha256=weights_digest(state),
    )
    return ModelBundle(state, card)


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    """Return an untrained network whose maps differ from place to place."""
    torch.manual_seed(0)
    network = build_detector(NETWORK, 2)
    shaken(network)
    torch.nn.init.normal_(network.output.weight, std=0.5)  # type: ignore[union-attr, arg-type]
    return bundle_of(network.state_dict())


def test_a_bundle_comes_back_as_the_kind_that_it_was(bundle: ModelBundle, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_bundle(path, bundle)
    back = load_bundle(path)
    assert back.card == bundle.card
    assert back.card.recipe.network.model == "fcrn"
    image = torch.arange(3 * 64 * 64).reshape(1, 3, 64, 64).remainder(251).to(torch.uint8)
    rebuilt, original = (build_network(one)(image).numbers() for one in (back, bundle))
    assert torch.equal(rebuilt[0], original[0])
    assert not any(check.failed for check in verify_bundle(path))


def test_tiled_equals_untiled_at_a_wide_halo(bundle: ModelBundle) -> None:
    slide = ArraySlide("field", MPP, draw_cells(256, 40, Seed(5))[0])
    detector = Detector.load(bundle, "cpu")
    wide = replace(detector, card=detector.card.model_copy(update={"halo": 256}))
    untiled, tiled = (predict(slide, wide, tile_size=size) for size in (1024, 96))
    assert len(untiled) > 50
    keys = [
        {(*np.round(xy, 1), row) for xy, row in zip(found.xy, found.class_index, strict=True)}
        for found in (untiled, tiled)
    ]
    assert len(keys[0] & keys[1]) >= 0.98 * len(keys[0] | keys[1])


def test_a_few_steps_learn_the_cells_of_a_tile() -> None:
    torch.manual_seed(0)
    pixels, points = draw_cells(64, 8, Seed(3))
    cells = Targets(
        torch.from_numpy(points.xy.astype(np.float32)), torch.from_numpy(points.class_index)
    )
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    batch = Batch(image, (cells,), torch.ones(1, 64, 64, dtype=torch.bool))
    settings = NETWORK.model_copy(update={"backbone": "test_efficientnet", "fpn_channels": 16})
    recipe = RECIPE.model_copy(update={"network": settings})
    network, objective = build_detector(settings, 2).train(), objective_of(recipe)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(40):
        optimizer.zero_grad()
        objective(network(image), batch).total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    found = one_per_cell(decode(network(image), 0, score_threshold=0.3), 5.0)
    distance = np.hypot(*(points.xy[:, None] - found.xy).transpose(2, 0, 1))
    assert len(found) == len(points)
    assert distance.min(axis=1).max() < 1.0
    assert (found.class_index[distance.argmin(axis=1)] == points.class_index).all()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "cells"
    write_cells(folder, samples=2, side=64, count=6)
    return folder


def request(dataset: Path, run: Path, recipe: Recipe, base: Path | None = None) -> FitRequest:
    return FitRequest(
        dataset=dataset, run=run, recipe=recipe, device="cpu", workers=0, base_model=base
    )


def test_a_training_leaves_a_model_of_its_kind(dataset: Path, tmp_path: Path) -> None:
    recipe = as_model(tiny_for(1), "fcrn")
    model = fit(request(dataset, tmp_path / "run", recipe), Silent())
    assert load_bundle(model).card.recipe == recipe
    header = (tmp_path / "run" / "losses.csv").read_text().partition("\n")[0]
    assert header.strip() == "step,learning_rate,loss,proximity_background,proximity_cells"
    with pytest.raises(InputError, match=r"another network.*network\.proximity"):
        fit(request(dataset, tmp_path / "points", tiny_for(1), model), Silent())


@pytest.mark.timeout(1200)
def test_an_exported_network_finds_the_same_cells_at_any_size(bundle: ModelBundle) -> None:
    network = build_network(bundle)
    here = TorchRuntime(network, torch.device("cpu"))
    there = OnnxRuntime(export_onnx(network), torch.device("cpu"))
    for height, width in ((64, 96), (128, 32)):
        tiles = images(height, width)
        mine, its = here.run(tiles), there.run(tiles)
        assert here.anchors(height, width).tolist() == there.anchors(height, width).tolist()
        cells = mine.score > 0
        assert 0 < int(cells.sum()) < cells.numel() / 4
        assert (cells == (its.score > 0)).float().mean() > 0.999
        both = cells & (its.score > 0)
        assert torch.allclose(mine.xy[both], its.xy[both], atol=0.05)
        assert torch.equal(mine.class_index[both], its.class_index[both])
