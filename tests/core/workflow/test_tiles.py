"""What is trained on and what is validated on never mix, and reading can be stopped."""

from pathlib import Path

import pytest

from patherea_core.data.store import read_manifest
from patherea_core.errors import Cancelled, DatasetError
from patherea_core.progress import Silent
from patherea_core.workflow.tiles import read_folds
from tests.builders import sample, write_dataset
from tests.fakes import RecordingProgress


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folds = {"a": 0, "b": 1, "c": 2, "d": 1}
    samples = [sample(name=name, fold=fold) for name, fold in folds.items()]
    write_dataset(tmp_path / "ds", samples, folds=3)
    return tmp_path / "ds"


def test_a_fold_is_validated_on_and_all_others_are_trained_on(dataset: Path) -> None:
    training, validation = read_folds(dataset, read_manifest(dataset), 1, Silent())
    assert [one.record.id for one in training] == ["a", "c"]
    assert [one.record.id for one in validation] == ["b", "d"]


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.75])
def test_reading_can_be_stopped_before_every_sample(dataset: Path, fraction: float) -> None:
    progress = RecordingProgress(stop_at=fraction)
    with pytest.raises(Cancelled):
        read_folds(dataset, read_manifest(dataset), 1, progress)
    assert progress.fractions[-1] == fraction


def test_an_empty_role_is_found_before_a_sample_is_read(tmp_path: Path) -> None:
    manifest = write_dataset(tmp_path / "ds", [sample()], folds=2)
    (tmp_path / "ds" / "points" / "s1.csv").unlink()
    with pytest.raises(DatasetError, match="no tile to validate on"):
        read_folds(tmp_path / "ds", manifest, 1, Silent())
    with pytest.raises(DatasetError, match="no tile left to train on"):
        read_folds(tmp_path / "ds", manifest, 0, Silent())
