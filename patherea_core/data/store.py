"""Dataset folders: written whole or not at all, and checked when read.

A folder holds ``dataset.json`` (the manifest) and, for each sample, an image (PNG), its points (CSV)
and its labelled area (GeoJSON). The same folder packed in one zip file can travel as a single file.
"""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from patherea_core.data.codec import (
    outline_from_geojson,
    points_from_csv,
)
from patherea_core.data.folder import (
    digest,
    read_image,
    read_text,
    require_free,
)
from patherea_core.data.manifest import MANIFEST, Manifest, SampleRecord, checked_manifest
from patherea_core.data.sample import Sample
from patherea_core.data.writer import DatasetWriter
from patherea_core.errors import DatasetError, TaxonomyError
from patherea_core.files import partial_folder, replacing, writing
from patherea_core.progress import Part, Progress, Silent

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

#: Bytes; what claims to be larger is an accident or an attack, and is not unpacked.
_LARGEST_FILE = 1 << 30

_SILENT = Silent()


def read_manifest(folder: Path) -> Manifest:
    """Return what a dataset folder says about itself.

    Raises:
        DatasetError: there is no dataset, or its manifest is broken or of an unknown version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise DatasetError(f"{folder} is no dataset: it has no {MANIFEST}")
    return checked_manifest(lambda: Manifest.model_validate_json(read_text(path)), str(path))


def read_sample(folder: Path, manifest: Manifest, record: SampleRecord) -> Sample:
    """Return one sample of a dataset folder.

    Raises:
        DatasetError: one of its files is missing, broken, or not the one that was written, or they
            contradict each other.
        TaxonomyError: its points have a class that the manifest does not name.
    """
    files = [folder / name for name in record.files]
    try:
        sample = _read(files, manifest, record)
    except DatasetError as error:
        if _was_changed(files, record):
            raise DatasetError(
                f"{error}; the files of sample {record.id!r} were changed or removed after they were"
                " written: export the dataset again"
            ) from error
        raise
    # Last, since a broken file has a clearer message than a changed one. The files lie in the system's
    # memory by now, and their digest costs a small part of what unpacking the image does.
    if _was_changed(files, record):
        raise DatasetError(
            f"the files of sample {record.id!r} in {folder} were changed after they were written; "
            "export the dataset again"
        )
    return sample


def _read(files: Sequence[Path], manifest: Manifest, record: SampleRecord) -> Sample:
    """Return what stands in the files of a sample, whether or not they are those that were written."""
    image, table, region = files
    points, element_ids = points_from_csv(read_text(table), manifest.taxonomy, str(table))
    return Sample(
        record=record,
        pixels=read_image(image),
        points=points,
        element_ids=element_ids,
        labelled=outline_from_geojson(read_text(region), str(region)),
    )


def _was_changed(files: Sequence[Path], record: SampleRecord) -> bool:
    """Return whether a file is missing, or another one than was written as far as the manifest says."""
    if not all(file.is_file() for file in files):
        return True
    try:
        return record.sha256 is not None and record.sha256 != digest(files)
    except OSError:  # what cannot be read has its own message
        return False


def check(folder: Path, progress: Progress = _SILENT) -> None:
    """Read the whole dataset once.

    Raises:
        DatasetError: a file is missing, broken, or not the one that was written.
        TaxonomyError: a point has a class that the manifest does not name.
    """
    manifest = read_manifest(folder)
    for number, record in enumerate(manifest.samples):
        progress.advance(number / len(manifest.samples), "checking the dataset")
        read_sample(folder, manifest, record)


def pack(folder: Path, zip_path: Path) -> None:
    """Write a dataset folder as one zip file, byte for byte the same for the same dataset.

    Raises:
        DatasetError: the folder holds no whole dataset.
        OutputError: the file cannot be written.
    """
    check(folder)
    names = _file_names(read_manifest(folder))
    with replacing(zip_path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name in names:
            # PNG is compressed already.
            method = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), (folder / name).read_bytes(), method)


def unpack(zip_path: Path, folder: Path, progress: Progress = _SILENT) -> None:
    """Write the dataset in a zip file as a folder, whole or not at all.

    Only the files that its manifest names are taken, and those cannot lead out of the folder.

    Raises:
        DatasetError: the folder already holds something, or the file holds no whole dataset.
        OutputError: the folder cannot be written.
    """
    require_free(folder)
    try:
        with zipfile.ZipFile(zip_path) as archive, partial_folder(folder) as partial:
            _unpack_checked(archive, zip_path, partial, progress)
            with writing(folder):
                partial.replace(folder)
    except OSError as error:
        raise DatasetError(f"cannot read {zip_path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, KeyError, RuntimeError, zlib.error, EOFError) as error:
        raise DatasetError(f"{zip_path} is no packed dataset: {_reason(error)}") from error


def _unpack_checked(
    archive: zipfile.ZipFile, zip_path: Path, folder: Path, progress: Progress
) -> None:
    try:
        _extract(archive, MANIFEST, folder)
        names = _file_names(read_manifest(folder))
        for number, name in enumerate(names):
            progress.advance(0.5 * number / len(names), "unpacking the dataset")
            _extract(archive, name, folder)
        check(folder, Part(progress, 0.5, 1.0))
    except (DatasetError, TaxonomyError) as error:
        # The folder is gone in a moment; people know the zip file only.
        raise type(error)(str(error).replace(str(folder), str(zip_path))) from error


def _extract(archive: zipfile.ZipFile, name: str, folder: Path) -> None:
    if archive.getinfo(name).file_size > _LARGEST_FILE:
        raise DatasetError(f"{folder / name} is too large to belong to a dataset")
    content = archive.read(name)
    with writing(folder):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def _reason(error: Exception) -> str:
    # A KeyError prints its message in quotes, and some errors come without one.
    return str(error.args[0]) if error.args else "it ends too early"


def _file_names(manifest: Manifest) -> list[str]:
    return [MANIFEST, *(name for record in manifest.samples for name in record.files)]
