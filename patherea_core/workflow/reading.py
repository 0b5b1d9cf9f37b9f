"""Reading what a training needs of a dataset folder, and nothing of what is kept for the end."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from patherea_core.data.cache import StoredSamples, bytes_in_memory, read_samples
from patherea_core.data.division import Division
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import Sample, read_sample
from patherea_core.progress import Part, Progress

log = logging.getLogger(__name__)


def read_division(
    dataset: Path,
    manifest: Manifest,
    division: Division,
    progress: Progress,
    budget: int = sys.maxsize,
) -> tuple[Sequence[Sample], Sequence[Sample]]:
    """Return the samples to train on and those to validate on, in the manifest's order.

    The files of the test part are not opened.

    Args:
        dataset: its folder.
        manifest: of the dataset.
        division: which samples serve for what.
        progress: told before every sample.
        budget: bytes of memory that all samples may take; those beyond are read when they are shown,
            first of all those to validate on.

    Raises:
        DatasetError: a file is missing, broken or not the one that was written.
        Cancelled: the progress asked to stop.
    """
    count, all_of_it = len(division.training), len(division.training) + len(division.validation)
    share = count / max(1, all_of_it)
    needed = bytes_in_memory([manifest.samples[row] for row in division.training])
    left = budget - needed if needed <= budget else budget
    parts = (
        read_samples(dataset, manifest, division.training, budget, Part(progress, 0.0, share)),
        read_samples(dataset, manifest, division.validation, left, Part(progress, share, 1.0)),
    )
    if not any(isinstance(part, StoredSamples) for part in parts):
        rows = (*division.training, *division.validation)
        size = bytes_in_memory([manifest.samples[row] for row in rows])
        log.info("all %d images are kept in memory (%d MB)", all_of_it, size >> 20)
    return parts


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
