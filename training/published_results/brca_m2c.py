"""BRCA-M2C: tables 4, 9 and A.11 of the paper."""

from functools import partial

from training.protocol import Protocol
from training.published_results import remarks, rows
from training.published_results.benchmark import Benchmark
from training.published_results.rows import CONVNEXT, FCRN, HIBOU, SCRATCH, VIT

_retrained = partial(rows.retrained, "Table 4")
_best_of = partial(rows.best_of, "Table A.11", 100)
_official = partial(rows.official, "Table A.11")

BRCA_M2C = Benchmark(
    name="brca-m2c",
    title="BRCA-M2C",
    classes=("epithelial", "lymphocyte", "stromal"),
    protocol=Protocol(radius=6),
    split="published",
    rows=(
        _retrained("MCSpatNet", (0.764, 0.594, 0.525), 0.628, 0.009),
        _retrained("ACFormer", (0.645, 0.528, 0.447), 0.540, 0.084),
        _retrained("PGT", (0.777, 0.625, 0.524), 0.642, 0.014),
        _retrained(FCRN, (0.725, 0.579, 0.472), 0.592, 0.013),
        rows.retrained("Table 9", SCRATCH, (), 0.471),
        _retrained(VIT, (0.753, 0.629, 0.502), 0.628, 0.007),
        _retrained(HIBOU, (0.768, 0.674, 0.509), 0.650, 0.005),
        _retrained(CONVNEXT, (0.772, 0.636, 0.525), 0.644, 0.007),
        _official(
            "MCSpatNet",
            (0.793, 0.649, 0.548),
            0.663,
            "The paper suggests that the best of several trainings was released.",
        ),
        _official("ACFormer", (0.741, 0.618, 0.462), 0.607),
        _official("PGT", (0.792, 0.624, 0.531), 0.649),
        _best_of(FCRN, (0.777, 0.583, 0.489), 0.616),
        _best_of(CONVNEXT, (0.786, 0.659, 0.538), 0.661),
    ),
    remarks=(
        remarks.SOURCE,
        remarks.RETRAINED,
        "The choice on validation is stated with the Lizard results, and the same strategy here.",
        remarks.DASH,
    ),
)
