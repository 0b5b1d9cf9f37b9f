"""An agreement study: from a table of slides to figures, tables and pictures, or one sentence why not."""

import csv
import json
import logging
from pathlib import Path

import numpy as np
import pytest

from patherea_core.errors import InputError
from patherea_core.evaluation.agreement.intraclass import intraclass
from patherea_core.evaluation.agreement.kappa import cohen_kappa
from patherea_core.seeding import Seed
from training.__main__ import main
from training.agreement.counted import counted
from training.agreement.grades import Grades, plain_kappa, weighted_kappa
from training.agreement.pictures import comparison_picture
from training.agreement.slide_table import read_table
from training.agreement.study import Study, study_of
from training.agreement.words import as_markdown

NET = Grades.named("net")


def written(folder: Path, count: int = 40) -> Path:
    """Return a table of two readers, an eyeball value and a model."""
    random = np.random.default_rng(0)
    lines = ["slide,patient,ann,ben,eyeball,model"]
    for number, true in enumerate(random.gamma(1.5, 10, count)):
        near = np.clip(true + random.normal(0, 1, 2), 0, 100)
        figures = [*near, 5 * round(true / 5), np.clip(true * 1.1, 0, 100)]
        who = [f"s{number}", f"p{number // 2}"]
        lines.append(",".join([*who, *(f"{figure:.2f}" for figure in figures)]))
    path = folder / "slides.csv"
    path.write_text("\n".join(lines))
    return path


def studied(path: Path, *reference: str) -> Study:
    return study_of(read_table(path), reference, NET, Seed(0))


def test_every_column_is_compared_with_the_reference(tmp_path: Path) -> None:
    found = studied(written(tmp_path), "ann")
    assert [one.name for one in found.comparisons] == ["ben", "eyeball", "model"]
    model = found.comparisons[-1]
    assert model.limits.bias.value == pytest.approx(
        np.mean(model.figures[:, 1] - model.figures[:, 0])
    )
    assert model.correlations == intraclass(model.figures)
    assert model.line.slope.value == pytest.approx(1.1, abs=0.1)
    assert model.counted.kappa.value == pytest.approx(cohen_kappa(model.counted.grades))
    assert (model.slides, model.counted.groups) == (40, 20)


def test_readers_are_compared_with_the_other_readers(tmp_path: Path) -> None:
    found = studied(written(tmp_path), "ann", "ben")
    pairs = [(one.name, one.reference, one.is_person) for one in found.comparisons]
    assert pairs == [
        ("eyeball", ("ann", "ben"), False),
        ("model", ("ann", "ben"), False),
        ("ann", ("ben",), True),
        ("ben", ("ann",), True),
    ]
    table = read_table(written(tmp_path))
    mean = (table.columns["ann"] + table.columns["ben"]) / 2
    assert found.comparisons[1].figures[:, 0] == pytest.approx(mean)


def test_slides_that_one_did_not_measure_are_left_out_and_told(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_text().splitlines()
    lines[1] = ",".join([*lines[1].split(",")[:-1], ""])
    path.write_text("\n".join(lines))
    study = studied(path, "ann")
    model = study.comparisons[-1]
    assert (model.slides, model.left_out) == (39, 1)
    assert "1 slide that one of them did not measure is left out." in as_markdown(study)


def test_close_is_within_a_fifth_of_the_reference_both_ends_included() -> None:
    figures = np.array([[20, 24], [20, 16], [20, 24.1], [0, 0], [0, 0.1], [0.3, 0.36]])
    names = [str(row) for row in range(6)]
    assert counted(figures, names, NET, Seed(0), 0.95).close.value == pytest.approx(4 / 6)


def test_one_patient_has_no_interval() -> None:
    figures = np.array([[20.0, 24.0], [1.0, 30.0]])
    found = counted(figures, ["p", "p"], NET, Seed(0), 0.95)
    assert (found.groups, found.close.interval, found.kappa.interval) == (1, None, None)


def test_cut_offs_belong_where_the_guideline_says() -> None:
    percent = np.array([0, 2.99, 3, 20, 20.01, 100])
    assert NET.of(percent).tolist() == [0, 0, 1, 1, 2, 2]
    assert Grades.named("breast").of(np.array([5, 5.1, 29.9, 30])).tolist() == [0, 1, 1, 2]
    assert Grades.named("14").of(np.array([13.9, 14])).tolist() == [0, 1]
    assert NET.of(np.array([0.03]) * 100).tolist() == [1]
    assert Grades.named("5,30").names == ("below 5", "5 to 30", "from 30")


@pytest.mark.parametrize("text", ["", "30,5", "0,5", "5,100", "5,5", "high"])
def test_cut_offs_rise(text: str) -> None:
    with pytest.raises(InputError, match="cut-offs in percent that rise"):
        Grades.named(text)


def test_kappa_is_cohens_and_weights_count_far_misses_twice() -> None:
    table = np.array([[20, 5, 1], [4, 15, 6], [2, 3, 10]])
    assert plain_kappa(table.astype(float)) == pytest.approx(cohen_kappa(table))
    total, cost = table.sum(), np.abs(np.subtract.outer(range(3), range(3)))
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    by_hand = 1 - (cost * table).sum() / (cost * chance).sum()
    assert weighted_kappa(table.astype(float)) == pytest.approx(by_hand)
    two = table[:2, :2].astype(float)
    assert weighted_kappa(two) == pytest.approx(float(plain_kappa(two)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slide,ann,model\na,5,6\nb,7\n", "row 3 of .* has 2 cells"),
        ("slide,ann,model\na,5,six\n", "row 2, column 'model' .* says 'six'"),
        ("slide,ann,model\na,5,101\n", "says '101'"),
        ("slide,ann,model\na,5,-1\n", "says '-1'"),
        ("slide,ann,model\na,0.5,0.6\n", "may be shares of 1; say --unit share"),
        ("slide,ann,model\na,5,6\na,7,8\n", "slide 'a' twice"),
        ("slide,patient,ann\na,,6\n", "lacks the patient"),
        ("slide,ann,ann\na,5,6\n", "titles, each of them another"),
        ("slide\na\n", "1 slide and 0 columns"),
        ("", "needs a first line of titles"),
    ],
)
def test_a_table_that_cannot_serve_is_refused_in_a_sentence(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "slides.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_table(path)


def test_tables_of_spreadsheets_are_read(tmp_path: Path) -> None:
    path = tmp_path / "slides.csv"
    path.write_text("\ufeffslide;ann;note\na;5,5;good\nb;n/a;\n", encoding="utf-8")
    table = read_table(path, ignore=["note"])
    assert table.columns["ann"].tolist() == pytest.approx([5.5, np.nan], nan_ok=True)
    assert table.patients == table.slides == ("a", "b")
    shares = read_table(written_shares(tmp_path), "share")
    assert shares.columns["ann"].tolist() == [50]


def written_shares(folder: Path) -> Path:
    path = folder / "shares.csv"
    path.write_text("ann\n0.5\n")
    return path


def test_too_few_slides_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"both measured 2 slides .* give at least 3"):
        studied(written(tmp_path, 2), "ann")
    with pytest.raises(InputError, match=r"both measured 1 slide of"):
        studied(written(tmp_path, 1), "ann")


@pytest.mark.parametrize("count", [3, 5, 9])
def test_a_handful_of_slides_is_compared_without_a_line_and_loudly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int
) -> None:
    path = written(tmp_path, count)
    assert main(["agreement", str(path), "--reference", "ann"]) == 0
    assert f"ben against ann: ONLY {count} SLIDES" in capsys.readouterr().out
    ben = studied(path, "ann").comparisons[0]
    assert ben.limits.bias.interval is not None
    assert ben.correlations.agreement.interval is not None
    assert (ben.line.slope.value, ben.deming.slope.value, ben.line.linear_p) == (None, None, None)
    assert (ben.counted.close.interval, ben.counted.kappa.interval) == (None, None)
    assert comparison_picture(ben, NET, "png").startswith(b"\x89PNG")


