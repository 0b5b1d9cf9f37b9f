"""Checking a dataset as a command: what people and programs read, and the exit code."""

import argparse
import json
from pathlib import Path

import pytest

from patherea_core.data.finding import Finding, Inspection, Place
from patherea_core.errors import DatasetError, PathereaError
from patherea_core.progress import Silent
from plugin.__main__ import exit_code, guarded
from plugin.commands.check_dataset import CheckRequest, require_sound, run, table
from plugin.shell import dataset
from plugin.shell.parser import shell_parser
from tests.builders import points, sample, write_dataset


def inspection(*findings: Finding) -> Inspection:
    return Inspection(
        samples=3,
        patients=1,
        folds=("train", "val"),
        mpp=0.5,
        points={"round": 4, "long": 0},
        nucleus_um=None,
        neighbour_um=8.75,
        findings=findings,
    )


def finding(name: str | None, *, grade: str = "error", count: int = 1) -> Finding:
    assert grade in ("error", "warning", "note")
    return Finding(
        check="outside",
        grade=grade,  # type: ignore[arg-type]
        message=f"{count} outside",
        remedy="move them",
        sample=name,
        places=(Place(1.5, 2.25),),
        count=count,
    )


def asked(*words: str) -> int:
    def act() -> int:
        options = shell_parser([dataset.SUBCOMMAND]).parse_args(["dataset", *words])
        options.subcommand.run(options, Silent())
        return 0

    return guarded(act)


@pytest.fixture
def strayed(tmp_path: Path) -> Path:
    """Return the folder of a dataset with a point that is labelled twice, and a patient that leaks."""
    doubled = points((10, 10, 0), (11, 10, 1))
    write_dataset(tmp_path / "d", [sample(doubled, name="a")])
    return tmp_path / "d"


def test_the_table_names_sample_place_and_remedy() -> None:
    text = table(inspection(finding("s1", count=7)))
    assert "3 images of 1 patient in 2 folds (train, val)" in text
    assert "points: 4 round, 0 long" in text
    assert "pixels 0.5 µm; nearest points 8.8 µm" in text
    assert "ERROR outside\n  s1: 7 outside, first at 1.5, 2.25\n  -> move them\n" in text
    assert text.endswith("1 error, 0 warnings, 0 notes\n")


def test_the_table_shows_the_first_of_many_images_and_counts_the_rest() -> None:
    text = table(inspection(*(finding(f"s{row}", count=2) for row in range(9))))
    assert "s4: " in text
    assert "s5: " not in text
    assert "and 4 more images, 18 in all" in text
    assert text.count("-> move them") == 1


def test_the_table_shows_all_that_concerns_the_dataset() -> None:
    text = table(inspection(*(finding(None, count=row) for row in range(9))))
    assert "8 outside" in text
    assert "more image" not in text


def test_only_errors_make_a_dataset_unsound() -> None:
    require_sound(inspection(finding("s1", grade="warning"), finding("s1", grade="note")))
    with pytest.raises(PathereaError, match="2 errors were found") as raised:
        require_sound(inspection(finding("s1"), finding("s2")))
    assert exit_code(raised.value) == 1


def test_the_command_inspects_the_folder(strayed: Path) -> None:
    found = run(CheckRequest(strayed), Silent()).findings
    assert "contradiction" in {one.check for one in found}
    with pytest.raises(DatasetError, match="is no dataset"):
        run(CheckRequest(strayed / "images"), Silent())


def test_warnings_alone_exit_0_with_a_table(
    strayed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked("check", str(strayed)) == 0
    assert "WARNING contradiction" in capsys.readouterr().out


def test_an_error_exits_1_with_a_whole_report(
    strayed: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (strayed / "points" / "a.csv").write_text("x,y\n")
    assert asked("check", str(strayed), "--format", "json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["counts"]["error"] == 1
    assert report["findings"][0]["check"] == "broken"
    assert "1 error was found in the dataset" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("words", [["check", "nowhere"], ["check"], [], ["mend", "d"]])
def test_what_is_no_dataset_or_no_usage_exits_2(words: list[str]) -> None:
    assert asked(*words) == 2


def test_the_help_says_what_the_exit_codes_mean(capsys: pytest.CaptureFixture[str]) -> None:
    parser = shell_parser([dataset.SUBCOMMAND])
    assert isinstance(parser, argparse.ArgumentParser)
    with pytest.raises(SystemExit):
        parser.parse_args(["dataset", "check", "--help"])
    assert "Exit code: 0" in capsys.readouterr().out
