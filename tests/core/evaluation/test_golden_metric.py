"""The published predictions of another detector score what they are known to score."""

import csv
import os
from collections import defaultdict
from pathlib import Path

import pytest

from patherea_core.evaluation.report import Evaluation, Field, evaluate
from patherea_core.points import Points
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from tests.builders import detections, points

BESIDE = Path(__file__).parents[3].parent / "shared" / "data"
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


def evaluated(predictions: str, taxonomy: Taxonomy, radius: float) -> Evaluation:
    labelled = by_image("gt.csv", Taxonomy.of(["inflammatory", "epithelial", "stromal"]))
    found = by_image(predictions, taxonomy)
    fields = []
    for image, wanted in labelled.items():
        cells = zip(found[image].xy, found[image].class_index, strict=True)
        scored = detections(*((x, y, row) for (x, y), row in cells))
        kept = wanted if len(taxonomy) > 1 else Points(wanted.xy, 0 * wanted.class_index)
        fields.append(Field(image, scored, kept))
    return evaluate(fields, taxonomy, radius, Seed(0))


def test_the_published_predictions_get_the_published_counts() -> None:
    taxonomy = Taxonomy.of(["inflammatory", "epithelial", "stromal"])
    evaluation = evaluated("pred.csv", taxonomy, 6)
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
    taxonomy = Taxonomy.of(["inflammatory", "epithelial", "stromal"])
    evaluation = evaluated("pred.csv", taxonomy, 5.999999)
    hits = [counts.true_positives for counts in evaluation.counts.per_class]
    assert hits == [1034, 2065, 2277]
