"""Runs of a plan, really made: paired labels, one look at the test part, nothing twice, and going on."""

import shutil
from pathlib import Path

import pytest

from patherea_core.data.store import read_manifest
from patherea_core.errors import Cancelled, InputError, OutputError
from patherea_core.progress import Silent
from tests.training.crossover.builders import arm, plan, write_dataset
from training.__main__ import main
from training.crossover.folder import PlanFolder
from training.crossover.ledger import read_rows
from training.crossover.one_run import How, carry_out
from training.crossover.plan import Key

SMALL, OTHER, WHOLE = (
    Key("brca-m2c", name, share, 0)
    for name, share in (("scratch", 0.25), ("other", 0.25), ("scratch", 1.0))
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a dataset with 25 images to learn from and three to test on."""
    return write_dataset(tmp_path_factory.mktemp("crossover") / "data")


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make three runs of a plan, and return the folder that holds it and its ledger."""
    place = tmp_path_factory.mktemp("made")
    folder = PlanFolder(place / "plan")
    folder.keep(plan(data))
    for key in (SMALL, OTHER, WHOLE):
        assert carry_out(
            folder, key, How(place / "ledger.jsonl", "cpu", keep_models=True), Silent()
        )
    return place


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> PlanFolder:
    """Return a copy of the plan with the three runs that are done."""
    shutil.copytree(made / "plan", tmp_path / "plan")
    return PlanFolder(tmp_path / "plan")


@pytest.fixture
def how(tmp_path: Path) -> How:
    """Return how runs are made here; the ledger is empty."""
    return How(ledger=tmp_path / "ledger.jsonl", device="cpu")


class Stopping:
    """Progress that asks to stop once the training has come so far."""

    def __init__(self, at: float) -> None:
        self._at = at

    def advance(self, fraction: float, _message: str = "") -> None:
        if fraction > self._at:
            raise Cancelled("asked to stop")


def test_runs_of_one_share_and_seed_learn_from_the_same_labels_with_as_many_steps(
    made: Path,
) -> None:
    one, other, whole = read_rows(made / "ledger.jsonl")
    assert one.trained_on == other.trained_on
    assert one.tested_on == other.tested_on == whole.tested_on
    # 20 images are left by the fifth that chooses: 5 batches of 4 tiles; a quarter of them are two.
    assert (whole.trained_on.images, whole.epochs, whole.steps) == (20, 1, 5)
    assert (one.trained_on.images, one.epochs, one.steps) == (5, 2, 4)
    assert (one.trained_on.drawn_by, whole.trained_on.drawn_by) == ("patient", None)
    assert (one.run.split, whole.run.split) == (
        "published, 25 % of the labels, drawn by seed 0",
        "published",
    )


def test_a_row_has_the_counts_of_every_patient_of_the_test_part(made: Path) -> None:
    for row in read_rows(made / "ledger.jsonl"):
        assert {*row.patients} == {"patient-25", "patient-26", "patient-27"}
        for name, score in row.run.classes.items():
            counts = [of_patient[name] for of_patient in row.patients.values()]
            assert score.tp + score.fn == sum(tp + fn for tp, _, fn in counts)
        assert sum(score.fp + score.tp for score in row.run.classes.values()) > 0


def test_a_run_that_is_done_is_not_made_again_but_recorded_once(
    folder: PlanFolder, how: How, monkeypatch: pytest.MonkeyPatch, made: Path
) -> None:
    monkeypatch.setattr("training.crossover.one_run.fit", _never)
    for _ in range(2):
        assert carry_out(folder, SMALL, how, Silent())
    assert read_rows(how.ledger) == read_rows(made / "ledger.jsonl")[:1]
    # What takes space is gone, what the figures follow from is there.
    left = {path.name for path in folder.run(SMALL).iterdir()}
    assert {"row.json", "report.json", "cells.csv", "recipe.json"} <= left
    assert not {"checkpoints", "model.safetensors"} & left


def test_a_run_that_was_killed_after_its_look_takes_no_second_one(
    folder: PlanFolder, how: How, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = folder.row(SMALL)
    folder.row_file(SMALL).unlink()
    monkeypatch.setattr("training.crossover.one_run.fit", _never)
    monkeypatch.setattr("training.last_look.LastLook.take", _never)
    assert carry_out(folder, SMALL, how, Silent())
    assert folder.row(SMALL) == row


def test_a_run_that_was_killed_before_it_was_recorded_leaves_nothing_large_and_is_recorded_later(
    folder: PlanFolder, how: How, made: Path
) -> None:
    how.ledger.mkdir()
    with pytest.raises(OutputError):
        carry_out(folder, SMALL, how, Silent())
    how.ledger.rmdir()
    assert not (folder.run(SMALL) / "checkpoints").exists()
    assert carry_out(folder, SMALL, how, Silent())
    assert read_rows(how.ledger) == read_rows(made / "ledger.jsonl")[:1]


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_and_ends_where_it_would_have(
    made: Path, how: How, tmp_path: Path, data: Path
) -> None:
    folder = PlanFolder(tmp_path / "stopped")
    folder.keep(plan(data))
    with pytest.raises(Cancelled):
        carry_out(folder, SMALL, how, Stopping(0.55))
    assert folder.state(SMALL) == "begun"
    assert not (folder.run(SMALL) / "report.json").exists()
    kept = (folder.run(SMALL) / "checkpoints" / "last.ckpt").stat().st_mtime_ns
    assert carry_out(folder, SMALL, How(how.ledger, "cpu", keep_models=True), Silent())
    assert (folder.run(SMALL) / "checkpoints" / "last.ckpt").stat().st_mtime_ns > kept
    (row,) = read_rows(how.ledger)
    assert row.patients == read_rows(made / "ledger.jsonl")[0].patients


def _never(*_given: object) -> None:
    raise AssertionError("it was trained or tested again")


def test_two_processes_never_make_one_run(folder: PlanFolder, how: How) -> None:
    with folder.at_work(SMALL) as mine:
        assert mine
        assert not carry_out(folder, SMALL, how, Silent())
    assert not how.ledger.exists()


def test_other_data_or_weights_than_those_of_the_plan_are_refused(
    how: How, data: Path, tmp_path: Path
) -> None:
    other = write_dataset(tmp_path / "other", learnt=12, tested=2)
    moved = plan(data).datasets[0].model_copy(update={"folder": other})
    strange = PlanFolder(tmp_path / "strange")
    strange.keep(plan(data).model_copy(update={"datasets": (moved,)}))
    with pytest.raises(InputError, match="is not the one that the plan was made for"):
        carry_out(strange, SMALL, how, Silent())
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"other weights")
    recipe = arm().recipe.model_dump()
    recipe["training"]["initialisation"] = "pretrained"
    pretrained = arm("scratch", recipe=recipe, weights=weights, weights_sha256="0" * 64)
    strange = PlanFolder(tmp_path / "weighty")
    strange.keep(plan(data, arms=(pretrained,)))
    with pytest.raises(InputError, match="are not those that arm scratch was planned with"):
        carry_out(strange, SMALL, how, Silent())


def test_the_command_makes_what_is_asked_for_and_tells_what_is_done(
    folder: PlanFolder, how: How, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["crossover", "run", str(folder.path), "--ledger", str(how.ledger), "--device", "cpu"]
    assert main([*words, "--only", "brca-m2c/*/25/0"]) == 0
    assert [row.key.arm for row in read_rows(how.ledger)] == ["scratch", "other"]
    assert main(["crossover", "list", str(folder.path), "--ledger", str(how.ledger)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "3 of 8 runs are done"
    assert "done  brca-m2c/other/25/0" in told
    assert "open  brca-m2c/other/100/1" in told


def test_what_the_ledger_has_of_a_plan_is_not_made_again_on_another_machine(
    made: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    ledger = tmp_path / "ledger.jsonl"
    shutil.copy(made / "ledger.jsonl", ledger)
    PlanFolder(tmp_path / "new").keep(plan(data))
    words = [str(tmp_path / "new"), "--ledger", str(ledger)]
    assert main(["crossover", "list", *words]) == 0
    assert capsys.readouterr().out.endswith("3 of 8 runs are done\n")
    assert main(["crossover", "run", *words, "--only", "brca-m2c/*/25/0"]) == 0
    assert "2 of 2 runs are in the ledger already" in caplog.text
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["plan.json"]
    assert ledger.read_bytes() == (made / "ledger.jsonl").read_bytes()


def test_a_run_that_the_ledger_has_of_other_data_is_refused_before_anything_is_made(
    made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = write_dataset(tmp_path / "other", learnt=26)
    PlanFolder(tmp_path / "plan").keep(plan(other))
    words = [str(tmp_path / "plan"), "--ledger", str(made / "ledger.jsonl")]
    for action in ("list", "run"):
        caplog.clear()
        assert main(["crossover", action, *words]) == 2
        assert "tiny: brca-m2c/scratch/25/0, made with another dataset than" in caplog.text
    assert [path.name for path in (tmp_path / "plan").iterdir()] == ["plan.json"]


def test_a_run_that_fails_stops_no_other(
    folder: PlanFolder, how: How, caplog: pytest.LogCaptureFixture
) -> None:
    folder.row_file(SMALL).write_text("{")
    words = ["crossover", "run", str(folder.path), "--ledger", str(how.ledger), "--device", "cpu"]
    assert main([*words, "--only", "brca-m2c/*/25/0"]) == 1
    assert [row.key.arm for row in read_rows(how.ledger)] == ["other"]
    assert "brca-m2c/scratch/25/0: the row" in caplog.text
    assert "failed: brca-m2c/scratch/25/0" in caplog.text


@pytest.mark.slow
def test_where_images_are_few_quarters_are_learnt_from_and_whole_images_tested_on(
    how: How, tmp_path: Path
) -> None:
    few = write_dataset(tmp_path / "few", learnt=15, tested=2)
    folder = PlanFolder(tmp_path / "plan")
    folder.keep(plan(few))
    assert carry_out(folder, SMALL, how, Silent())
    (row,) = read_rows(how.ledger)
    assert row.trained_on.drawn_by == "area"
    assert row.trained_on.points < 0.5 * 12 * 6
    assert {*row.patients} == {"patient-15", "patient-16"}
    assert sum(tp + fn for of in row.patients.values() for tp, _, fn in of.values()) == 12
    assert row.run.split == "published, 25 % of the labels, drawn by seed 0"
    assert row.run.dataset_digest == read_manifest(few).digest()
    assert not folder.labels(SMALL).exists()
