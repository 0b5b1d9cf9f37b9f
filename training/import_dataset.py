"""Make a dataset folder of a published dataset, in the split and the classes of its authors.

The files are not downloaded: get them from their authors, under their terms, and unpack them.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np
from tqdm import tqdm

from patherea_core.data.folder import require_free
from patherea_core.data.label_checks import leaking_patients
from patherea_core.data.manifest import Manifest
from patherea_core.errors import InputError, OutputError, ScaleError
from patherea_core.geometry import Scale
from training.importers.published import PublishedDataset, PublishedImage, write_dataset
from training.importers.registry import IMPORTERS, read_published

log = logging.getLogger(__name__)

#: Options that only some importers take.
_CHOICES = ("fold", "grouping")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what to import, from where, and where to."""
    add = parser.add_argument
    add("name", metavar="NAME", help=f"the dataset: {', '.join(IMPORTERS)}")
    add("--source", metavar="DIR", type=Path, required=True, help="the published files, unpacked")
    add("--out", metavar="DIR", type=Path, required=True, help="the dataset folder to make")
    add(
        "--mpp",
        metavar="UM",
        type=float,
        help="pixel size, where you know better than the importer",
    )
    add("--fold", metavar="K", type=int, help="patherea: one fold only, as train and test")
    add("--grouping", metavar="NAME", help="consep: none, hovernet or mcspatnet")


def run(options: argparse.Namespace) -> int:
    """Import the dataset, say what it holds, and return the exit code: 2 if the input is to blame."""
    try:
        _import(options)
    except (InputError, OutputError) as error:
        log.error("%s", error)  # noqa: TRY400  what the person can mend needs no traceback
        return 2
    return 0


def _import(options: argparse.Namespace) -> None:
    require_free(options.out)
    choices = {name: getattr(options, name) for name in _CHOICES}
    given = {name: value for name, value in choices.items() if value is not None}
    dataset = _with_mpp(read_published(options.name, options.source, given), options.mpp)
    with BarProgress(f"import {dataset.name}", sys.stderr) as progress:
        manifest = write_dataset(dataset, options.out, progress)
    sys.stdout.write(summary(dataset))
    _warn_of_leaks(manifest)


def _with_mpp(dataset: PublishedDataset, mpp: float | None) -> PublishedDataset:
    if mpp is None:
        return dataset
    try:
        Scale(mpp, mpp)
    except ScaleError:
        raise ScaleError(f"--mpp must be a positive number of µm, not {mpp}") from None
    return replace(dataset, mpp=mpp, mpp_basis="given by the person who imported it")


def summary(dataset: PublishedDataset) -> str:
    """Return a table of images, patients and points by class and split, and the terms of use."""
    rows = [("split", "images", "patients", *dataset.taxonomy.names, "points")]
    for fold in dataset.folds:
        images = [image for image in dataset.images if image.fold == fold]
        rows.append(_counted(fold, images, len(dataset.taxonomy)))
    if len(dataset.folds) > 1:
        rows.append(_counted("together", dataset.images, len(dataset.taxonomy)))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    terms = [
        f"pixel size: {dataset.mpp:g} µm, {dataset.mpp_basis}",
        f"licence: {dataset.licence}",
        f"cite: {dataset.citation}",
    ]
    return "\n".join([*table, "", *terms, ""])


def _counted(name: str, images: Sequence[PublishedImage], classes: int) -> tuple[str, ...]:
    points = np.zeros(classes, dtype=np.int64)
    for image in images:
        points += np.bincount(image.points.class_index, minlength=classes)
    patients = {image.patient for image in images}
    return tuple(map(str, (name, len(images), len(patients), *points.tolist(), points.sum())))


def _warn_of_leaks(manifest: Manifest) -> None:
    found = leaking_patients(manifest)
    if found:
        named = "; ".join(f"{patient} ({', '.join(folds)})" for patient, folds in found.items())
        log.warning("scores on these splits will be too good, for they share patients: %s", named)


class BarProgress:
    """Progress as a bar."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._bar = tqdm(
            total=1.0,
            desc=name,
            file=stream,
            mininterval=0.5 if stream.isatty() else 10.0,
            bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}{postfix}",
        )

    def __enter__(self) -> "BarProgress":
        return self

    def __exit__(self, *_failure: object) -> None:
        self._bar.close()

    def advance(self, fraction: float, message: str = "") -> None:
        """Report the fraction done."""
        self._bar.set_postfix_str(message, refresh=False)
        self._bar.update(max(0.0, min(1.0, fraction) - self._bar.n))
