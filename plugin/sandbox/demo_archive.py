"""Fill an archive as people would: a folder, slides with their patient, a pathologist's annotations."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shapely.geometry import MultiPolygon, Polygon

from patherea_core.errors import ArchiveError
from patherea_core.progress import Progress
from patherea_core.regions import Outline
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import Session
from plugin.sandbox.demo_slides import DemoSlide, DemoSlides
from plugin.sandbox.fields import ComposedSlide

#: Names of the pathologist's annotations; the test's is not among what is exported.
TRAINING_LABELS, TEST_LABELS = "labels for training", "labels for test"

_COLLECTION = "Patherea demo"

#: How long the archive may take to see that a file is a slide, and how often to look.
_PATIENCE_SECONDS, _PAUSE_SECONDS = 60.0, 0.25


@dataclass(frozen=True, slots=True)
class FilledFolder:
    """Where the slides are in the archive.

    Attributes:
        id: of the folder.
        item_ids: of the slides, in their order.
    """

    id: str
    item_ids: tuple[str, ...]

    @property
    def test_item_id(self) -> str:
        """The slide that is not trained on."""
        return self.item_ids[-1]


def fill_archive(
    session: Session, slides: DemoSlides, name: str, progress: Progress
) -> FilledFolder:
    """Put slides and their annotations into a new folder of the archive.

    Raises:
        ArchiveError: the archive does not take them.
    """
    folder_id = _create_folder(session, name)
    items = []
    for number, entry in enumerate(slides.slides):
        path = entry.slide.path
        progress.advance(number / len(slides.slides), f"{path.name}: slide and annotations")
        item_id = upload_slide(session, folder_id, entry.slide, {"patient": entry.patient})
        post_annotation(session, item_id, labels_of(entry, slides.taxonomy))
        items.append(item_id)
    progress.advance(1.0, f"{len(items)} slides")
    return FilledFolder(folder_id, tuple(items))


def upload_slide(
    session: Session,
    folder_id: str,
    slide: ComposedSlide,
    metadata: Mapping[str, str],
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Upload a slide and return the id of its item, once the archive shows it as an image.

    Raises:
        ArchiveError: the archive does not take it, or does not see that it is a slide.
    """
    path = slide.path
    item = _create(
        session, "item", folderId=folder_id, name=path.name, metadata=json.dumps(metadata)
    )
    content = path.read_bytes()
    facts = {"parentType": "item", "parentId": item, "name": path.name, "size": len(content)}
    session.post(f"file?{urlencode({**facts, 'mimeType': 'image/tiff'})}", content)
    for _ in range(int(_PATIENCE_SECONDS / _PAUSE_SECONDS)):
        image = session.get(f"item/{item}").get("largeImage") or {}
        if image.get("fileId") and not image.get("expected"):
            return item
        sleep(_PAUSE_SECONDS)
    raise ArchiveError(f"the archive at {session.address} does not see that {path.name} is a slide")


def labels_of(entry: DemoSlide, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the annotation that a pathologist would have drawn on a slide: regions and points."""
    regions = [_region(part) for field in entry.slide.fields for part in _polygons(field.outline)]
    points = [
        _point(x, y, row, taxonomy)
        for field in entry.slide.fields
        for (x, y), row in zip(field.points.xy, field.points.class_index, strict=True)
    ]
    # The archive checks a list of like elements many times faster.
    points.sort(key=lambda element: str(element["group"]))
    return {
        "name": TRAINING_LABELS if entry.training else TEST_LABELS,
        "description": "Regions in which every cell is labelled, and the cells",
        # On the test slide the detections are what there is to see; the viewer's list shows the rest.
        "display": {"visible": entry.training},
        "elements": [*regions, *points],
    }


def _create_folder(session: Session, name: str) -> str:
    collections = session.pages("collection")
    own = [found["_id"] for found in collections if found["name"] == _COLLECTION]
    parent = own[0] if own else _create(session, "collection", name=_COLLECTION, public="true")
    return _create(
        session, "folder", parentType="collection", parentId=parent, name=name, public="true"
    )


def _create(session: Session, kind: str, **parameters: str) -> str:
    return str(session.post(f"{kind}?{urlencode(parameters)}", b"")["_id"])


def _polygons(outline: Outline) -> Iterator[Polygon]:
    yield from outline.geoms if isinstance(outline, MultiPolygon) else (outline,)


def _region(polygon: Polygon) -> dict[str, Any]:
    return {
        "type": "polyline",
        "closed": True,
        "points": [[x, y, 0] for x, y in polygon.exterior.coords[:-1]],
        "holes": [[[x, y, 0] for x, y in hole.coords[:-1]] for hole in polygon.interiors],
        "group": "region",
        "lineColor": "#212121",
        "lineWidth": 2,
    }


def _point(x: float, y: float, row: int, taxonomy: Taxonomy) -> dict[str, Any]:
    cell_class = taxonomy.classes[row]
    return {
        "type": "point",
        "center": [float(x), float(y), 0],
        "group": cell_class.name,
        "label": {"value": cell_class.name},
        "lineColor": cell_class.color,
        "lineWidth": 2,
        "fillColor": f"{cell_class.color}1a",
    }
