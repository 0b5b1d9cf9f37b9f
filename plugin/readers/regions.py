"""Outlines of where cells were labelled, from GeoJSON or from an annotation of the archive."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.affinity import translate
from shapely.errors import ShapelyError
from shapely.geometry import shape

from patherea_core.errors import InputError
from patherea_core.regions import Outline, checked_outline
from plugin.dsa.annotation_elements import is_region, outline_of
from plugin.readers import annotation_file, geojson
from plugin.readers.json_file import Json, read_json

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class ReadRegion:
    """One outline of a file, in base pixels.

    Attributes:
        image: whose it is; empty means the only image there is.
        outline: the area.
        name: what it is called; may be empty.
        kind: what kind of region it is: QuPath's classification, or the archive's group; may be empty.
    """

    image: str
    outline: Outline
    name: str = ""
    kind: str = ""


def read_regions(path: Path) -> Mapping[str, Outline]:
    """Return the outline of each image in base pixels, holes allowed; several of one image are joined.

    The image is ``properties.image`` of a GeoJSON feature, or the slide that an annotation of this program
    names; an empty name means the only image there is.

    Raises:
        InputError: it cannot be read, has no region, or a region crosses itself.
    """
    found = read_each_region(path)
    images = dict.fromkeys(region.image for region in found)
    return {
        image: shapely.union_all([region.outline for region in found if region.image == image])
        for image in images
    }


def read_each_region(path: Path) -> tuple[ReadRegion, ...]:
    """Return the outlines of a file one by one, in their order, each with its image; see ``read_regions``.

    A region's name is ``properties.name`` and its kind ``properties.classification`` of a GeoJSON feature, or
    label and group of an element of an annotation.

    Raises:
        InputError: it cannot be read, has no region, or a region crosses itself.
    """
    content = read_json(path)
    if geojson.recognises(content):
        found = list(_of_features(content, path))
    elif annotation_file.recognises(content):
        found = list(_of_annotations(content, path))
    else:
        raise InputError(f"{path} is neither GeoJSON nor an annotation of the archive")
    if not found:
        raise InputError(f"{path} has no region; outline at least one with a polygon")
    images = dict.fromkeys(region.image for region in found)
    if len(images) > 1 and "" in images:
        raise InputError(
            f"a region of {path} names no image, but others do; name the image of each"
        )
    return tuple(found)


def _of_features(content: Json, path: Path) -> Iterator[ReadRegion]:
    offsets = geojson.offsets_of(content)
    for number, feature in enumerate(geojson.features_of(content), start=1):
        what = f"region {number} of {path}"
        try:
            properties = feature.get("properties") or {}
            if properties.get("objectType") in geojson.ONE_CELL:
                continue  # QuPath writes cells and the outlines around them into one file
            outline = shape(feature["geometry"])
        except (KeyError, TypeError, ValueError, AttributeError, ShapelyError) as error:
            raise InputError(f"{what} is no shape: {error!r}") from error
        if outline.geom_type not in ("Polygon", "MultiPolygon"):
            log.warning("%s is a %s, which has no area; passed over", what, outline.geom_type)
            continue
        image = str(properties.get("image") or "")
        moved = translate(outline, *offsets.get(image, (0.0, 0.0)))
        name = str(properties.get("name") or "").strip()
        yield ReadRegion(image, checked_outline(moved, what), name, _classification(properties))


def _classification(properties: Mapping[str, Any]) -> str:
    """Return the class that QuPath gave a region, also a derived one; empty if it has none."""
    given = properties.get("classification")
    if isinstance(given, Mapping):
        given = given.get("name") or ": ".join(map(str, given.get("names") or []))
    return str(given or "").strip()


def _of_annotations(content: Json, path: Path) -> Iterator[ReadRegion]:
    for document in annotation_file.documents_of(content, path):
        name = f"{document.get('name', '')} ({path.name})".strip()
        regions: list[dict[str, Any]] = [
            entry for entry in document["elements"] if is_region(entry)
        ]
        for element in regions:
            label = element.get("label") or {}
            yield ReadRegion(
                annotation_file.slide_of(document),
                outline_of(element, name),
                str((label.get("value") if isinstance(label, Mapping) else label) or "").strip(),
                str(element.get("group") or "").strip(),
            )
