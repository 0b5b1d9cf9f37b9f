"""The published predictions of another detector score what they are known to score."""

import csv
import os
from collections import defaultdict
from pathlib import Path

import pytest

from patherea_core.evaluation.confusion import class_confusion
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.flawed import flawed_counts
from patherea_core.evaluation.pairing import pair
from patherea_core.evaluation.report import Evaluation, evaluate
from patherea_core.evaluation.scores import mean_f1
from patherea_core.points import Points
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from tests.builders import detections, points

BESIDE = Path(__file__).parents[3].parent / "shared" / "data"
CLASSES = Taxonomy.of(["inflammatory", "epithelial", "stromal"])
GOLDEN = Path(os.environ.get("PATHEREA_DATA", BESIDE)) / "consep-20x" / "golden-metric"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not GOLDEN.is_dir(),
        reason="set PATHEREA_DATA to the folder that holds consep-20x/golden-metric",
    ),
]


def by_image(name: str, taxonomy: Taxonomy) -> dict[str, Points]:
    rows: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    with (GOLDEN / name).open(newline="") as table:
        for row in csv.DictReader(table):
            rows[row["image"]].append(
                (float(row["x"]), float(row["y"]), taxonomy.index(row["class"]))
            )
    return {image: points(*cells) for image, cells in rows.items()}


def golden_fields(predictions: str, taxonomy: Taxonomy) -> list[Field]:
    labelled = by_image("gt.csv", CLASSES)
    found = by_image(predictions, taxonomy)
    fields = []
    for image, wanted in labelled.items():
        cells = zip(found[image].xy, found[image].class_index, strict=True)
        scored = detections(*((x, y, row) for (x, y), row in cells))
        kept = wanted if len(taxonomy) > 1 else Points(wanted.xy, 0 * wanted.class_index)
        fields.append(Field(image, scored, kept))
    return fields


def evaluated(predictions: str, taxonomy: Taxonomy, radius: float) -> Evaluation:
    return evaluate(golden_fields(predictions, taxonomy), taxonomy, radius, Seed(0))


def test_the_published_predictions_get_the_published_counts() -> None:
    evaluation = evaluated("pred.csv", CLASSES, 6)
    counted = [
        (c.points, c.detections, c.true_positives, c.false_positives, c.false_negatives)
        for c in evaluation.counts.per_class
    ]
    assert counted == [
        (1638, 1220, 1034, 186, 604),
        (3213, 2734, 2069, 665, 1144),
        (3925, 3322, 2281, 1041, 1644),
    ]
    scores = [counts.f1 for counts in evaluation.counts.per_class]
    assert scores == pytest.approx([0.723583, 0.695813, 0.629502], abs=5e-7)
    assert [f"{score:.4f}" for score in scores] == ["0.7236", "0.6958", "0.6295"]
    assert evaluation.mean_f1 == pytest.approx(0.682966, abs=5e-7)


def test_the_published_class_agnostic_predictions_get_the_published_counts() -> None:
    evaluation = evaluated("pred_detection.csv", Taxonomy.of(["cell"]), 6)
    counts = evaluation.counts.any_class
    assert (counts.true_positives, counts.false_positives, counts.false_negatives) == (
        6124,
        1152,
        2652,
    )
    assert counts.f1 == pytest.approx(0.763020, abs=5e-7)


def test_just_below_the_radius_the_published_counts_are_those_of_an_exclusive_one() -> None:
    evaluation = evaluated("pred.csv", CLASSES, 5.999999)
    hits = [counts.true_positives for counts in evaluation.counts.per_class]
    assert hits == [1034, 2065, 2277]


def test_closest_pairs_of_the_published_predictions_are_as_many() -> None:
    found, closest = 0, 0
    for field in golden_fields("pred.csv", CLASSES):
        for row in range(len(CLASSES)):
            inner = field.detections.xy[field.detections.class_index == row]
            wanted = field.points.xy[field.points.class_index == row]
            found += len(pair(inner, wanted, 6))
            closest += len(pair(inner, wanted, 6, closest=True))
    assert found == closest == 1034 + 2069 + 2281


def test_the_flawed_protocols_move_the_published_predictions_both_ways() -> None:
    wrong = flawed_counts(golden_fields("pred.csv", CLASSES), len(CLASSES), 6)
    assert wrong.distance_hungarian is not None
    low = [counts.true_positives for counts in wrong.distance_hungarian.per_class]
    high = [counts.true_positives for counts in wrong.one_to_many.per_class]
    assert all(one <= true for one, true in zip(low, (1034, 2069, 2281), strict=True))
    assert all(one >= true for one, true in zip(high, (1034, 2069, 2281), strict=True))
    assert mean_f1(wrong.distance_hungarian.per_class) == pytest.approx(0.631, abs=1e-3)
    assert mean_f1(wrong.one_to_many.per_class) == pytest.approx(0.726, abs=1e-3)


def test_the_confusion_of_the_published_predictions_holds_every_cell() -> None:
    matrix = class_confusion(golden_fields("pred.csv", CLASSES), len(CLASSES), 6).matrix
    assert matrix.sum(axis=1)[:3].tolist() == [1638, 3213, 3925]
    assert matrix.sum(axis=0)[:3].tolist() == [1220, 2734, 3322]
