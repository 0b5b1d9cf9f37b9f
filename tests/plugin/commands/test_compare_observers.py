"""Comparing observers: from their files to figures, a report and a picture."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import InputError, OutputError, PathereaError, ScaleError, TaxonomyError
from patherea_core.evaluation.agreement.report import Agreement
from patherea_core.progress import Silent
from plugin.commands.compare_observers import (
    PICTURE,
    REPORT,
    CompareObserversRequest,
    run,
)
from plugin.outputs import limits_picture
from plugin.radius import Radius
from plugin.shell.agree import SUBCOMMAND

HEADER = "image,x,y,class\n"
ANN = HEADER + "s1,10,10,positive\ns1,50,50,negative\ns2,20,20,positive\ns3,5,5,negative\n"
BEN = HEADER + "s1,12,10,positive\ns1,50,58,negative\ns2,20,20,negative\ns3,5,6,negative\n"


def written(folder: Path, **texts: str) -> tuple[Path, ...]:
    paths = tuple(folder / f"{name}.csv" for name in texts)
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths


def compared(people: tuple[Path, ...], **more: Any) -> Agreement:  # noqa: ANN401
    settings: dict[str, Any] = {"radius": Radius(6, "px"), **more}
    return run(CompareObserversRequest(people=people, **settings), Silent())


def test_observers_are_compared_image_by_image(tmp_path: Path) -> None:
    found = compared(written(tmp_path, ann=ANN, ben=BEN))
    (pair,) = found.pairs
    assert (pair.first, pair.second) == ("ann", "ben")
    assert (found.regions, found.taxonomy.names) == (3, ("positive", "negative"))
    assert [counts.f1 for counts in pair.counts.per_class] == [
        pytest.approx(2 / 3),
        pytest.approx(2 / 5),
    ]
    assert pair.confusion == ((1, 1), (0, 1))


def test_the_radius_can_be_in_micrometres(tmp_path: Path) -> None:
    people = written(tmp_path, ann=ANN, ben=BEN)
    assert compared(people, radius=Radius(2, "um"), mpp=0.25).radius == 8
    with pytest.raises(ScaleError, match="give --mpp"):
        compared(people, radius=Radius(2, "um"))


def test_a_model_is_one_more_observer(tmp_path: Path) -> None:
    people = written(tmp_path, ann=ANN, ben=BEN)
    (model,) = written(
        tmp_path, net="image,x,y,class,score\n" + ANN.removeprefix(HEADER).replace("\n", ",0.9\n")
    )
    found = compared(people, model=model)
    assert [marked.is_model for marked in found.observers] == [False, False, True]
    scores = {(pair.first, pair.second): pair.mean_f1 for pair in found.pairs}
    assert scores["ann", "net"] == 1
    assert scores["ben", "net"] == scores["ann", "ben"]
    assert found.axis.model is not None


def test_patients_are_drawn_together_where_a_file_knows_them_all(tmp_path: Path) -> None:
    named = "image,x,y,class,patient\ns1,10,10,positive,P\ns2,20,20,positive,P\ns3,5,5,negative,Q\n"
    found = compared(written(tmp_path, ann=named, ben=BEN))
    assert (found.groups, found.grouped_by) == (2, "patients")
    without = compared(written(tmp_path, ann=ANN, ben=BEN))
    assert (without.groups, without.grouped_by) == (3, "images")


def test_an_image_that_one_lacks_is_an_error_unless_it_is_meant_to_be_empty(tmp_path: Path) -> None:
    people = written(tmp_path, ann=ANN, ben=BEN.replace("s3,5,6,negative\n", ""))
    with pytest.raises(InputError, match=r"ben\.csv has no cell in image 's3'.*--allow-missing"):
        compared(people)
    found = compared(people, allow_missing=True)
    assert found.regions == 3
    (cells,) = found.quantities[0].pairs
    assert cells.figures.tolist() == [[2, 2], [1, 1], [1, 0]]


def test_files_that_do_not_name_their_image_are_of_the_only_one(tmp_path: Path) -> None:
    one, nameless = HEADER + "s1,10,10,positive\n", HEADER + ",12,10,positive\n"
    assert compared(written(tmp_path, ann=one, ben=nameless)).pairs[0].mean_f1 == 1
    assert compared(written(tmp_path, ann=nameless, ben=nameless)).pairs[0].mean_f1 == 1
    with pytest.raises(InputError, match="does not name its image"):
        compared(written(tmp_path, ann=ANN, ben=nameless))
    with pytest.raises(InputError, match="image of some cells only"):
        compared(written(tmp_path, ann=one, ben=one + ",1,1,positive\n"))


def test_a_class_that_only_the_model_has_counts_if_the_classes_are_named(tmp_path: Path) -> None:
    people = written(tmp_path, ann=ANN, ben=BEN)
    (model,) = written(tmp_path, net=BEN + "s1,90,90,stroma\n")
    with pytest.raises(TaxonomyError, match=r"net\.csv has cells of class 'stroma'.*--classes"):
        compared(people, model=model)
    found = compared(people, model=model, classes=("positive", "negative", "stroma"))
    assert found.pairs[1].counts.per_class[2].f1 == 0


@pytest.mark.parametrize(
    ("texts", "kind", "reason"),
    [
        ({"ann": ANN}, InputError, "two observers or more"),
        ({"ann": HEADER, "ben": HEADER}, InputError, "no observer marked a cell"),
        ({"ann": ANN, "ben": "image,x,y\ns1,1,1\n"}, InputError, "no column 'class'"),
    ],
)
def test_files_that_cannot_serve_are_refused(
    tmp_path: Path, texts: dict[str, str], kind: type[PathereaError], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        compared(written(tmp_path, **texts), out=tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (one,) = written(tmp_path, ann=ANN)
    (tmp_path / "again").mkdir()
    (other,) = written(tmp_path / "again", ann=BEN)
    with pytest.raises(InputError, match="two files are called 'ann'"):
        compared((one, other))


def test_two_patients_of_one_image_are_refused(tmp_path: Path) -> None:
    one = "image,x,y,class,patient\ns1,1,1,positive,P\n"
    with pytest.raises(InputError, match=r"'s1' is of patient 'Q'.*'P'"):
        compared(written(tmp_path, ann=one, ben=one.replace("P\n", "Q\n")))


def test_the_folder_holds_the_figures_and_a_picture(tmp_path: Path) -> None:
    people = written(tmp_path, ann=ANN, ben=BEN)
    out = tmp_path / "new" / "out"
    found = compared(people, out=out)
    report = json.loads((out / REPORT).read_text())
    figures = json.loads(json.dumps(found.to_dict()))
    assert {name: report[name] for name in figures} == figures
    assert report["images"] == ["s1", "s2", "s3"]
    assert report["radius_asked"] == "6px"
    assert (out / PICTURE).read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in out.iterdir()) == sorted([REPORT, PICTURE])


def test_what_is_undefined_of_one_image_is_null_and_not_drawn(tmp_path: Path) -> None:
    one = HEADER + "s1,1,1,stroma\n"
    out = tmp_path / "out"
    compared(
        written(tmp_path, ann=one, ben=one), out=out, classes=("positive", "negative", "stroma")
    )
    index = json.loads((out / REPORT).read_text())["quantities"][-1]
    assert index["pairs"][0]["bias"] == {"value": None, "interval": None}
    assert index["pairs"][0]["left_out"] == 1
    assert (out / PICTURE).exists()


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    people = written(tmp_path, ann=ANN, ben=BEN)
    with pytest.raises(OutputError, match="cannot be made a folder"):
        compared(people, out=people[0])


def test_a_picture_of_very_many_pairs_shows_some_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits_picture, "_MOST_DRAWN", 2)
    compared(written(tmp_path, ann=ANN, ben=BEN, cid=ANN), out=tmp_path / "out")
    assert "the picture shows 2 of 3 pairs" in caplog.text


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    parser = argparse.ArgumentParser()
    SUBCOMMAND.add_options(parser)
    SUBCOMMAND.run(parser.parse_args(words), Silent())
    return capsys.readouterr().out


def test_the_shell_prints_a_table_or_one_json_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(path) for path in written(tmp_path, ann=ANN, ben=BEN)]
    table = said([*files, "--radius", "6px"], capsys)
    assert "ann – ben" in table
    assert "Cohen's kappa" in table
    words = [*files, "--radius", "2um", "--mpp", "0.25", "--format", "json"]
    figures = json.loads(said(words, capsys))
    assert figures["radius"] == 8
    assert figures["pairs"][0]["f1"].keys() == {"positive", "negative"}
