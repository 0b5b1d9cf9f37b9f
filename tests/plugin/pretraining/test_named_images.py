"""A fold is left out of every dataset that has it, and each that has none is named."""

from pathlib import Path

import pytest

from patherea_core.data.manifest import class_records
from patherea_core.data.writer import DatasetWriter
from patherea_core.errors import DatasetError
from plugin.pretraining.named_images import named_images
from tests.builders import TAXONOMY, sample
from tests.plugin.pretraining.slides import write_field


def write(folder: Path, *folds: str) -> Path:
    """Write a dataset with one image in each of the folds of these names, and return its folder."""
    with DatasetWriter(folder) as writer:
        for number, name in enumerate(folds):
            writer.add(sample(name=f"{folder.name}-{name}", fold=number))
        writer.finish(classes=class_records(TAXONOMY), mpp=0.5, folds=folds)
    return folder


@pytest.fixture
def split(tmp_path: Path) -> Path:
    """Return a dataset with a validation fold."""
    return write(tmp_path / "split", "train", "val")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Return a dataset with none."""
    return write(tmp_path / "other", "train", "test")


def names(*inputs: Path, without: tuple[str, ...] = ("val",)) -> list[str]:
    return [one.path.stem for one in named_images(inputs, without)]


@pytest.mark.parametrize("turned", [False, True])
def test_a_dataset_without_the_fold_is_taken_whole_and_named(
    split: Path, other: Path, caplog: pytest.LogCaptureFixture, *, turned: bool
) -> None:
    inputs = (other, split) if turned else (split, other)
    assert {*names(*inputs)} == {"split-train", "other-train", "other-test"}
    (told,) = caplog.messages
    assert told.startswith(
        "the dataset other has no fold 'val' (it has train, test) and is taken whole; see"
    )


def test_a_dataset_that_has_one_of_two_folds_is_taken_without_that(
    split: Path, other: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert names(split, other, without=("val", "test")) == ["split-train", "other-train"]
    assert [one.partition(";")[0] for one in caplog.messages] == [
        "the dataset split has no fold 'test' (it has train, val) and is taken without val only",
        "the dataset other has no fold 'val' (it has train, test) and is taken without test only",
    ]


def test_where_all_have_the_fold_nothing_is_said(
    split: Path, other: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert names(split, other, without=("train",)) == ["split-val", "other-test"]
    assert names(split, other, without=()) == [
        "split-train",
        "split-val",
        "other-train",
        "other-test",
    ]
    assert caplog.messages == []


def test_a_fold_that_no_dataset_has_is_refused(split: Path, other: Path, tmp_path: Path) -> None:
    every = (
        "no dataset has a fold 'dev' to leave out .split has train, val; other has train, test.;"
    )
    with pytest.raises(DatasetError, match=every):
        names(split, other, without=("val", "dev"))
    with pytest.raises(
        DatasetError, match="the dataset has no fold 'dev'; its folds are: train, val"
    ):
        names(split, without=("dev",))
    image = write_field(tmp_path / "a.png")
    with pytest.raises(
        DatasetError, match="'val' cannot be left out, since no dataset is named; name"
    ):
        names(image)
