"""Published rows and ours stand side by side, and what is not comparable says so and is never bold."""

from typing import Any

import pytest

from patherea_core.errors import InputError, ShapeError
from tests.training.runs import of_f1, run_record
from tests.training.tables.builders import row
from training.protocol import Protocol
from training.published_results import BENCHMARKS, Benchmark, PublishedRow
from training.run_record import RunRecord
from training.tables.assembly import benchmark_of, benchmark_table
from training.tables.model import Group, Row, Score, Table

PAPER = PublishedRow(
    method="Paper",
    source="Table 1",
    f1=(0.7, None),
    mean_f1=0.65,
    sd=0.01,
    runs="5 seeds",
    chosen="validation",
)
LUCKY = PublishedRow(
    method="Lucky",
    source="Table 2",
    f1=(0.9, 0.9),
    mean_f1=0.9,
    runs="best of 100",
    chosen="evaluated",
)
TINY = Benchmark(
    name="made-up",
    title="Made up",
    classes=("round", "long"),
    protocol=Protocol(radius=6),
    split="published",
    rows=(PAPER, LUCKY),
)


def good(**changes: Any) -> RunRecord:  # noqa: ANN401
    """Return a run that is better than the paper's row."""
    return run_record({"round": of_f1(750), "long": of_f1(800)}, **changes)


def bold(table: Table) -> list[tuple[str, str]]:
    return [
        (row.method, head)
        for row in table.rows
        for column, head in enumerate(table.columns)
        if table.is_best(row, column)
    ]


def own(table: Table) -> Row:
    (only,) = table.groups[-1].rows
    return only


def test_ours_stand_apart_from_the_published_rows() -> None:
    table = benchmark_table(TINY, [good(seed=0), good(seed=1)])
    assert [group.title for group in table.groups] == ["Published", "This project"]
    assert own(table).method == "P2P, ConvNeXt-B, ImageNet"
    assert own(table).runs == "2 seeds"
    assert own(table).scores == (
        Score(0.75, 0.0),
        Score(0.8, 0.0),
        Score(0.775, 0.0),
        Score(0.9, 0.0),
    )
    assert table.columns == ("round", "long", "mean F1", "any class")


def test_without_runs_the_table_is_the_paper_s() -> None:
    table = benchmark_table(TINY, [])
    assert [group.title for group in table.groups] == ["Published"]
    assert table.columns == ("round", "long", "mean F1")
    assert table.rows[0].scores == (Score(0.7), None, Score(0.65, 0.01))


def test_the_best_comparable_score_is_bold_and_a_lucky_one_never() -> None:
    assert bold(benchmark_table(TINY, [])) == [("Paper", "round"), ("Paper", "mean F1")]
    ours = "P2P, ConvNeXt-B, ImageNet"
    assert bold(benchmark_table(TINY, [good()])) == [
        (ours, head) for head in ("round", "long", "mean F1", "any class")
    ]


def test_a_row_chosen_on_the_evaluated_part_is_marked() -> None:
    table = benchmark_table(TINY, [good(chosen_on="evaluated")])
    for marked in (table.rows[1], own(table)):
        assert marked.chosen_on == "evaluated part"
        assert any("too good" in note for note in marked.notes)
    assert table.rows[0].notes == ()
    assert bold(table) == [("Paper", "round"), ("Paper", "mean F1")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"protocol": Protocol(radius=12)}, "radius 12 px"),
        ({"protocol": Protocol(radius=6, unit="um")}, "radius 6 µm"),
        ({"protocol": Protocol(radius=6, matching="one-to-many")}, "invents hits"),
        ({"split": "mine"}, "split 'mine'"),
        ({"evaluated_on": "val", "chosen_on": "nothing"}, "evaluated on val"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_measured_otherwise_is_footnoted_and_not_bold(
    changes: dict[str, Any], words: str
) -> None:
    table = benchmark_table(TINY, [good(**changes)])
    first = table.notes[table.note_numbers(own(table))[0] - 1]
    assert words in first
    assert first.startswith("Not measured as the other rows: ")
    assert bold(table) == [("Paper", "round"), ("Paper", "mean F1")]


def test_missing_folds_are_footnoted() -> None:
    lnet = BENCHMARKS["patherea-lnet"]
    classes = {name: of_f1(900) for name in lnet.classes}
    runs = [
        run_record(classes, dataset=lnet.name, fold=str(fold), protocol=Protocol(radius=16))
        for fold in range(3)
    ]
    assert own(benchmark_table(lnet, runs)).may_be_best
    partial = own(benchmark_table(lnet, runs[:2]))
    assert not partial.may_be_best
    assert "2 of 3 folds" in partial.notes[0]


def test_one_run_tells_its_interval_and_where_it_comes_from() -> None:
    table = benchmark_table(TINY, [good(mean_f1_interval=(0.75, 0.8))])
    assert own(table).scores[2] == Score(0.775)
    assert own(table).notes == (
        "Recipe paper (cccccccc), patherea 0.1.0, dataset dddddddd; a run is evaluated on 4 images with "
        "1000 cells.",
        "95 % interval of the mean F1 of this one run: 0.750 to 0.800.",
    )
    two = benchmark_table(TINY, [good(mean_f1_interval=(0.75, 0.8)), good(seed=1)])
    assert len(own(two).notes) == 1


def test_a_run_with_other_classes_is_refused() -> None:
    with pytest.raises(InputError, match="has the classes round, but its table has round, long"):
        benchmark_table(TINY, [run_record({"round": of_f1(500)})])


def test_a_dataset_without_published_rows_has_a_table_too() -> None:
    first, other = good(), good(protocol=Protocol(radius=12))
    table = benchmark_table(benchmark_of([first]), [first, other])
    (group,) = table.groups
    assert [row.may_be_best for row in group.rows] == [True, False]


def test_equal_figures_share_the_place() -> None:
    rows = (row("a", Score(0.6004)), row("b", Score(0.5996)), row("c", Score(0.599)))
    table = Table(name="t", title="t", protocol="", columns=("x",), groups=(Group("g", rows),))
    assert bold(table) == [("a", "x"), ("b", "x")]


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ShapeError, match="a has 1 scores for 2 columns"):
        Table(
            name="t",
            title="t",
            protocol="",
            columns=("x", "y"),
            groups=(Group("g", (row("a", Score(0.6)),)),),
        )


def test_the_paper_s_best_rows_are_bold() -> None:
    assert bold(benchmark_table(BENCHMARKS["brca-m2c"], [])) == [
        ("MCSpatNet", "stromal"),
        ("PGT", "epithelial"),
        ("Patherea-P2P, ViT-B, Hibou frozen", "lymphocyte"),
        ("Patherea-P2P, ViT-B, Hibou frozen", "mean F1"),
        ("Patherea-P2P, ConvNeXt-B, ImageNet", "stromal"),
    ]
    # There every row is the best of a hundred, or does not say what it was chosen on.
    assert bold(benchmark_table(BENCHMARKS["bcdata"], [])) == []
