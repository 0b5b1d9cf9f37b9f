"""BCData: table A.12 of the paper."""

from functools import partial

from training.protocol import Protocol
from training.published_results import remarks, rows
from training.published_results.benchmark import Benchmark, PublishedRow

_best_of = partial(rows.best_of, "Table A.12", 100)


def _copied(method: str, mean_f1: float) -> PublishedRow:
    return PublishedRow(
        method=method,
        source="Table A.12",
        f1=(),
        mean_f1=mean_f1,
        runs="not stated",
        chosen="unstated",
        protocol=Protocol(matching="unstated", radius=None),
        notes=("Copied by the paper from the publication of BCData.",),
    )


# The paper heads the columns of classes epi and lym, which BCData does not have; so they are left out.
BCDATA = Benchmark(
    name="bcdata",
    title="BCData",
    classes=("positive", "negative"),
    protocol=Protocol(radius=None),
    split="published",
    rows=(
        _copied("SC-CNN", 0.788),
        _copied("CSRNet", 0.822),
        _copied("U-CSRNet", 0.857),
        _best_of(rows.FCRN, (), 0.824),
        _best_of(rows.CONVNEXT, (), 0.858),
    ),
    remarks=(
        remarks.SOURCE,
        "Scores of classes are left out: the paper heads their columns epi and lym, classes that BCData does "
        "not have.",
        "The paper states no radius for this dataset.",
        remarks.DASH,
    ),
)
