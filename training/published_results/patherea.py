"""The Patherea dataset (LNET, GNET, and Breast by two pathologists): tables 5 to 9 of the paper."""

from functools import partial

from training.protocol import Protocol
from training.published_results import remarks, rows
from training.published_results.benchmark import Benchmark, PublishedRow
from training.published_results.rows import CONVNEXT, FCRN, HIBOU, SCRATCH, VIT

_lnet = partial(rows.over_folds, "Table 5")
_gnet = partial(rows.over_folds, "Table 6")
_breast = partial(rows.over_folds, "Table 7")
_ablation = partial(rows.over_folds, "Table 8")
_initialisation = partial(rows.over_folds, "Table 9")

_SAME_FOLDS = "6 proposals a target; the paper compares 1, 2, 4 and 6 on these folds (table 8)."
_ONE_FIGURE = (
    "Its mean is left out: the one figure printed for both pathologists, 0.378, is the mean of "
    "neither."
)


def _benchmark(name: str, title: str, *printed: PublishedRow) -> Benchmark:
    return Benchmark(
        name=name,
        title=title,
        classes=(
            "positive_tumor_cell",
            "negative_tumor_cell",
            "others_positive",
            "others_negative",
        ),
        heads=("positive", "negative", "other positive", "other negative"),
        protocol=Protocol(radius=16),
        split="published",
        folds=3,
        rows=printed,
        remarks=(
            remarks.SOURCE,
            remarks.RETRAINED,
            "The paper states no radius for this dataset; 16 px are those of the code released with it.",
            "The folds share no patient. Normal cells take no part.",
            remarks.ZERO,
        ),
    )


LNET = _benchmark(
    "patherea-lnet",
    "Patherea-LNET",
    _lnet("MCSpatNet", (0.790, 0.734, 0.190, 0.446), 0.540),
    _lnet("ACFormer", (0.826, 0.781, None, None), 0.402),
    _lnet("PGT", (0.789, 0.758, None, None), 0.387),
    _lnet(FCRN, (0.787, 0.750, 0.245, 0.467), 0.562),
    _initialisation(SCRATCH, (), 0.576),
    _lnet(VIT, (0.832, 0.790, 0.273, 0.572), 0.617, _SAME_FOLDS),
    _initialisation(HIBOU, (), 0.617),
    _lnet(CONVNEXT, (0.828, 0.789, 0.318, 0.559), 0.624),
    _ablation(f"{VIT}, 1 proposal a target", (0.799, 0.744, 0.292, 0.534), None),
    _ablation(f"{VIT}, 2 proposals a target", (0.820, 0.772, 0.332, 0.563), None),
    _ablation(f"{VIT}, 4 proposals a target", (0.828, 0.788, 0.287, 0.567), None),
)

GNET = _benchmark(
    "patherea-gnet",
    "Patherea-GNET",
    _gnet("MCSpatNet", (0.612, 0.825, 0.127, 0.579), 0.536),
    _gnet("ACFormer", (0.584, 0.827, None, None), 0.353),
    _gnet("PGT", (0.598, 0.825, None, None), 0.356),
    _gnet(FCRN, (0.746, 0.842, None, 0.629), 0.555),
    _gnet(VIT, (0.774, 0.852, 0.241, 0.658), 0.631),
    _gnet(CONVNEXT, (0.756, 0.842, 0.214, 0.649), 0.615),
)

BREAST_P1 = _benchmark(
    "patherea-breast-p1",
    "Patherea-Breast, first pathologist",
    _breast("MCSpatNet", (0.771, 0.680, 0.315, 0.606), 0.593),
    _breast("ACFormer", (0.761, 0.657, None, None), None, _ONE_FIGURE),
    _breast("PGT", (0.794, 0.713, None, None), 0.377),
    _breast(FCRN, (0.785, 0.736, 0.326, 0.586), 0.608),
    _breast(VIT, (0.804, 0.748, 0.341, 0.640), 0.633),
    _breast(CONVNEXT, (0.752, 0.698, 0.319, 0.607), 0.594),
)

BREAST_P2 = _benchmark(
    "patherea-breast-p2",
    "Patherea-Breast, second pathologist",
    _breast("MCSpatNet", (0.690, 0.696, None, 0.511), 0.474),
    _breast("ACFormer", (0.717, 0.668, None, None), None, _ONE_FIGURE),
    _breast("PGT", (0.770, 0.742, None, None), 0.378),
    _breast(FCRN, (0.768, 0.762, 0.025, 0.533), 0.522),
    _breast(VIT, (0.776, 0.763, 0.143, 0.585), 0.567),
    _breast(CONVNEXT, (0.714, 0.722, 0.169, 0.531), 0.534),
)
