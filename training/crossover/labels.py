"""The labels that a run learns from, and the dataset folder that has them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from shapely import union_all
from shapely.geometry import box

from patherea_core.data.division import Division
from patherea_core.data.label_share import LabelShare, unit_of
from patherea_core.data.manifest import MANIFEST, Manifest
from patherea_core.data.store import DatasetWriter, Sample, read_manifest
from patherea_core.geometry import Ints
from patherea_core.progress import Silent
from patherea_core.regions import as_outline
from patherea_core.workflow.reading import read_rows
from training.crossover.row import TrainedOn, digest_of_names

#: Parts along each side of an image, where parts of images are drawn.
_PARTS = 2


@dataclass(frozen=True, slots=True)
class Labels:
    """What a run learns from.

    Attributes:
        data: a dataset folder.
        manifest: what it says.
        division: which of its samples are learnt from, and which choose.
        trained_on: what is kept of it in the ledger.
    """

    data: Path
    manifest: Manifest
    division: Division
    trained_on: TrainedOn

    @classmethod
    def all_of(cls, data: Path, manifest: Manifest, division: Division) -> Self:
        """Return the labels of a division, whatever it leaves out."""
        samples = [manifest.samples[row] for row in division.training]
        trained_on = TrainedOn(
            images=len(samples),
            patients=len({one.patient for one in samples}),
            points=sum(one.points for one in samples),
            digest=digest_of_names(one.id for one in samples),
        )
        return cls(data, manifest, division, trained_on)

    def share(self, share: LabelShare, place: Path) -> "Labels":
        """Return a share of these labels: of the patients, of the images, or of quarters of images.

        Args:
            share: which.
            place: where a dataset folder may be made, for quarters: the images with less that is labelled.

        Raises:
            DatasetError: an image is missing or broken.
            OutputError: the folder cannot be written.
        """
        if share.share == 1:
            return self
        unit = unit_of(self.manifest, self.division)
        if unit == "area":
            return self._quarters(share, place)
        found = Labels.all_of(self.data, self.manifest, share.of(self.manifest, self.division))
        return replace(found, trained_on=found.trained_on.model_copy(update={"drawn_by": unit}))

    def _quarters(self, share: LabelShare, place: Path) -> "Labels":
        learnt, choosing = (
            read_rows(self.data, self.manifest, rows, Silent())
            for rows in (self.division.training, self.division.validation)
        )
        points = {
            quarter_name(sample, quarter): int(count)
            for sample in learnt
            for quarter, count in enumerate(np.bincount(quarters(sample), minlength=_PARTS**2))
        }
        taken = share.taken(points)
        kept = [part for sample in learnt if (part := _labelled_in(sample, taken)) is not None]
        if not (place / MANIFEST).exists():
            with DatasetWriter(place) as writer:
                for sample in (*kept, *choosing):
                    writer.add(sample)
                writer.finish(
                    classes=self.manifest.classes,
                    mpp=self.manifest.mpp,
                    folds=self.manifest.fold_names or self.manifest.folds,
                    lineage=self.manifest.lineage,
                )
        rows = range(len(kept) + len(choosing))
        words = f"{self.division.words}, {share.words}, by area"
        division = Division((*rows[: len(kept)],), (*rows[len(kept) :],), (), words)
        found = Labels.all_of(place, read_manifest(place), division)
        changes = {"digest": digest_of_names(taken), "drawn_by": "area"}
        return replace(found, trained_on=found.trained_on.model_copy(update=changes))


def quarter_name(sample: Sample, quarter: int) -> str:
    """Return what a quarter of an image is called, numbered row by row from 0."""
    return f"{sample.record.id}, quarter {quarter}"


def quarters(sample: Sample) -> Ints:
    """Return (N,) in which quarter of its image each point lies; on a seam, in the right or the lower one."""
    side = np.array([sample.record.width, sample.record.height]) / _PARTS
    column, row = np.minimum(sample.points.xy // side, _PARTS - 1).astype(np.int64).T
    found: Ints = row * _PARTS + column
    return found


def _labelled_in(sample: Sample, taken: set[str]) -> Sample | None:
    """Return an image with labels in the quarters that are taken; None if nothing of it is labelled then."""
    kept = [one for one in range(_PARTS**2) if quarter_name(sample, one) in taken]
    width, height = sample.record.width / _PARTS, sample.record.height / _PARTS
    boxes = [
        box(column * width, row * height, (column + 1) * width, (row + 1) * height)
        for row, column in (divmod(one, _PARTS) for one in kept)
    ]
    labelled = as_outline(sample.labelled.intersection(union_all(boxes)))
    if labelled.is_empty:
        return None
    rows = np.flatnonzero(np.isin(quarters(sample), kept))
    return Sample(
        record=sample.record.model_copy(update={"points": len(rows), "sha256": None}),
        pixels=sample.pixels,
        points=sample.points.take(rows),
        element_ids=tuple(sample.element_ids[row] for row in rows),
        labelled=labelled,
    )
