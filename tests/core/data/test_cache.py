"""Samples that do not fit into memory are read when asked for, and are the same."""

import logging
from pathlib import Path

import numpy as np
import pytest

from patherea_core.config import TrainingConfig
from patherea_core.data import cache
from patherea_core.data.cache import StoredSamples, bytes_in_memory, labels_of, read_samples
from patherea_core.data.dataset import TileDataset
from patherea_core.data.manifest import Manifest, SampleRecord
from patherea_core.data.sample import Sample
from patherea_core.data.store import read_manifest, read_sample
from patherea_core.errors import Cancelled, DatasetError
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from tests.builders import points, ring, sample, scattered, write_dataset
from tests.fakes import RecordingProgress

ROWS = (2, 0, 1)
PLENTY = 1 << 30
SIZE = 64 * 48


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    area = ring(2, 2, 40, 10)
    samples = [
        sample(scattered(area, 5, seed=n), name=f"s{n}", size=(64, 48), labelled=area)
        for n in range(3)
    ]
    write_dataset(tmp_path / "ds", samples)
    return tmp_path / "ds"


def stored(dataset: Path, *, kept_bytes: int = PLENTY) -> StoredSamples:
    samples = read_samples(dataset, read_manifest(dataset), ROWS, 0, Silent())
    assert isinstance(samples, StoredSamples)
    return StoredSamples(dataset, read_manifest(dataset), samples.labels, kept_bytes)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the samples that are read from now on."""
    names: list[str] = []

    def noted(folder: Path, manifest: Manifest, record: SampleRecord) -> Sample:
        names.append(record.id)
        return read_sample(folder, manifest, record)

    monkeypatch.setattr(cache, "read_sample", noted)
    return names


def test_samples_that_fit_are_all_in_memory(dataset: Path) -> None:
    samples = read_samples(dataset, read_manifest(dataset), ROWS, 3 * 4 * SIZE, Silent())
    assert isinstance(samples, list)
    assert [one.record.id for one in samples] == ["s2", "s0", "s1"]


def test_samples_that_do_not_fit_are_read_when_asked_for_and_it_is_said(
    dataset: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        samples = read_samples(dataset, read_manifest(dataset), ROWS, 3 * 4 * SIZE - 1, Silent())
    assert isinstance(samples, StoredSamples)
    assert "read from" in caplog.text
    kept = read_samples(dataset, read_manifest(dataset), ROWS, PLENTY, Silent())
    assert len(samples) == len(kept) == 3
    for one, other in zip(samples, kept, strict=True):
        assert one.record == other.record
        assert np.array_equal(one.pixels, other.pixels)
        assert np.array_equal(one.points.xy, other.points.xy)


def test_tiles_are_the_same_whether_samples_are_in_memory_or_not(dataset: Path) -> None:
    kept = read_samples(dataset, read_manifest(dataset), ROWS, PLENTY, Silent())
    settings = TrainingConfig(tile_size=32, class_balanced_crops=0.5, scale_jitter=0.1)
    ours, reference = (
        TileDataset(samples, settings, Seed(0)) for samples in (stored(dataset), kept)
    )
    assert len(ours) == len(reference)
    for row in range(len(ours)):
        one, other = ours[3, row], reference[3, row]
        assert np.array_equal(one.images, other.images)
        assert np.array_equal(one.labelled, other.labelled)
        assert np.array_equal(one.targets[0].xy, other.targets[0].xy)


def test_the_samples_asked_for_last_are_kept(dataset: Path, reads: list[str]) -> None:
    samples = stored(dataset, kept_bytes=2 * 3 * SIZE)
    reads.clear()
    for number in (0, 1, 0, 2, 0, 1):
        assert samples[number].record.id == f"s{ROWS[number]}"
    assert reads == ["s2", "s0", "s1", "s0"]


def test_one_sample_is_kept_however_large_it_is(dataset: Path, reads: list[str]) -> None:
    samples = stored(dataset, kept_bytes=1)
    reads.clear()
    assert samples[1] is samples[1]
    assert reads == ["s0"]


def test_labels_are_known_without_reading(dataset: Path, reads: list[str]) -> None:
    samples = stored(dataset)
    reads.clear()
    labels = labels_of(samples)
    assert [one.record.id for one in labels] == ["s2", "s0", "s1"]
    assert [len(one.points) for one in labels_of(samples[:2])] == [5, 5]
    assert not reads


def test_samples_are_counted_from_the_end_too_and_no_further_than_there_are(dataset: Path) -> None:
    samples = stored(dataset)
    assert samples[-1].record.id == "s1"
    with pytest.raises(IndexError):
        samples[3]


@pytest.mark.parametrize("budget", [0, PLENTY])
def test_every_file_is_checked_before_the_training_begins(dataset: Path, budget: int) -> None:
    (dataset / "images" / "s1.png").write_bytes(b"broken")
    with pytest.raises(DatasetError, match="s1"):
        read_samples(dataset, read_manifest(dataset), ROWS, budget, Silent())


def test_a_sample_that_changes_during_the_training_is_refused(dataset: Path) -> None:
    samples = stored(dataset)
    table = dataset / "points" / "s0.csv"
    table.write_text(table.read_text().replace("positive", "negative"))
    with pytest.raises(DatasetError, match="changed"):
        samples[1]


def test_reading_can_be_stopped(dataset: Path) -> None:
    progress = RecordingProgress(stop_at=1 / 3)
    with pytest.raises(Cancelled):
        read_samples(dataset, read_manifest(dataset), ROWS, PLENTY, progress)
    assert progress.fractions == [0, 1 / 3]


def test_samples_take_four_bytes_a_pixel() -> None:
    records = [sample(points(), size=(10, 20)).record, sample(points(), size=(30, 5)).record]
    assert bytes_in_memory(records) == 4 * (200 + 150)
