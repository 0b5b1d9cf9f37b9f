"""The transcription: complete, consistent in itself, and equal to the figures to reach."""

import pytest

from patherea_core.errors import InputError
from training.published_results import BENCHMARKS, Benchmark, PublishedRow
from training.published_results.rows import CONVNEXT, FCRN, HIBOU, SCRATCH, VIT

ROWS = [(name, row) for name, benchmark in BENCHMARKS.items() for row in benchmark.rows]


def row_of(dataset: str, method: str) -> PublishedRow:
    """Return the first row of a method, which is the one that was not chosen on the test part."""
    return next(row for row in BENCHMARKS[dataset].rows if row.method == method)


def test_every_table_of_the_paper_is_there() -> None:
    sources = {row.source for _, row in ROWS}
    assert sources == {f"Table {n}" for n in (3, 4, 5, 6, 7, 8, 9, "A.10", "A.11", "A.12")}
    assert {name: len(benchmark.rows) for name, benchmark in BENCHMARKS.items()} == {
        "lizard": 8 + 5,
        "brca-m2c": 8 + 5,
        "bcdata": 5,
        "patherea-lnet": 8 + 3,
        "patherea-gnet": 6,
        "patherea-breast-p1": 6,
        "patherea-breast-p2": 6,
    }


@pytest.mark.parametrize(
    ("dataset", "row"), ROWS, ids=lambda value: getattr(value, "method", value)
)
def test_a_printed_mean_is_the_mean_of_the_printed_classes(dataset: str, row: PublishedRow) -> None:
    if row.f1 and row.mean_f1 is not None:
        mean = sum(f1 or 0.0 for f1 in row.f1) / len(BENCHMARKS[dataset].classes)
        # All of them are rounded to three decimals, and the mean of five trainings once more.
        assert row.mean_f1 == pytest.approx(mean, abs=0.0011)


#: Dataset, then mean F1 of P2P with ConvNeXt-B, ViT-B, ViT-B with Hibou, ViT-B from scratch, and of FCRN.
REACH = {
    "lizard": (0.646, 0.583, 0.613, 0.459, 0.386),
    "brca-m2c": (0.644, 0.628, 0.650, 0.471, 0.592),
    "bcdata": (0.858, None, None, None, 0.824),
    "patherea-lnet": (0.624, 0.617, 0.617, 0.576, 0.562),
    "patherea-gnet": (0.615, 0.631, None, None, 0.555),
    "patherea-breast-p1": (0.594, 0.633, None, None, 0.608),
    "patherea-breast-p2": (0.534, 0.567, None, None, 0.522),
}


@pytest.mark.parametrize("dataset", REACH)
def test_the_means_are_the_figures_to_reach(dataset: str) -> None:
    for method, mean_f1 in zip((CONVNEXT, VIT, HIBOU, SCRATCH, FCRN), REACH[dataset], strict=True):
        if mean_f1 is not None:
            assert row_of(dataset, method).mean_f1 == mean_f1


def test_the_best_of_many_is_said_to_be_chosen_on_the_test_part() -> None:
    best = [row for _, row in ROWS if row.runs.startswith("best of")]
    assert len(best) == 3 + 2 + 2
    assert all(row.chosen == "evaluated" and row.sd is None for row in best)
    assert {row.source for _, row in ROWS if row.chosen != "evaluated"} >= {"Table 3", "Table 4"}


def test_a_row_with_scores_for_other_classes_is_refused() -> None:
    lizard = BENCHMARKS["lizard"]
    with pytest.raises(InputError, match="6 scores for 2 classes"):
        Benchmark(
            name="x",
            title="x",
            classes=("a", "b"),
            protocol=lizard.protocol,
            split="published",
            rows=lizard.rows,
        )