def test_ten_slides_of_ten_patients_have_lines_and_intervals(tmp_path: Path) -> None:
    path = written(tmp_path, 10)
    path.write_text(path.read_text().replace(",p", ",q").replace("slide,qatient", "slide,note"))
    ben = study_of(read_table(path, ignore=["note"]), ["ann"], NET, Seed(0)).comparisons[0]
    assert ben.counted.groups == 10
    assert ben.line.slope.interval is not None
    assert ben.counted.close.interval is not None


def test_a_reference_that_is_missing_or_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'carl' of figures; it has ann, ben"):
        studied(written(tmp_path), "carl")
    path = tmp_path / "one.csv"
    path.write_text("ann\n5\n")
    with pytest.raises(InputError, match="no column besides ann"):
        studied(path, "ann")


def test_the_command_writes_tables_and_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "study"
    words = ["agreement", str(written(tmp_path)), "--reference", "ann", "--out", str(out)]
    assert main([*words, "--ignore", "eyeball", "ben", "--pictures", "svg", "pdf", "png"]) == 0
    printed = capsys.readouterr().out
    assert printed == (out / "agreement.md").read_text()
    assert "| model | ann | 40 |" in printed
    figures = json.loads((out / "agreement.json").read_text())
    assert [one["name"] for one in figures["comparisons"]] == ["model"]
    with (out / "agreement.csv").open() as file:
        rows = list(csv.DictReader(file))
    (slope,) = (
        row
        for row in rows
        if (row["measured by"], row["figure"]) == ("model", "Passing-Bablok slope")
    )
    assert float(slope["value"]) == figures["comparisons"][0]["passing_bablok"]["slope"]["value"]
    starts = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}
    for form, start in starts.items():
        assert (out / f"01-model.{form}").read_bytes().startswith(start)
    assert {path.suffix for path in out.iterdir()} == {
        ".md",
        ".csv",
        ".json",
        ".svg",
        ".pdf",
        ".png",
    }


def test_few_slides_of_one_patient_and_bent_relations_are_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["agreement", str(written(tmp_path, 20)), "--reference", "ann"]) == 0
    printed = capsys.readouterr().out
    assert "20 slides are few; 40 are advised" in printed
    assert "some slides are of one patient" in printed
    path = tmp_path / "bent.csv"
    random = np.random.default_rng(0)
    rows = [f"{x:.3f},{min(x * x / 20, 100):.3f},{50 - x:.3f}" for x in random.uniform(0, 40, 60)]
    path.write_text("\n".join(["ann,bent,turned", *rows]))
    assert main(["agreement", str(path), "--reference", "ann"]) == 0
    printed = capsys.readouterr().out
    assert "bent against ann: the relation is no line" in printed
    assert "turned against ann: the figures do not rise together" in printed


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path)
    with caplog.at_level(logging.ERROR):
        assert main(["agreement", str(path), "--reference", "ann", "--out", str(path)]) == 2
    assert "cannot be made a folder" in caplog.text
