"""Lizard: tables 3, 9 and A.10 of the paper."""

from functools import partial

from training.protocol import Protocol
from training.published_results import remarks, rows
from training.published_results.benchmark import Benchmark
from training.published_results.rows import CONVNEXT, FCRN, HIBOU, SCRATCH, VIT

_retrained = partial(rows.retrained, "Table 3")
_best_of = partial(rows.best_of, "Table A.10")
_official = partial(rows.official, "Table A.10")

LIZARD = Benchmark(
    name="lizard",
    title="Lizard",
    classes=("connective", "eosinophil", "epithelial", "lymphocyte", "neutrophil", "plasma"),
    protocol=Protocol(radius=6),
    split="published",
    rows=(
        _retrained("MCSpatNet", (0.659, None, 0.800, 0.705, None, 0.437), 0.434, 0.003),
        _retrained("ACFormer", (0.723, 0.565, 0.816, 0.771, 0.405, 0.580), 0.643, 0.012),
        _retrained("PGT", (0.718, 0.534, 0.833, 0.757, 0.283, 0.538), 0.611, 0.009),
        _retrained(FCRN, (0.573, 0.019, 0.720, 0.664, 0.048, 0.289), 0.386, 0.014),
        rows.retrained("Table 9", SCRATCH, (), 0.459),
        _retrained(VIT, (0.665, 0.452, 0.782, 0.734, 0.366, 0.500), 0.583, 0.007),
        _retrained(HIBOU, (0.680, 0.499, 0.788, 0.742, 0.444, 0.524), 0.613, 0.005),
        _retrained(CONVNEXT, (0.730, 0.543, 0.816, 0.771, 0.448, 0.569), 0.646, 0.007),
        _best_of(5, "MCSpatNet", (0.661, 0.0, 0.814, 0.712, 0.0, 0.442), 0.438),
        _official("ACFormer", (0.714, 0.506, 0.819, 0.740, 0.330, 0.561), 0.612),
        _official("PGT", (0.712, 0.536, 0.810, 0.742, 0.395, 0.515), 0.618),
        _best_of(100, FCRN, (0.594, 0.017, 0.733, 0.676, 0.055, 0.309), 0.397),
        _best_of(100, CONVNEXT, (0.722, 0.570, 0.815, 0.780, 0.445, 0.585), 0.653),
    ),
    remarks=(
        remarks.SOURCE,
        remarks.RETRAINED,
        "Fold 3 is for training, fold 2 for validation, fold 1 for test.",
        remarks.ZERO,
    ),
)
