"""What other programs use: a model, an image, its cells."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

import patherea_core
from patherea_core import ClassifiedCells, detect_cells, load_detector
from patherea_core.errors import InputError, ShapeError
from patherea_core.slides import ArraySlide
from patherea_core.workflow.predict import Detector, predict
from tests.builders import noise, noise_slide
from tests.plugin.bundles import write_model


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    path = write_model(tmp_path_factory.mktemp("model") / "m.safetensors")
    return load_detector(str(path), device="cpu")


def test_an_image_and_a_slide_give_what_prediction_gives(detector: Detector) -> None:
    image, slide = noise(96, 64), noise_slide(96, 64)
    expected = predict(slide, detector, threshold=0.3)
    for cells in (
        detect_cells(detector, image, 0.25, threshold=0.3),
        detect_cells(detector, slide, threshold=0.3),
    ):
        assert isinstance(cells, ClassifiedCells)
        assert cells.detections.xy.tobytes() == expected.xy.tobytes()


def test_columns_are_cells_with_the_names_of_their_classes(detector: Detector) -> None:
    cells = detect_cells(detector, noise(96, 64), 0.25, threshold=0.3)
    columns = cells.columns()
    assert list(columns) == ["x", "y", "class", "score"]
    assert {len(column) for column in columns.values()} == {len(cells)}
    assert {name: int((columns["class"] == name).sum()) for name in cells.counts} == cells.counts
    assert sum(cells.counts.values()) == len(cells) > 0


def test_only_cells_inside_of_an_outline_are_found(detector: Detector) -> None:
    inside = shapely.box(20, 20, 50, 40)
    cells = detect_cells(detector, noise(96, 64), 0.25, outline=inside, threshold=0.3)
    assert len(cells)
    assert all(inside.intersects(shapely.Point(*xy)) for xy in cells.detections.xy)


@pytest.mark.parametrize(
    ("image", "mpp", "kind", "said"),
    [
        (noise(8, 8), None, InputError, "give mpp"),
        (ArraySlide("s", 0.5, noise(8, 8)), 0.5, InputError, "leave mpp out"),
        (noise(8, 8)[:, :, 0], 0.5, ShapeError, "uint8"),
        (noise(8, 8).astype(np.float32), 0.5, ShapeError, "uint8"),
    ],
)
def test_what_is_no_image_is_refused(
    detector: Detector,
    image: Any,  # noqa: ANN401  also what is no image
    mpp: float | None,
    kind: type[Exception],
    said: str,
) -> None:
    with pytest.raises(kind, match=said):
        detect_cells(detector, image, mpp)


def test_a_missing_model_and_a_missing_name_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no.safetensors"):
        load_detector(tmp_path / "no.safetensors")
    with pytest.raises(AttributeError, match="nonsense"):
        _ = patherea_core.nonsense
