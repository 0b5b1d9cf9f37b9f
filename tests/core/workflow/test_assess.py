"""What an assessment says is what the evaluation says of whole tiles, and a card can keep it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from torch import Tensor, nn

from patherea_core.batch import Branch, Proposals
from patherea_core.bundle_card import BundleCard, ClassCard
from patherea_core.checkpoint import ModelBundle
from patherea_core.config import Recipe
from patherea_core.data.sample import Sample
from patherea_core.errors import Cancelled, InputError, TaxonomyError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.report import evaluate
from patherea_core.model.network import P2PNetwork
from patherea_core.points import Detections
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.assess import assess, close_pairs, with_figures
from patherea_core.workflow.predict import Detector
from tests.builders import points, sample, square
from tests.fakes import RecordingProgress

CARD = BundleCard(
    recipe=Recipe(radius_um=3.0),
    classes=(ClassCard(name="round", color="#ff0000"), ClassCard(name="long", color="#00ff00")),
    mpp=0.5,
    score_threshold=0.5,
    parameters=1,
    seed=0,
    provenance={},
    metrics={"validation_mean_f1": 0.25},
    intervals={"validation_mean_f1": (0.2, 0.3)},
    weights_sha256="w" * 64,
)
TAXONOMY = Taxonomy.of(["round", "long"])
SEED = Seed(0)


@dataclass
class Cell:
    """A proposal: where, of which class, how sure."""

    x: float
    y: float
    row: int
    score: float = 0.9


class Knowing(nn.Module):
    """A network that proposes the same cells on every tile, and remembers the sides of the tiles."""

    largest_stride = 16

    def __init__(self, cells: Sequence[Cell]) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.ones(1))
        self.cells = cells
        self.seen: list[tuple[int, ...]] = []

    def forward(self, images: Tensor) -> Proposals:
        """Return the cells."""
        self.seen.append(tuple(images.shape))
        xy = torch.tensor([[cell.x, cell.y] for cell in self.cells])
        chances = np.zeros((len(self.cells), 3))
        for place, cell in enumerate(self.cells):
            chances[place, cell.row], chances[place, 2] = cell.score, 1 - cell.score
        logits = torch.tensor(np.log(chances + 1e-9))
        return Proposals(xy, Branch(xy[None], logits[None]), None)


def detector(*cells: Cell) -> tuple[Detector, Knowing]:
    network = Knowing(cells)
    return Detector(CARD, cast("P2PNetwork", network), torch.device("cpu")), network


def two_samples() -> list[Sample]:
    """Return a sample of two patients each, of 48 by 40 pixels, the second labelled on its left half."""
    return [
        sample(points((10, 10, 0), (30, 30, 1)), name="a", size=(48, 40), fold=0),
        sample(points((11, 10, 0)), name="b", size=(48, 40), fold=1, labelled=square(0, 0, 24)),
    ]


CELLS = (Cell(10, 12, 0), Cell(30, 30, 0), Cell(33, 30, 1, 0.6), Cell(40, 5, 1, 0.4))


def test_the_figures_are_those_of_the_evaluation_of_the_same_cells() -> None:
    samples = two_samples()
    found = Detections(
        np.array([[10, 12], [30, 30], [33, 30]]), np.array([0, 0, 1]), np.array([0.9, 0.9, 0.6])
    )
    fields = [
        Field(one.record.id, found, one.points, one.labelled, one.record.patient) for one in samples
    ]
    expected = evaluate(fields, TAXONOMY, 6.0, SEED)
    done = assess(detector(*CELLS)[0], samples, SEED, Silent())
    assert done.evaluation.counts == expected.counts
    assert done.evaluation.intervals == expected.intervals
    assert done.evaluation.grouped_by == "patients"
    assert done.figures["mean_f1"] == expected.mean_f1


def test_metrics_and_intervals_have_the_names_of_validation() -> None:
    done = assess(detector(*CELLS)[0], two_samples(), SEED, Silent())
    metrics, intervals = done.metrics("test"), done.intervals("test")
    assert list(metrics) == ["test_mean_f1"] + [
        f"test_{name}_{figure}"
        for name in ("any_class", "round", "long")
        for figure in ("f1", "precision", "recall", "cells")
    ]
    assert set(intervals) <= set(metrics)
    assert metrics["test_any_class_cells"] == sum(len(one.points) for one in two_samples())
    for line in done.evaluation.lines:
        assert metrics[f"test_{line.name}_precision"] == line.counts.precision
        assert metrics[f"test_{line.name}_recall"] == line.counts.recall
        assert metrics[f"test_{line.name}_cells"] == done.quality["points"][line.name]  # type: ignore[index]
    for name, (low, high) in intervals.items():
        score = metrics[name]
        assert score is not None
        assert low <= score <= high


def test_a_card_gets_the_figures_beside_those_it_has() -> None:
    done = assess(detector(*CELLS)[0], two_samples(), SEED, Silent())
    before = ModelBundle({"weight": torch.ones(1)}, CARD)
    after = with_figures(before, done, "test")
    assert after.state is before.state
    assert after.card.metrics == CARD.metrics | done.metrics("test")
    assert after.card.intervals == CARD.intervals | done.intervals("test")


def test_only_the_classes_that_are_named_are_scored_and_in_their_order() -> None:
    both = assess(detector(*CELLS)[0], two_samples(), SEED, Silent())
    one = assess(detector(*CELLS)[0], two_samples(), SEED, Silent(), classes=["long"])
    turned = assess(detector(*CELLS)[0], two_samples(), SEED, Silent(), classes=["long", "round"])
    assert one.evaluation.counts.per_class == both.evaluation.counts.per_class[1:]
    assert one.evaluation.taxonomy.names == ("long",)
    assert sum(len(field.detections) for field in one.fields) == 1
    assert turned.evaluation.counts.per_class == both.evaluation.counts.per_class[::-1]
    assert turned.evaluation.counts.any_class == both.evaluation.counts.any_class


def test_another_radius_takes_the_place_of_the_recipes() -> None:
    near = assess(detector(*CELLS)[0], two_samples(), SEED, Silent(), radius=1.0)
    assert near.evaluation.radius == 1.0
    assert near.evaluation.counts.per_class[0].true_positives == 0


def test_a_tile_is_continued_to_sides_that_the_network_can_take() -> None:
    known, network = detector(Cell(1, 1, 0))
    assess(known, two_samples()[:1], SEED, Silent())
    assert network.seen == [(1, 3, 48, 48)]


def test_the_quality_counts_cells_and_pairs_of_each_kind() -> None:
    done = assess(detector(*CELLS, Cell(31, 30, 1))[0], two_samples()[:1], SEED, Silent())
    assert (
        done.quality
        == {
            "detections": {"round": 2, "long": 2},
            "points": {"round": 1, "long": 1},
            "close_pixels": 3.0,
            "close_pairs_of_detections": 2,  # 30 and 31, 31 and 33; 30 and 33 are three apart, not closer
            "close_pairs_of_points": 0,
            "close_pairs_per_detection": 0.5,
        }
    )


def test_without_a_detection_there_is_no_share_of_pairs() -> None:
    done = assess(detector(Cell(1, 1, 0, 0.1))[0], two_samples(), SEED, Silent())
    assert done.quality["close_pairs_per_detection"] is None


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=30))
def test_close_pairs_are_those_of_all_distances(places: list[tuple[int, int]]) -> None:
    xy = np.array(places, dtype=np.float64).reshape(-1, 2)
    expected = int((pdist(xy) < 3).sum()) if len(xy) > 1 else 0
    assert close_pairs(xy) == expected


def test_an_assessment_can_be_stopped_before_every_sample() -> None:
    known, network = detector(*CELLS)
    with pytest.raises(Cancelled):
        assess(known, two_samples(), SEED, RecordingProgress(stop_at=0.5))
    assert len(network.seen) == 1


def test_nothing_to_assess_and_unknown_classes_are_refused() -> None:
    with pytest.raises(InputError, match="nothing to evaluate"):
        assess(detector()[0], [], SEED, Silent())
    with pytest.raises(TaxonomyError, match="'flat' is unknown"):
        assess(detector()[0], two_samples(), SEED, Silent(), classes=["flat"])
