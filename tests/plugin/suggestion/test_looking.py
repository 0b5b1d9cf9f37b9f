"""A model looks at fields: one that draws maps has one head, and its doubt is whether there is a cell."""

from pathlib import Path

import pytest

from patherea_core.checkpoint import load_bundle
from patherea_core.config import NetworkConfig, Recipe
from patherea_core.progress import Silent
from patherea_core.recipes import as_model
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide
from patherea_core.workflow.detection.plan import DetectionSettings
from patherea_core.workflow.predict import Detector
from plugin.suggestion.looking import Look, looked_at
from tests.core.workflow.cells import draw_cells
from tests.plugin.bundles import RECIPE, write_model

MPP = 0.5


@pytest.mark.parametrize(
    ("recipe", "heads"),
    [
        (RECIPE, 2),
        (Recipe(network=NetworkConfig(**{**dict(RECIPE.network), "one_to_many": False})), 1),
        (as_model(RECIPE, "fcrn"), 1),
    ],
    ids=["two heads", "one head", "maps"],
)
def test_either_kind_of_model_sees_cells_and_doubts_them(
    recipe: Recipe, heads: int, tmp_path: Path
) -> None:
    model = write_model(tmp_path / "model.safetensors", mpp=MPP, recipe=recipe)
    detector = Detector.load(load_bundle(model), "cpu")
    slide = ArraySlide("field", MPP, draw_cells(128, 20, Seed(1))[0])
    plan = detector.planned(slide, DetectionSettings(tile_size=64, threshold=0.02))
    fields = list(looked_at(Look.of(detector, plan), slide, plan, Silent()))
    assert len(fields) == 4
    for field in fields:
        assert (field.other_cells is not None) == (heads == 2)
        assert len(field.doubts) >= len(field.cells)
        assert ((field.doubts >= 0) & (field.doubts <= 1)).all()
    assert sum(len(field.cells) for field in fields)
