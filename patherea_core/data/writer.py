"""Writing a dataset folder whole or not at all."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from patherea_core.data.codec import outline_to_geojson, points_to_csv
from patherea_core.data.folder import (
    digest,
    require_free,
    write_image,
    write_text,
)
from patherea_core.data.manifest import (
    MANIFEST,
    ClassRecord,
    Manifest,
    SampleRecord,
    SlideRecord,
    checked_manifest,
)
from patherea_core.data.sample import Sample
from patherea_core.errors import DatasetError
from patherea_core.files import partial_folder, writing
from patherea_core.points import Points


class DatasetWriter:
    """Writes a dataset beside its destination and moves it there when it is whole.

    ``with DatasetWriter(folder) as writer:``, then ``add`` every sample and ``finish``. Whatever
    fails or stops in between leaves nothing behind.

    Raises:
        DatasetError: the folder already holds something.
        OutputError: nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        require_free(folder)
        self._folder = folder
        self._cleanup = ExitStack()
        self._partial: Path | None = None
        self._samples: list[tuple[SampleRecord, Points, tuple[str, ...]]] = []

    def __enter__(self) -> Self:
        self._partial = self._cleanup.enter_context(partial_folder(self._folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._cleanup.close()
        self._partial = None

    def add(self, sample: Sample) -> None:
        """Write one sample; its points follow in ``finish``, which knows the class names.

        Raises:
            OutputError: the disk does not take it.
        """
        image, _, region = (self._open() / name for name in sample.record.files)
        with writing(self._folder):
            write_image(image, sample.pixels)
            write_text(region, outline_to_geojson(sample.labelled))
        self._samples.append((sample.record, sample.points, sample.element_ids))

    def finish(
        self,
        *,
        classes: Sequence[ClassRecord],
        mpp: float,
        folds: int | Sequence[str],
        slides: Sequence[SlideRecord] = (),
        lineage: Mapping[str, str] | None = None,
    ) -> Manifest:
        """Write points and manifest, move the folder to its place, and return the manifest.

        The arguments are the manifest's fields of the same names; ``folds`` is how many there are, or
        their names in order.

        Raises:
            DatasetError: no sample was added, or the manifest would contradict itself.
            TaxonomyError: a point has a class beyond those named.
            OutputError: the disk does not take it.
        """
        if not self._samples:
            raise DatasetError("there is nothing to write: no sample was added to the dataset")
        manifest = checked_manifest(
            lambda: Manifest(
                classes=tuple(classes),
                mpp=mpp,
                folds=folds if isinstance(folds, int) else len(folds),
                fold_names=() if isinstance(folds, int) else tuple(folds),
                samples=tuple(record for record, _, _ in self._samples),
                slides=tuple(slides),
                lineage=dict(lineage or {}),
            ),
            f"the dataset for {self._folder}",
        )
        with writing(self._folder):
            manifest = self._write_points(manifest)
            write_text(self._open() / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
            self._open().replace(self._folder)
        return manifest

    def _write_points(self, manifest: Manifest) -> Manifest:
        for record, points, element_ids in self._samples:
            table = points_to_csv(points, element_ids, manifest.taxonomy)
            write_text(self._open() / record.files[1], table)
        digested = tuple(
            record.model_copy(
                update={"sha256": digest([self._open() / name for name in record.files])}
            )
            for record in manifest.samples
        )
        return manifest.model_copy(update={"samples": digested})

    def _open(self) -> Path:
        assert self._partial is not None, "a DatasetWriter is used in a with statement"
        return self._partial
