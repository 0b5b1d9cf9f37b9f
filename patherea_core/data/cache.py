"""Samples of a dataset folder as a sequence: all in memory if they fit, else read when asked for."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self, overload

from patherea_core.data.manifest import Manifest, SampleRecord
from patherea_core.data.store import Sample, read_sample
from patherea_core.points import Points
from patherea_core.progress import Progress
from patherea_core.regions import Outline

log = logging.getLogger(__name__)

#: Bytes of pixels that are kept of samples that are read when asked for, by each process that asks.
_KEPT_BYTES = 256 << 20


class Labelled(Protocol):
    """All of a sample but its pixels."""

    @property
    def record(self) -> SampleRecord:
        """What the manifest says about it."""

    @property
    def points(self) -> Points:
        """The labelled cells, in tile pixels."""

    @property
    def labelled(self) -> Outline:
        """Inside it every cell is labelled, in tile pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What stays in memory of a sample whose pixels do not."""

    record: SampleRecord
    points: Points
    labelled: Outline

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """Return all of a sample but its pixels."""
        return cls(sample.record, sample.points, sample.labelled)


class StoredSamples(Sequence[Sample]):
    """Samples that are read from their folder when they are asked for; the last few stay in memory.

    Args:
        folder: of the dataset.
        manifest: of the dataset.
        labels: of each sample, in order.
        kept_bytes: size of the pixels that stay in memory.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        labels: Sequence[Labels],
        kept_bytes: int = _KEPT_BYTES,
    ) -> None:
        self.labels = labels
        self._folder = folder
        self._manifest = manifest
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[int, Sample] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.labels)

    @overload
    def __getitem__(self, number: int) -> Sample: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Sample]: ...
    def __getitem__(self, number: int | slice) -> Sample | Sequence[Sample]:
        """Return one sample, or some of them unread.

        Raises:
            DatasetError: its files were changed or removed since they were first read.
        """
        if isinstance(number, slice):
            return StoredSamples(
                self._folder, self._manifest, self.labels[number], self._kept_bytes
            )
        number = range(len(self))[number]
        sample = self._kept.pop(number, None)
        if sample is None:
            sample = read_sample(self._folder, self._manifest, self.labels[number].record)
        self._kept[number] = sample
        while len(self._kept) > 1 and self._bytes_kept() > self._kept_bytes:
            self._kept.popitem(last=False)
        return sample

    def _bytes_kept(self) -> int:
        return sum(sample.pixels.nbytes for sample in self._kept.values())


def labels_of(samples: Sequence[Sample]) -> Sequence[Labelled]:
    """Return all of the samples but their pixels, without reading any."""
    return samples.labels if isinstance(samples, StoredSamples) else samples


def read_samples(
    folder: Path, manifest: Manifest, rows: Sequence[int], budget: int, progress: Progress
) -> Sequence[Sample]:
    """Return some samples of a dataset, each of which is read once to see that it is whole.

    Args:
        folder: of the dataset.
        manifest: of the dataset.
        rows: of the samples in the manifest, in the order in which they are returned.
        budget: bytes that the samples may take in memory; if they would take more, they are read again
            when they are asked for.
        progress: told how far the reading is.

    Raises:
        DatasetError: a file is missing, broken or not the one that was written.
        Cancelled: the progress asked to stop.
    """
    wanted = bytes_in_memory([manifest.samples[row] for row in rows])
    kept: list[Sample] = []
    labels: list[Labels] = []
    for number, row in enumerate(rows):
        progress.advance(number / len(rows), "reading the dataset")
        sample = read_sample(folder, manifest, manifest.samples[row])
        if wanted <= budget:
            kept.append(sample)
        labels.append(Labels.of(sample))
    if wanted <= budget:
        return kept
    log.warning(
        "%d samples take %d MB of memory, of which %d MB may be used: they are read from %s whenever "
        "they are shown, which is slower",
        len(rows),
        wanted >> 20,
        budget >> 20,
        folder,
    )
    return StoredSamples(folder, manifest, labels)


def bytes_in_memory(records: Sequence[SampleRecord]) -> int:
    """Return the bytes that samples take while they are trained on: three of colour, one of mask a pixel."""
    return sum(4 * record.width * record.height for record in records)
