"""Reading what a training needs of a dataset folder, and nothing of what is kept for the end."""

from collections.abc import Sequence
from pathlib import Path

from patherea_core.data.division import Division
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import Sample, read_sample
from patherea_core.progress import Part, Progress


def read_division(
    dataset: Path, manifest: Manifest, division: Division, progress: Progress
) -> tuple[list[Sample], list[Sample]]:
    """Return the samples to train on and those to validate on, in the manifest's order.

    The files of the test part are not opened.

    Raises:
        DatasetError: a file is missing, broken or not the one that was written.
        Cancelled: the progress asked to stop.
    """
    count, all_of_it = len(division.training), len(division.training) + len(division.validation)
    share = count / max(1, all_of_it)
    return (
        read_rows(dataset, manifest, division.training, Part(progress, 0.0, share)),
        read_rows(dataset, manifest, division.validation, Part(progress, share, 1.0)),
    )


def read_rows(
    dataset: Path, manifest: Manifest, rows: Sequence[int], progress: Progress
) -> list[Sample]:
    """Return some samples of a dataset by their rows in the manifest.

    Raises:
        DatasetError: a file is missing, broken or not the one that was written.
        Cancelled: the progress asked to stop.
    """
    samples: list[Sample] = []
    for number, row in enumerate(rows):
        progress.advance(number / len(rows), "reading the dataset")
        samples.append(read_sample(dataset, manifest, manifest.samples[row]))
    return samples
