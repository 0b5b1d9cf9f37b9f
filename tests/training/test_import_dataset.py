"""``import`` writes a dataset folder, says what it holds and which patients leak, or why it cannot."""

import argparse
import logging
from pathlib import Path

import pytest

from patherea_core.data.store import check, read_manifest
from tests.training.importers.test_brca_m2c import made
from tests.training.importers.test_patherea import made as made_patherea
from training.import_dataset import add_options, run


def imported(*words: str) -> int:
    """Run the command with these words."""
    parser = argparse.ArgumentParser()
    add_options(parser)
    return run(parser.parse_args(words))


def test_the_folder_is_whole_and_tells_where_it_came_from(tmp_path: Path) -> None:
    made(tmp_path / "published")
    words = ("--source", str(tmp_path / "published"), "--out", str(tmp_path / "d"))

    assert imported("brca-m2c", *words) == 0
    check(tmp_path / "d")
    manifest = read_manifest(tmp_path / "d")
    assert manifest.fold_names == ("train", "val", "test")
    assert manifest.lineage["licence"] == "BSD-3-Clause"
    assert manifest.lineage["mpp"] == "as published"


def test_a_table_of_images_patients_and_points_is_printed_and_a_bar_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "published")
    imported("brca-m2c", "--source", str(tmp_path / "published"), "--out", str(tmp_path / "d"))

    output = capsys.readouterr()
    assert [line.split() for line in output.out.splitlines()[:5]] == [
        ["split", "images", "patients", "lymphocyte", "epithelial", "stromal", "points"],
        ["train", "1", "1", "1", "1", "1", "3"],
        ["val", "1", "1", "1", "1", "1", "3"],
        ["test", "1", "1", "1", "1", "1", "3"],
        ["together", "3", "2", "3", "3", "3", "9"],
    ]
    assert "licence: BSD-3-Clause" in output.out
    assert "import brca-m2c 100%" in output.err


def test_patients_in_several_splits_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made(tmp_path / "published")
    with caplog.at_level(logging.WARNING):
        imported("brca-m2c", "--source", str(tmp_path / "published"), "--out", str(tmp_path / "d"))

    assert "they share patients: TCGA-A7-A0DB (train, val)" in caplog.text


def test_the_pixel_size_can_be_given(tmp_path: Path) -> None:
    made(tmp_path / "published")
    words = ("--source", str(tmp_path / "published"), "--out", str(tmp_path / "d"))
    assert imported("brca-m2c", *words, "--mpp", "0.48") == 0

    manifest = read_manifest(tmp_path / "d")
    assert (manifest.mpp, manifest.slides[0].base_mpp) == (0.48, 0.48)
    assert manifest.lineage["mpp"] == "given by the person who imported it"


def test_options_reach_their_importer(tmp_path: Path) -> None:
    made_patherea(tmp_path / "published")
    words = ("--source", str(tmp_path / "published"), "--out", str(tmp_path / "d"))

    assert imported("patherea", *words, "--fold", "2") == 0
    assert read_manifest(tmp_path / "d").fold_names == ("train", "test")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothing", "--source", "."), "no dataset is called 'nothing'"),
        (("brca-m2c", "--source", "absent"), "there is no folder"),
        (("brca-m2c", "--source", ".", "--fold", "1"), "has no option --fold"),
        (("brca-m2c", "--source", "published", "--mpp", "0"), "--mpp must be a positive"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(
    words: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made(tmp_path / "published")
    monkeypatch.chdir(tmp_path)

    assert imported(*words, "--out", "d") == 2
    (record,) = caplog.records
    assert message in record.message
    assert "\n" not in record.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["published"]


def test_a_folder_in_the_way_is_found_before_any_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "mine.txt").touch()

    assert imported("brca-m2c", "--source", "absent", "--out", str(tmp_path / "d")) == 2
    assert "is not empty; choose another folder" in caplog.text
