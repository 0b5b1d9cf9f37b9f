"""The index of each field, from labels and from models, stands in one table."""

from pathlib import Path

import pytest

from training.__main__ import main

POINTS = """image,x,y,class,patient
a,1,1,positive,p
a,2,2,negative,p
a,3,3,til,p
b,1,1,til,p
c,1,1,negative,q
"""
CELLS = """image,x,y,class,score
a,1,1,positive,0.9
c,1,1,negative,0.9
c,2,1,negative,0.9
c,3,1,negative,0.9
c,4,1,positive,0.9
"""


def made(folder: Path, cells: str = CELLS, points: str = POINTS) -> Path:
    """Write what the last look of a run leaves."""
    folder.mkdir(parents=True)
    for name, text in (("cells.csv", cells), ("points.csv", points), ("report.json", "{}")):
        (folder / name).write_text(text)
    return folder


def words(*runs: Path, out: Path) -> list[str]:
    """Return the command line."""
    return ["fields", *map(str, runs), "--out", str(out)]


def test_indices_are_of_tumour_cells_alone_and_empty_without_any(tmp_path: Path) -> None:
    out = tmp_path / "fields.csv"

    assert main(words(made(tmp_path / "one"), out=out)) == 0

    assert out.read_text().splitlines() == [
        "slide,patient,labels,one",
        "a,p,50.0000,100.0000",
        "b,p,,",
        "c,q,0.0000,25.0000",
    ]


def test_runs_stand_side_by_side_and_fields_can_be_chosen(tmp_path: Path) -> None:
    out = tmp_path / "fields.csv"
    other = made(tmp_path / "two", cells="image,x,y,class,score\n")

    assert main([*words(made(tmp_path / "one"), other, out=out), "--fields", "c"]) == 0

    assert out.read_text().splitlines() == ["slide,patient,labels,one,two", "c,q,0.0000,25.0000,"]


@pytest.mark.parametrize(
    ("cells", "points", "sentence"),
    [
        (CELLS, POINTS + "c,5,5,positive,q\n", "scored on other fields or labels"),
        ("image,x,y,class,score\na,1,1,mitosis,1\n", POINTS, "does not know what 'mitosis' is"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, cells: str, points: str, sentence: str
) -> None:
    out = tmp_path / "fields.csv"
    runs = (made(tmp_path / "one"), made(tmp_path / "two", cells, points))

    assert main(words(*runs, out=out)) == 2

    assert sentence in caplog.text
    assert not out.exists()


def test_a_run_that_was_not_scored_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = made(tmp_path / "one")
    (folder / "report.json").unlink()

    assert main(words(folder, out=tmp_path / "fields.csv")) == 2
    assert f"{folder} has no report.json" in caplog.text
