"""Training and validation never mix, the test part stays shut, and reading can be stopped."""

from pathlib import Path

import pytest

from patherea_core.data.division import by_fold, holding_out
from patherea_core.data.store import read_manifest
from patherea_core.errors import Cancelled, DatasetError
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.workflow.reading import read_division, read_rows
from tests.builders import sample, write_dataset
from tests.fakes import RecordingProgress


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folds = {"a": 0, "b": 1, "c": 2, "d": 1}
    samples = [sample(name=name, fold=fold) for name, fold in folds.items()]
    write_dataset(tmp_path / "ds", samples, folds=3)
    return tmp_path / "ds"


def test_a_fold_is_validated_on_and_all_others_are_trained_on(dataset: Path) -> None:
    manifest = read_manifest(dataset)
    training, validation = read_division(dataset, manifest, by_fold(manifest, 1), Silent())
    assert [one.record.id for one in training] == ["a", "c"]
    assert [one.record.id for one in validation] == ["b", "d"]


def test_files_of_the_test_part_are_not_opened(dataset: Path) -> None:
    manifest = read_manifest(dataset)
    division = holding_out(manifest, 2, validation_fold=1, seed=Seed(0))
    (dataset / "images" / "c.png").unlink()
    training, validation = read_division(dataset, manifest, division, Silent())
    assert [one.record.id for one in (*training, *validation)] == ["a", "b", "d"]
    with pytest.raises(DatasetError, match=r"c\.png"):
        read_rows(dataset, manifest, division.test, Silent())


def test_reading_tells_how_far_it_is(dataset: Path) -> None:
    manifest, progress = read_manifest(dataset), RecordingProgress()
    read_division(dataset, manifest, by_fold(manifest, 1), progress)
    assert progress.fractions == [0.0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.75])
def test_reading_can_be_stopped_before_every_sample(dataset: Path, fraction: float) -> None:
    manifest = read_manifest(dataset)
    progress = RecordingProgress(stop_at=fraction)
    with pytest.raises(Cancelled):
        read_division(dataset, manifest, by_fold(manifest, 1), progress)
    assert progress.fractions[-1] == fraction
