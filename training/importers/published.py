"""What an importer makes of a published dataset, and how it becomes a dataset folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely

from patherea_core.data.manifest import (
    Manifest,
    SampleRecord,
    SlideRecord,
    class_records,
    sample_id,
)
from patherea_core.data.store import DatasetWriter, Sample
from patherea_core.errors import DatasetError
from patherea_core.geometry import Pixels
from patherea_core.points import Points
from patherea_core.progress import Progress
from patherea_core.regions import Outline
from patherea_core.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, eq=False)
class PublishedImage:
    """One image with its labels; in the labelled area every cell has a point.

    Attributes:
        name: what the dataset calls it, unique in the dataset.
        read: returns the (H, W, 3) RGB pixels; called once, when the image is written.
        points: the cells in pixels of the image, counted from its outer corner.
        patient: whose tissue it is; the image's own name if that is not known.
        fold: the part of the published split that it belongs to.
        labelled: the labelled area in pixels of the image, which holds all points; None is all of it.
    """

    name: str
    read: Callable[[], Pixels]
    points: Points
    patient: str
    fold: str
    labelled: Outline | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PublishedDataset:
    """A published dataset as its authors laid it out.

    Attributes:
        name: short, lower case.
        taxonomy: the dataset's own class names, in lower case.
        mpp: micrometres per pixel of all images, as published.
        folds: the names of the published split's parts, in order.
        images: all images.
        citation: whom to cite.
        licence: the terms as its authors state them.
        mpp_basis: how well the pixel size is known.
    """

    name: str
    taxonomy: Taxonomy
    mpp: float
    folds: tuple[str, ...]
    images: Sequence[PublishedImage]
    citation: str
    licence: str
    mpp_basis: str = "as published"


def write_dataset(dataset: PublishedDataset, out: Path, progress: Progress) -> Manifest:
    """Write a dataset folder, whole or not at all, and return what it says about itself.

    Raises:
        DatasetError: the dataset has no image, or the folder is in the way.
        OutputError: the folder cannot be written.
    """
    if not dataset.images:
        raise DatasetError(f"there is no image to import for {dataset.name}")
    with DatasetWriter(out) as writer:
        for number, image in enumerate(dataset.images):
            progress.advance(number / len(dataset.images), image.name)
            writer.add(_sample(dataset, image))
        manifest = writer.finish(
            classes=class_records(dataset.taxonomy),
            mpp=dataset.mpp,
            folds=dataset.folds,
            slides=[
                SlideRecord(name=image.name, base_mpp=dataset.mpp, patient=image.patient)
                for image in dataset.images
            ],
            lineage={
                "dataset": dataset.name,
                "citation": dataset.citation,
                "licence": dataset.licence,
                "mpp": dataset.mpp_basis,
            },
        )
    progress.advance(1.0, f"{len(manifest.samples)} images")
    return manifest


def _sample(dataset: PublishedDataset, image: PublishedImage) -> Sample:
    pixels = image.read()
    height, width = pixels.shape[:2]
    count = len(image.points)
    record = SampleRecord(
        id=sample_id(image.name, "all", 0, 0),
        slide=image.name,
        region="all",
        patient=image.patient,
        fold=dataset.folds.index(image.fold),
        left=0,
        top=0,
        width=width,
        height=height,
        base_mpp=dataset.mpp,
        points=count,
    )
    ids = tuple(f"{image.name}-{row}" for row in range(count))
    labelled = shapely.box(0, 0, width, height) if image.labelled is None else image.labelled
    return Sample(record, pixels, image.points, ids, labelled)
