"""What is ready for JSON is so, and says why a figure is missing."""

import json

import numpy as np
import pytest

from patherea_core.index.correction import corrected
from patherea_core.index.detector_errors import DetectorErrors
from patherea_core.index.guidelines import WHO_NET, grading
from patherea_core.index.hotspots import HotspotOptions, hotspots
from patherea_core.index.ki67 import Index, index_of
from patherea_core.index.summary import (
    corrected_figures,
    grading_figures,
    hotspots_figures,
    index_figures,
)
from patherea_core.index.windows import NumberOfCells
from patherea_core.seeding import Seed
from tests.core.index.scattered import counted, random_cells

SEED = Seed(0)
SOME = index_of("some", [counted(30, 170, 5)], SEED)
NONE = index_of("none", [], SEED)
ERRORS = DetectorErrors(np.diag([90, 90, 90, 0])[np.newaxis])


@pytest.mark.parametrize("index", [SOME, NONE], ids=["defined", "undefined"])
def test_figures_survive_json(index: Index) -> None:
    for figures in (
        index_figures(index),
        corrected_figures(corrected(index, ERRORS, SEED)),
        grading_figures(index, WHO_NET, grading(index, WHO_NET)),
    ):
        assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_an_undefined_index_is_null_with_its_reason() -> None:
    assert index_figures(NONE)["index"] is None
    assert index_figures(NONE)["undefined_because"]
    assert corrected_figures(corrected(NONE, ERRORS, SEED))["refused_because"]
    assert grading_figures(NONE, WHO_NET, None)["grade"] is None


def test_the_raw_index_stands_beside_the_corrected_one() -> None:
    figures = corrected_figures(corrected(SOME, ERRORS, SEED))
    assert figures["raw_index"] == SOME.value == pytest.approx(figures["index"])


def test_few_cells_are_marked() -> None:
    assert index_figures(SOME)["few_cells"] is True
    assert index_figures(index_of("x", [counted(50, 450)], SEED))["few_cells"] is False


def test_hotspots_have_their_places_and_their_indices() -> None:
    options = HotspotOptions(kind=NumberOfCells(100), count=2)
    found = hotspots(random_cells(2000, 0.1, 2000.0), 1.0, SEED, options)
    figures = hotspots_figures(found)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    rows = figures["hotspots"]
    assert isinstance(rows, list)
    assert [row["name"] for row in rows] == ["hotspot 1", "hotspot 2"]
    assert [row["index"] for row in rows] == [spot.index.value for spot in found.found]
    assert all(row["side_micrometres"] == row["side_base_pixels"] for row in rows)
