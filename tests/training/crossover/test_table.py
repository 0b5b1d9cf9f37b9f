"""The table of a cross-over: what is compared, what it says of it, and what it says is missing."""

from pathlib import Path

import pytest

from patherea_core.errors import InputError
from tests.training.crossover.builders import COUNTED, Counted, plan, row
from training.__main__ import main
from training.crossover.arms import KNOWN_ARMS, TEMPLATES, given_arm, known_arms
from training.crossover.draws import Estimate
from training.crossover.figure import crossover_figure
from training.crossover.folder import PlanFolder
from training.crossover.ledger import CROSSOVER, append_row, read_rows
from training.crossover.page import BEGIN, END, page_with
from training.crossover.row import CrossoverRow
from training.crossover.summary import Summary, summaries
from training.crossover.table import crossover_text, gaps, verdicts
from training.recipes.experiment import changed

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "crossover.md"


def better(by: int) -> Counted:
    """Return counts with that many more hits in each class of each patient."""
    return {
        patient: {name: (tp + by, fp, fn) for name, (tp, fp, fn) in classes.items()}
        for patient, classes in COUNTED.items()
    }


def measured(*found: CrossoverRow) -> Summary:
    return Summary(found)


ROWS = (
    *(row("scratch", share, seed) for share in (0.25, 1.0) for seed in (0, 1)),
    *(row("imagenet", 0.25, seed, better(8)) for seed in (0, 1)),
    *(row("imagenet", 1.0, seed) for seed in (0, 1)),
    row("spark", 0.25, 1, better(1)),
)


def cells(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def test_the_first_tables_have_the_mean_of_an_arm_and_of_a_pair_at_each_share() -> None:
    table = cells(crossover_text([measured(*ROWS)]))
    assert table[0] == ["mean F1", "25 %", "100 %"]
    assert table[2][0] == "scratch"
    assert table[2][1].startswith(f"{ROWS[0].run.mean_f1:.3f} (")
    assert not table[2][1].endswith("seeds")
    spark = table[4]
    assert spark[0] == "spark"
    assert spark[1].endswith("), 1 seed")
    assert spark[2] == "–"
    assert table[5] == ["difference", "25 %", "100 %"]
    assert table[7][0] == "imagenet less scratch"


def test_a_row_by_class_has_what_was_learnt_from_and_the_scores_of_its_runs() -> None:
    table = cells(crossover_text([measured(*ROWS)]))
    heads = ["labels", "arm", "seeds", "cells learnt from", "round", "long"]
    scratch = table[table.index(heads) + 2]
    assert scratch[:4] == ["25 %", "scratch", "2", "100"]
    assert [cell.split(" ")[0] for cell in scratch[4:]] == ["0.800", "0.591"]


def test_the_order_of_the_ledger_changes_nothing_but_the_order_of_the_arms() -> None:
    text, turned = (crossover_text([measured(*rows)]) for rows in (ROWS, ROWS[::-1]))
    rows = [{tuple(line) for line in cells(one) if line[1] == "imagenet"} for one in (text, turned)]
    assert rows[0] == rows[1] != set()


def test_a_difference_is_taken_over_the_seeds_that_both_arms_have() -> None:
    one = measured(*ROWS)
    assert one.pairs() == (
        ("imagenet", "scratch"),
        ("spark", "scratch"),
        ("spark", "imagenet"),
    )
    found = one.differences("spark", "scratch", 0.25)
    assert found is not None
    assert found[-1].seeds == 1
    assert one.differences("spark", "scratch", 1.0) is None


def test_what_a_difference_says_is_said_in_words() -> None:
    said = [*verdicts(measured(*ROWS))]
    assert said[0] == (
        "**imagenet** is ahead of scratch at 25 %; is not told apart from scratch at 100 %."
    )
    assert said[1] == "**spark** has one seed beside scratch, by which it is not judged, at 25 %."


def test_fewer_seeds_than_the_plan_has_are_said_where_they_are_judged_by() -> None:
    third = measured(*ROWS, row("scratch", 1.0, 2), row("imagenet", 1.0, 2))
    assert next(verdicts(third)) == (
        "**imagenet** is ahead of scratch at 25 % (2 seeds); is not told apart from scratch at 100 %."
    )


def test_runs_that_are_missing_are_named() -> None:
    assert [*gaps(measured(*ROWS))] == [
        "Not run yet: spark at 25 % with seed 0; 100 % with seed 0, 1."
    ]
    planned = measured(row(plan="two-cores"))
    told = [*gaps(planned)]
    assert "Not run: imagenet." in told
    assert "Not run: spark." in told
    assert told[0] == (
        "Not run yet: scratch at 10 % with seed 0, 1, 2; 25 % with seed 0, 1, 2; 50 % with seed 0, 1, 2;"
        " 100 % with seed 1, 2."
    )


def test_nothing_is_said_where_nothing_was_run() -> None:
    assert crossover_text([]) == "No run is in the ledger yet.\n"


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (row("other", tested_on="f" * 64), "differ in test images"),
        (row("other", schedule="epochs"), r"in schedule \(epochs, not steps\)"),
        (row(seed=1, weights_sha256="7" * 64), r"in weights \(7{64}, not None\)"),
        (
            row("other", run=ROWS[0].run.model_copy(update={"dataset_digest": "9" * 64})),
            "differ in dataset_digest",
        ),
        (
            row("other", trained_on=ROWS[0].trained_on),
            "learnt from other labels than brca-m2c/scratch/100/0",
        ),
    ],
)
def test_what_was_measured_otherwise_stands_in_no_table(other: CrossoverRow, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        summaries([row("scratch"), other])


def test_plans_and_datasets_have_tables_of_their_own() -> None:
    found = summaries([*ROWS, row(plan="else")])
    assert [one.first.plan for one in found] == ["tiny", "else"]


def test_a_row_whose_patients_do_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match=r"patients have \(26, 7, 6\) of round together"):
        row(run=row(counted=better(1)).run)


