"""What is compared in an evaluation: regions with a person's points and a model's detections."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from patherea_core.errors import InputError, TaxonomyError
from patherea_core.evaluation.report import Field
from patherea_core.points import Detections
from patherea_core.regions import inside
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import (
    AnnotationIdentity,
    Shapes,
    class_names,
    decode_detections,
    identity,
)
from plugin.dsa.labels import PointsOutside, found_classes, labelled_regions
from plugin.readers.cell_table import CellTable, coded

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """Images or regions to compare, with the classes of their cells."""

    fields: tuple[Field, ...]
    taxonomy: Taxonomy


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveFields(Fields):
    """Regions to compare, and the annotations that they came from."""

    annotations: tuple[AnnotationIdentity, ...]


def file_fields(detections: CellTable, points: CellTable, classes: Sequence[str]) -> Fields:
    """Return one field for each image of two files.

    The classes are those of the points, in order of their first row, unless they are given.

    Raises:
        InputError: no image is in both files.
        TaxonomyError: a detection is of a class that no point is of, and the classes are not given.
    """
    if not len(points) and not classes:
        raise InputError(f"{points.source} has no points; name the classes with --classes")
    taxonomy = Taxonomy.of(classes or points.class_names)
    strange = [name for name in detections.class_names if name not in taxonomy.names]
    if strange:
        raise TaxonomyError(
            f"{detections.source} has cells of class {strange[0]!r}, but the classes are: "
            f"{', '.join(taxonomy.names)}; name all classes in order with --classes"
        )
    detections = _named_like(detections, points)
    found, labelled = detections.detections(taxonomy), points.points(taxonomy)
    found_rows, labelled_rows = detections.rows_by_image(), points.rows_by_image()
    none = np.empty(0, dtype=np.int64)
    return Fields(
        tuple(
            Field(
                image,
                found.take(found_rows.get(image, none)),
                labelled.take(labelled_rows.get(image, none)),
            )
            for image in _all_images(detections, points)
        ),
        taxonomy,
    )


def archive_fields(
    detections: Mapping[str, Any],
    labels: Sequence[Shapes],
    classes: Sequence[str],
    points_outside: PointsOutside,
) -> ArchiveFields:
    """Return one field for each labelled region of a slide, with the detections inside of it.

    The classes are those that are given, else the model's, else those that occur.

    Raises:
        AnnotationError: the labels cannot serve.
        TaxonomyError: a cell is of another class.
    """
    taxonomy = Taxonomy.of(classes or _classes_of(detections, labels))
    found = decode_detections(detections, taxonomy)
    regions = labelled_regions(labels, taxonomy, points_outside)
    return ArchiveFields(
        tuple(
            Field(
                region.name,
                found.take(inside(region.outline, found.xy)) if len(found) else Detections.none(),
                region.points,
                region.outline,
            )
            for region in regions
        ),
        taxonomy,
        (identity(detections), *(shapes.annotation for shapes in labels)),
    )


def _classes_of(detections: Mapping[str, Any], labels: Sequence[Shapes]) -> Sequence[str]:
    ours = (detections["annotation"].get("attributes") or {}).get("patherea") or {}
    if ours.get("classes"):
        return tuple(ours["classes"])
    return tuple(dict.fromkeys((*found_classes(labels), *class_names(detections))))


def _named_like(detections: CellTable, points: CellTable) -> CellTable:
    """Give cells without an image the only image that the points have."""
    images = points.image_names
    if "" not in detections.image_names:
        return detections
    if len(images) != 1:
        raise InputError(
            f"{detections.source} does not name its image, and {points.source} has {len(images)}"
        )
    names, rows = coded(name or images[0] for name in detections.image_names)
    return replace(detections, image_names=names, image_index=rows[detections.image_index])


def _all_images(detections: CellTable, points: CellTable) -> tuple[str, ...]:
    labelled = points.image_names
    others = tuple(name for name in detections.image_names if name not in labelled)
    if labelled and others and len(others) == len(detections.image_names):
        raise InputError(
            f"no image is in both files: {points.source} names {labelled[0]!r}, "
            f"{detections.source} names {others[0]!r}"
        )
    if others:
        log.warning(
            "%s images have detections but no point; they count as images without cells",
            len(others),
        )
    return (*labelled, *others)
