"""Dataset folders: written whole or not at all, and checked when read.

A folder holds ``dataset.json`` (the manifest) and, for each sample, an image (PNG), its points (CSV)
and its labelled area (GeoJSON). The same folder packed in one zip file can travel as a single file.
"""

import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from patherea_core.data import files
from patherea_core.data.codec import (
    outline_from_geojson,
    outline_to_geojson,
    points_from_csv,
    points_to_csv,
)
from patherea_core.data.manifest import ClassRecord, Manifest, SampleRecord, SlideRecord
from patherea_core.data.sample import Sample
from patherea_core.errors import DatasetError
from patherea_core.points import Points

__all__ = [
    "MANIFEST",
    "DatasetWriter",
    "Sample",
    "check",
    "pack",
    "read_manifest",
    "read_sample",
    "unpack",
]

MANIFEST = "dataset.json"


class DatasetWriter:
    """Writes a dataset beside its destination and moves it there when it is whole.

    ``with DatasetWriter(folder) as writer:``, then ``add`` every sample and ``finish``. Whatever
    fails or stops in between leaves nothing behind.

    Raises:
        DatasetError: the folder already holds something.
        OutputError: nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        files.require_free(folder)
        self._folder = folder
        self._partial: Path | None = None
        self._samples: list[tuple[SampleRecord, Points, tuple[str, ...]]] = []

    def __enter__(self) -> Self:
        self._partial = files.partial_path(self._folder)
        with files.writing(self._folder):
            self._partial.mkdir()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._open(), ignore_errors=True)
        self._partial = None

    def add(self, sample: Sample) -> None:
        """Write one sample; its points follow in ``finish``, which knows the class names.

        Raises:
            OutputError: the disk does not take it.
        """
        image, _, region = (self._open() / name for name in sample.record.files)
        with files.writing(self._folder):
            files.write_image(image, sample.pixels)
            files.write_text(region, outline_to_geojson(sample.labelled))
        self._samples.append((sample.record, sample.points, sample.element_ids))

    def finish(
        self,
        *,
        classes: Sequence[ClassRecord],
        mpp: float,
        folds: int,
        slides: Sequence[SlideRecord] = (),
        lineage: Mapping[str, str] | None = None,
    ) -> Manifest:
        """Write points and manifest, move the folder to its place, and return the manifest.

        The arguments are the manifest's fields of the same names.

        Raises:
            DatasetError: no sample was added, or the manifest would contradict itself.
            TaxonomyError: a point has a class beyond those named.
            OutputError: the disk does not take it.
        """
        if not self._samples:
            raise DatasetError("there is nothing to write: no sample was added to the dataset")
        manifest = _valid(
            lambda: Manifest(
                classes=tuple(classes),
                mpp=mpp,
                folds=folds,
                samples=tuple(record for record, _, _ in self._samples),
                slides=tuple(slides),
                lineage=dict(lineage or {}),
            ),
            f"the dataset for {self._folder}",
        )
        with files.writing(self._folder):
            manifest = self._write_points(manifest)
            files.write_text(self._open() / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
            self._open().replace(self._folder)
        return manifest

    def _write_points(self, manifest: Manifest) -> Manifest:
        for record, points, element_ids in self._samples:
            table = points_to_csv(points, element_ids, manifest.taxonomy)
            files.write_text(self._open() / record.files[1], table)
        digested = tuple(
            record.model_copy(update={"sha256": _digest(self._open(), record)})
            for record in manifest.samples
        )
        return manifest.model_copy(update={"samples": digested})

    def _open(self) -> Path:
        assert self._partial is not None, "a DatasetWriter is used in a with statement"
        return self._partial


def read_manifest(folder: Path) -> Manifest:
    """Return what a dataset folder says about itself.

    Raises:
        DatasetError: there is no dataset, or its manifest is broken or of an unknown version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise DatasetError(f"{folder} is no dataset: it has no {MANIFEST}")
    return _valid(lambda: Manifest.model_validate_json(files.read_text(path)), str(path))


def read_sample(folder: Path, manifest: Manifest, record: SampleRecord) -> Sample:
    """Return one sample of a dataset folder.

    Raises:
        DatasetError: one of its files is missing or broken, or they contradict each other.
        TaxonomyError: its points have a class that the manifest does not name.
    """
    image, table, region = (folder / name for name in record.files)
    points, element_ids = points_from_csv(files.read_text(table), manifest.taxonomy, str(table))
    return Sample(
        record=record,
        pixels=files.read_image(image),
        points=points,
        element_ids=element_ids,
        labelled=outline_from_geojson(files.read_text(region), str(region)),
    )


def check(folder: Path) -> None:
    """Read the whole dataset once.

    Raises:
        DatasetError: a file is missing, broken, or not the one that was written.
        TaxonomyError: a point has a class that the manifest does not name.
    """
    manifest = read_manifest(folder)
    for record in manifest.samples:
        read_sample(folder, manifest, record)
        if record.sha256 is not None and record.sha256 != _digest(folder, record):
            raise DatasetError(
                f"the files of sample {record.id!r} in {folder} were changed after they were written; "
                "export the dataset again"
            )


def pack(folder: Path, zip_path: Path) -> None:
    """Write a dataset folder as one zip file, byte for byte the same for the same dataset.

    Raises:
        DatasetError: the folder holds no whole dataset.
        OutputError: the file cannot be written.
    """
    check(folder)
    names = _file_names(read_manifest(folder))
    with files.whole_file(zip_path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name in names:
            # PNG is compressed already.
            method = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), (folder / name).read_bytes(), method)


def unpack(zip_path: Path, folder: Path) -> None:
    """Write the dataset in a zip file as a folder, whole or not at all.

    Only the files that its manifest names are taken, and those cannot lead out of the folder.

    Raises:
        DatasetError: the folder already holds something, or the file holds no whole dataset.
        OutputError: the folder cannot be written.
    """
    files.require_free(folder)
    if not zip_path.is_file():
        raise DatasetError(f"{zip_path} is not a file; give a dataset that was packed as zip")
    try:
        with zipfile.ZipFile(zip_path) as archive, files.whole_folder(folder) as partial:
            _extract(archive, MANIFEST, partial)
            for name in _file_names(read_manifest(partial)):
                _extract(archive, name, partial)
            check(partial)
    except (zipfile.BadZipFile, KeyError) as error:
        raise DatasetError(f"{zip_path} is no packed dataset: {error.args[0]}") from error


def _extract(archive: zipfile.ZipFile, name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    with archive.open(name) as packed, (folder / name).open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)


def _file_names(manifest: Manifest) -> list[str]:
    return [MANIFEST, *(name for record in manifest.samples for name in record.files)]


def _digest(folder: Path, record: SampleRecord) -> str:
    return files.digest([folder / name for name in record.files])


def _valid(make: Callable[[], Manifest], what: str) -> Manifest:
    try:
        return make()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DatasetError(
            f"{what} is not valid: {place} {first['msg']}".replace("  ", " ")
        ) from error
