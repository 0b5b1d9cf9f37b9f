"""The ablation table: seeds summed up, differences by seed, and nothing compared that cannot be."""

from pathlib import Path

import pytest

from patherea_core.errors import InputError
from tests.training.runs import of_f1, run_record
from training.__main__ import main
from training.ledger import append
from training.run_record import RunRecord
from training.tables.ablation import ablation_table


def run_of(recipe: str, seed: int, f1: int, **changes: str) -> RunRecord:
    """Return a run with that mean F1, in thousandths."""
    classes = {"round": of_f1(f1 - 100), "long": of_f1(f1 + 100)}
    digest = recipe[-1] * 64
    return run_record(classes, recipe=recipe, recipe_digest=digest, seed=seed, **changes)


RUNS = [
    *(run_of("ablation/a", seed, f1) for seed, f1 in enumerate((600, 620, 640))),
    *(run_of("ablation/b", seed, f1) for seed, f1 in ((2, 650), (0, 610), (1, 600), (7, 900))),
]


def cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def test_a_row_is_an_experiment_and_its_difference_is_taken_seed_by_seed() -> None:
    head, alignment, base, other = cells(ablation_table(RUNS, "ablation/a"))
    columns = ["recipe", "runs", "round", "long", "mean F1", "less the base", "any class"]
    assert head == columns
    assert alignment[:3] == ["---", "---", "--:"]
    assert base == [
        *("ablation/a", "3 seeds", "0.520 ± 0.020", "0.720 ± 0.020", "0.620 ± 0.020"),
        *("–", "0.900 ± 0.000"),
    ]
    # Seed 7 has no run of the base; the others differ by 0.01, 0.01 and -0.02.
    assert (other[0], other[1], other[5]) == ("ablation/b", "4 seeds", "+0.000 ± 0.017")


def test_one_pair_has_no_deviation_and_none_has_no_difference() -> None:
    text = ablation_table([*RUNS[:2], RUNS[5]], "ablation/a")
    assert cells(text)[-1][5] == "-0.020"
    assert cells(ablation_table([*RUNS[:2], RUNS[6]], "ablation/a"))[-1][5] == "–"


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        (RUNS[3:], "0 experiments of recipe 'ablation/a'"),
        ([*RUNS, run_of("ablation/a", 1, 500, program="patherea 2")], "2 experiments of recipe"),
        ([*RUNS, run_of("ablation/c", 0, 500, split="own")], "their split is own, not published"),
    ],
)
def test_what_cannot_be_compared_is_refused(runs: list[RunRecord], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        ablation_table(runs, "ablation/a")


def test_the_command_takes_the_runs_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = tmp_path / "ledger.jsonl"
    for record in (*RUNS, run_of("else", 0, 100, split="own")):
        append(ledger, record)
    words = ["ablation", "--ledger", str(ledger), "--base", "ablation/a"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert printed == ablation_table(RUNS, "ablation/a")
    assert main([*words, "--out", str(tmp_path / "table.md")]) == 0
    assert (tmp_path / "table.md").read_text(encoding="utf-8") == printed
