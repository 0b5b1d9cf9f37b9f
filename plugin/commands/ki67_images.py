"""The images of a file of cells, each with its regions, as the slides of a Ki-67 count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import Ints
from patherea_core.index.kinds import KindedCells
from plugin.index.classes import CountedClasses
from plugin.index.counting import CellsOfSlide
from plugin.index.regions import DrawnRegion, counting_regions_of, image_weights
from plugin.readers.cell_table import CellTable
from plugin.readers.image_names import common_names
from plugin.readers.regions import ReadRegion


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChoice:
    """Which images are counted, and where.

    Attributes:
        image: the one image to count; empty counts all.
        drawn: regions of these images, and perhaps of others; None counts all cells.
        weights: what each region, kind of region or image stands for.
        mpp: micrometres per base pixel of all of them; None if it is not known.
    """

    image: str
    drawn: Sequence[ReadRegion] | None
    weights: Mapping[str, float]
    mpp: float | None


def slides_of(
    table: CellTable, classes: CountedClasses, choice: ImageChoice
) -> tuple[CellsOfSlide, ...]:
    """Return the chosen images, in the order of the file.

    Raises:
        InputError: there is no cell or no such image, a region is of none of the images, or an image is
            without a region where others have some.
    """
    if not len(table):
        raise InputError(
            f"{table.source} holds no cell, so there is nothing to count; give the cells of a slide"
        )
    rows = table.rows_by_image()
    images = _chosen(table, tuple(rows), choice.image)
    kind = np.array(classes.kinds.of_class, dtype=np.int64)[table.class_rows(classes.taxonomy)]
    weights: Mapping[str, float] = {}
    if choice.drawn is None and len(images) > 1:
        weights = image_weights(images, choice.weights)
        regions = counting_regions_of(dict.fromkeys(images, ()), {})
    else:
        outlines = _outlines(choice, tuple(rows), images)
        regions = counting_regions_of(outlines, choice.weights)
    none: Ints = np.empty(0, dtype=np.int64)

    def of_image(image: str) -> CellsOfSlide:
        own = rows.get(image, none)
        cells = KindedCells(table.xy[own], kind[own])
        name = image or table.source.stem
        return CellsOfSlide(name, cells, regions[image], choice.mpp, weights.get(image))

    return tuple(of_image(image) for image in images)


def _chosen(table: CellTable, images: tuple[str, ...], image: str) -> tuple[str, ...]:
    if not image:
        return images
    if image not in images:
        raise InputError(
            f"{table.source} has no image {image!r}; its images are: {', '.join(images)}"
        )
    return (image,)


def _outlines(
    choice: ImageChoice, every: Sequence[str], images: Sequence[str]
) -> Mapping[str, Sequence[DrawnRegion]]:
    """Return the regions of each chosen image; nothing for any if nobody drew one.

    Args:
        choice: has the regions.
        every: all images of the file, whose names tell regions of other images.
        images: the chosen ones.
    """
    drawn = choice.drawn or ()
    named = [region.image for region in drawn]
    owners = _owners(named, every, choice.image)
    found: dict[str, list[DrawnRegion]] = {image: [] for image in images}
    for owner, region in zip(owners, drawn, strict=True):
        if owner in found:
            found[owner].append(DrawnRegion(region.outline, region.name, region.kind))
    bare = [image for image, outlines in found.items() if drawn and not outlines]
    if bare:
        others = ", ".join(map(repr, dict.fromkeys(named)))
        raise InputError(
            f"image {bare[0]!r} has no region (the regions are of: {others}); outline where to count in it,"
            " or leave --regions out"
        )
    return found


def _owners(named: Sequence[str], images: Sequence[str], chosen: str) -> list[str]:
    """Return the image that each region lies on, as the cells call it.

    A region that names no image lies on the chosen one, or on the only one.

    Raises:
        InputError: a region could be of several images; or, if none was chosen, it is of an image without
            cells, so that it may be of another slide.
    """
    only = chosen or (images[0] if len(images) == 1 else "")
    if "" in named and not only and "" not in images:
        raise InputError(
            f"a region does not name its image, but the cells are of {len(images)}; choose one with --image,"
            " or name the image of each region in its properties.image"
        )
    told = tuple(dict.fromkeys(name for name in named if name))
    called = common_names("a region", told, images)
    owners = [called.get(name, name) if name else only for name in named]
    if len(images) == 1 and not images[0]:
        return [""] * len(named)
    strange = [name for name in owners if name not in images]
    if strange and not chosen:
        raise InputError(
            f"a region is of image {strange[0]!r}, but the cells are of {', '.join(map(repr, images))}; give"
            " the regions of these images"
        )
    return owners
