"""What is compared in an evaluation: regions with a person's points and a model's detections."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from patherea_core.errors import InputError, TaxonomyError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.report import LeftOut
from patherea_core.points import Detections
from patherea_core.regions import AnnotatedRegion, Outline, inside
from patherea_core.taxonomy import Taxonomy
from plugin.commands.file_checks import require_both, require_no_repeats, require_regions
from plugin.dsa.annotation_codec import (
    AnnotationIdentity,
    Shapes,
    class_names,
    decode_detections,
    identity,
    searched_outline,
)
from plugin.dsa.labels import PointsOutside, found_classes, labelled_regions
from plugin.readers.cell_table import CellTable, renamed
from plugin.readers.coco import named_like
from plugin.readers.image_names import common_names, with_images_called

log = logging.getLogger(__name__)

#: Share of a region's area that may lie outside of where the model looked without a word.
_NEGLIGIBLE = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """Images or regions to compare, with the classes of their cells."""

    fields: tuple[Field, ...]
    taxonomy: Taxonomy


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveFields(Fields):
    """Regions to compare, the annotations that they came from, and what lies outside of every region."""

    annotations: tuple[AnnotationIdentity, ...]
    left_out: LeftOut


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileOptions:
    """How two files are compared.

    Attributes:
        classes: the classes in order; none takes those of the points, in order of their first cell.
        mapping: old names of classes to new ones, in either file.
        known: classes that may be renamed besides those of the two files, such as those of a third that is
            compared too.
        regions: where cells were labelled in each image, in base pixels; None if that is not known. An
            image with a region is labelled even if it has no point.
        patients: the patient of each image; None takes those that the files name.
        allow_missing: count an image that one file lacks as missed or false, instead of refusing it.
    """

    classes: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    known: Collection[str] = ()
    regions: Mapping[str, Outline] | None = None
    patients: Mapping[str, str] | None = None
    allow_missing: bool = False


def file_fields(
    detections: CellTable, points: CellTable, options: FileOptions = FileOptions()
) -> Fields:
    """Return one field for each image of two files.

    Raises:
        InputError: an image is in one file only, a point stands twice, or a region is missing.
        TaxonomyError: a cell is of a class that is not among the classes.
    """
    detections, points = named_like(detections, points), named_like(points, detections)
    detections, points = _mapped(detections, points, options)
    taxonomy = _taxonomy(detections, points, options.classes)
    require_no_repeats(points)
    detections, points, regions = _by_the_same_names(detections, points, options.regions or {})
    require_both(detections, points, tuple(regions), allow_missing=options.allow_missing)
    images = tuple(dict.fromkeys((*points.image_names, *regions, *detections.image_names)))
    if options.regions is not None:
        require_regions(images, regions)
    found, labels = detections.detections(taxonomy), points.points(taxonomy)
    found_rows, label_rows = detections.rows_by_image(), points.rows_by_image()
    patients = options.patients or {**(detections.patients or {}), **(points.patients or {})}
    none = np.empty(0, dtype=np.int64)

    def of_image(image: str) -> Field:
        rows = label_rows.get(image, none)
        return Field(
            name=image,
            detections=found.take(found_rows.get(image, none)),
            points=labels.take(rows),
            area=regions.get(image),
            patient=patients.get(image),
            radius=None if points.radius is None else points.radius[rows],
        )

    return Fields(tuple(of_image(image) for image in images), taxonomy)


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
    fields = _where_looked(regions, detections, found)
    return ArchiveFields(
        fields,
        taxonomy,
        (identity(detections), *(shapes.annotation for shapes in labels)),
        LeftOut(
            points=sum(len(shapes.xy) for shapes in labels)
            - sum(len(entry.points) for entry in fields),
            detections=len(found) - sum(len(entry.detections) for entry in fields),
        ),
    )


def _where_looked(
    regions: Sequence[AnnotatedRegion], detections: Mapping[str, Any], found: Detections
) -> tuple[Field, ...]:
    """Return the labelled regions with their cells, as far as the model looked there at all."""
    looked = searched_outline(detections)
    fields = []
    for number, region in enumerate(regions, start=1):
        area = region.outline if looked is None else region.outline.intersection(looked)
        if area.area < (1 - _NEGLIGIBLE) * region.outline.area:
            share = area.area / region.outline.area
            log.warning("the model looked at %.0f %% of region %s only", 100 * share, number)
        if area.area > 0:
            fields.append(
                Field(
                    region.name,
                    found.take(inside(area, found.xy)) if len(found) else Detections.none(),
                    region.points.take(inside(area, region.points.xy)),
                    area,
                )
            )
    if regions and not fields:
        raise InputError(
            "the model looked at none of the labelled regions; detect there, or name other detections"
        )
    return tuple(fields)


def _classes_of(detections: Mapping[str, Any], labels: Sequence[Shapes]) -> Sequence[str]:
    ours = (detections["annotation"].get("attributes") or {}).get("patherea") or {}
    if ours.get("classes"):
        return tuple(ours["classes"])
    return tuple(dict.fromkeys((*found_classes(labels), *class_names(detections))))


def _mapped(
    detections: CellTable, points: CellTable, options: FileOptions
) -> tuple[CellTable, CellTable]:
    known = {*detections.class_names, *points.class_names, *options.known}
    unknown = [old for old in options.mapping if old not in known]
    if unknown:
        raise TaxonomyError(
            f"neither {detections.source} nor {points.source} has a class {unknown[0]!r} to rename; "
            f"the classes are: {', '.join(sorted(known))}"
        )
    detections, points = (
        renamed(
            table, {old: new for old, new in options.mapping.items() if old in table.class_names}
        )
        for table in (detections, points)
    )
    return detections, points


def _taxonomy(detections: CellTable, points: CellTable, classes: Sequence[str]) -> Taxonomy:
    if not len(points) and not classes:
        raise InputError(f"{points.source} has no points; name the classes with --classes")
    taxonomy = Taxonomy.of(classes or points.class_names)
    for table in (detections, points):
        strange = [name for name in table.class_names if name not in taxonomy.names]
        if strange:
            raise TaxonomyError(
                f"{table.source} has cells of class {strange[0]!r}, but the classes are: "
                f"{', '.join(taxonomy.names)}; rename it with --map {strange[0]}=NAME, or name all "
                "classes in order with --classes"
            )
    return taxonomy


def _by_the_same_names(
    detections: CellTable, points: CellTable, regions: Mapping[str, Outline]
) -> tuple[CellTable, CellTable, Mapping[str, Outline]]:
    """Return all three with the same names for the same images: those of the points, where they have any."""
    if "" in points.image_names:
        called = common_names(points.source, points.image_names, detections.image_names)
        points = with_images_called(points, called)
    regions = _called_like(points.image_names, regions)
    labelled = tuple(dict.fromkeys((*points.image_names, *(name for name in regions if name))))
    called = common_names(detections.source, detections.image_names, labelled)
    detections = with_images_called(detections, called)
    return detections, points, _called_like(detections.image_names, regions)


def _called_like(images: Sequence[str], regions: Mapping[str, Outline]) -> Mapping[str, Outline]:
    called = common_names("a region", tuple(regions), images)
    return {called.get(name, name): outline for name, outline in regions.items()}