def test_a_run_is_in_the_ledger_once(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    for one in (*ROWS, ROWS[0]):
        append_row(ledger, one)
    assert read_rows(ledger) == ROWS
    with pytest.raises(InputError, match=r"the run of line 1 again \(tiny: brca-m2c/scratch"):
        append_row(ledger, row("scratch", 0.25, 0, better(2)))
    assert read_rows(ledger) == ROWS


def test_a_figure_of_the_same_rows_is_the_same_file() -> None:
    first, second = (crossover_figure(measured(*ROWS)) for _ in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG")
    assert crossover_figure(measured(*ROWS[:-1])) != first


def test_an_undefined_difference_is_not_apart() -> None:
    assert not Estimate(None, None, 1).apart


def test_the_command_puts_the_table_between_the_marks_of_a_page(tmp_path: Path) -> None:
    ledger, page = tmp_path / "ledger.jsonl", tmp_path / "page.md"
    for one in ROWS:
        append_row(ledger, one)
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    words = ["crossover", "table", "--ledger", str(ledger), "--page", str(page)]
    assert main([*words, "--figures", str(tmp_path)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text == f"before\n{BEGIN}\n\n{crossover_text(summaries(ROWS))}\n{END}\nafter\n"
    assert (tmp_path / "crossover-brca-m2c-tiny.png").exists()
    assert main(words) == 0
    assert page.read_text(encoding="utf-8") == text


def test_a_page_without_marks_stays_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = tmp_path / "page.md"
    page.write_text("words")
    words = ["crossover", "table", "--ledger", str(tmp_path / "none"), "--page", str(page)]
    assert main(words) == 2
    assert "lacks the marks" in caplog.text
    assert page.read_text() == "words"


def test_the_page_is_in_step_with_the_ledger() -> None:
    rows = read_rows(ROOT / CROSSOVER) if (ROOT / CROSSOVER).exists() else ()
    found = summaries(rows)
    page = PAGE.read_text(encoding="utf-8")
    assert page == page_with(PAGE, crossover_text(found))
    for one in found:
        name = f"crossover-{one.first.run.dataset}-{one.first.plan}.png"
        assert f"images/{name}" in page
        assert (PAGE.parent / "images" / name).exists()


def test_a_plan_is_made_of_a_template_with_the_arms_whose_weights_are_there(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = plan().datasets[0]
    monkeypatch.setattr("training.crossover.command._dataset", lambda _folder: made)
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"weights")
    words = ["crossover", "plan", str(tmp_path / "plan"), "--data", "d"]
    words += ["--ledger", str(tmp_path / "none.jsonl")]
    assert main([*words, "--weights", f"imagenet={weights}"]) == 0
    assert "arm spark is left out: it needs --weights spark=FILE" in caplog.text
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("runs are called dataset/arm/percent/seed")
    assert told[-2] == f"two-cores: {TEMPLATES['two-cores'].words}"  # so with how long it takes
    assert told[-1].endswith(f": python -m training crossover run {tmp_path / 'plan'}")
    caplog.clear()
    again = [*words]
    for arm in ("imagenet-densenet169", "spark", "spark-full-rate"):
        again += ["--weights", f"{arm}={weights}"]
    more = ["--arm", f"mae=brca-m2c/mobilenetv2:{weights}", "--seeds", "0,3"]
    assert main([*again, *more]) == 0
    assert "is left out" not in caplog.text
    kept = PlanFolder(tmp_path / "plan").read()
    assert [one.name for one in kept.arms] == ["scratch", "imagenet", *KNOWN_ARMS[2:], "mae"]
    assert kept.seeds == (0, 1, 2, 3)
    assert {one.recipe.training.epochs for one in kept.arms} == {20}
    assert kept.arm("scratch").recipe.network.backbone == kept.arm("spark").recipe.network.backbone
    assert kept.arm("imagenet").recipe == kept.arm("mae").recipe
    learning_statistics = changed(kept.arm("imagenet").recipe, network={"frozen_norm": False})
    assert kept.arm("spark").recipe == learning_statistics
    from_weights = changed(kept.arm("scratch").recipe, training={"initialisation": "pretrained"})
    assert kept.arm("spark-full-rate").recipe == from_weights


def test_an_arm_may_be_another_one_from_other_weights(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"weights")
    template = TEMPLATES["two-cores"]
    (known,) = (
        one
        for one in known_arms(template, {"spark-full-rate": weights})
        if one.name == "spark-full-rate"
    )
    given = given_arm(f"spark-again=spark-full-rate:{weights}", template)
    assert given == known.model_copy(update={"name": "spark-again"})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (["--weights", "scratch=f"], "the arms of this plan that take weights are imagenet, "),
        (["--weights", "imagenet"], "is not ARM=FILE"),
        (["--weights", "imagenet=none.bin"], "the weights none.bin cannot be read"),
        (["--arm", "mae"], "is not NAME=EXPERIMENT or NAME=EXPERIMENT:WEIGHTS"),
        (["--arm", "mae=nothing"], "there is no recipe 'nothing'"),
        (["--arm", "mae=brca-m2c/mobilenetv2"], "arm mae needs weights"),
        (["--arm", "big one=brca-m2c/scratch"], "arm 'big one' cannot be used"),
        (["--shares", "ten"], "is no list of numbers"),
        (["--shares", "10,10"], "a share is named twice"),
        (["--seeds", "-1"], "a seed must be a whole number"),
    ],
)
def test_what_is_no_plan_is_refused_in_one_sentence(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    given: list[str],
    reason: str,
) -> None:
    made = plan().datasets[0]
    monkeypatch.setattr("training.crossover.command._dataset", lambda _folder: made)
    words = ["crossover", "plan", str(tmp_path / "plan"), "--data", "d"]
    assert main([*words, "--ledger", str(tmp_path / "none.jsonl"), *given]) == 2
    (said,) = (one.getMessage() for one in caplog.records if one.levelname == "ERROR")
    assert reason in said
    assert "\n" not in said
    assert not (tmp_path / "plan").exists()


def test_templates_have_all_labels_and_three_seeds() -> None:
    for template in TEMPLATES.values():
        assert {*template.shares} == {0.1, 0.25, 0.5, 1.0}
        assert len(template.seeds) == 3
