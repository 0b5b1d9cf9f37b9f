"""The cells of a slide in the archive: detected or reviewed, where to count them, by whom they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from patherea_core.errors import AnnotationError, InputError
from patherea_core.geometry import Floats, as_xy
from plugin.dsa.annotation_codec import (
    AnnotationIdentity,
    Json,
    Shapes,
    decode,
    identity,
    is_detections,
)
from plugin.dsa.annotations import (
    chosen_detections,
    chosen_labels,
    list_annotations,
    parts_of,
    read_annotation,
)
from plugin.dsa.remote_slide import RemoteSlide
from plugin.dsa.session import Session
from plugin.index.regions import DrawnRegion
from plugin.review.people import sittings_between


@dataclass(frozen=True, slots=True, eq=False)
class ArchiveCells:
    """Cells of a slide in the archive.

    Attributes:
        xy: (N, 2) base pixels.
        class_names: the class of each.
        classes: those that the cells may have.
        annotations: where they are from, in which state.
        regions: where to count; none for all over the slide.
        region_annotations: where those are from.
        model: what the cells say of the model that found them; empty if a person set them.
        predicted: whether a model found them, each and all as they are.
        reviewers: who changed them, in the order of their last changes.
        notes: what a person must know, a sentence each.
    """

    xy: Floats
    class_names: tuple[str, ...]
    classes: tuple[str, ...]
    annotations: tuple[AnnotationIdentity, ...]
    regions: tuple[DrawnRegion, ...]
    region_annotations: tuple[AnnotationIdentity, ...]
    model: Mapping[str, Any]
    predicted: bool
    reviewers: tuple[str, ...]
    notes: tuple[str, ...]

    def require_predicted(self) -> None:
        """Refuse cells that a person set or changed.

        Raises:
            InputError: they are such, so that what a model does wrong says nothing of them.
        """
        if self.predicted:
            return
        who = ", ".join(self.reviewers) or "a person"
        raise InputError(
            f"the cells of annotation {self.annotations[0].name!r} are as {who} left them, so the errors of a"
            " model say nothing of them; leave the evaluation out, or name the annotation of a model that"
            " nobody has changed"
        )


def read_archive_cells(
    session: Session, slide: RemoteSlide, cells: str, regions: str
) -> ArchiveCells:
    """Return the cells of a slide.

    Args:
        session: with the archive.
        slide: which one.
        cells: name or id of the annotation with them; empty takes the newest detections. Of a run that has
            several annotations all are taken.
        regions: name pattern of the annotations with the regions; empty counts all over the slide.

    Raises:
        InputError: there is no such annotation, or no region in it.
        AnnotationError: the cells are of another slide, or an element cannot serve.
        ArchiveError: the archive does not answer.
    """
    summaries = list_annotations(session, slide.item_id)
    chosen = parts_of(summaries, chosen_detections(summaries, cells, slide.name))
    documents = [read_annotation(session, summary.id) for summary in chosen]
    own = _ours(documents[0])
    _require_slide(session, slide, documents)
    shapes = [decode(document) for document in documents if document["annotation"].get("elements")]
    xy = as_xy(np.concatenate([np.empty((0, 2)), *(some.xy for some in shapes)]))
    _require_inside(slide, xy, documents[0])
    names = tuple(name for some in shapes for name in some.class_names)
    found, drawn = _regions(session, slide, regions)
    reviewers = _reviewers(session, documents)
    return ArchiveCells(
        xy=xy,
        class_names=names,
        classes=tuple(dict.fromkeys((*(own.get("classes") or ()), *names))),
        annotations=tuple(identity(document) for document in documents),
        regions=drawn,
        region_annotations=found,
        model={**_model(own), "threshold": own.get("threshold")} if _model(own) else {},
        predicted=not reviewers and all(map(is_detections, documents)),
        reviewers=reviewers,
        notes=tuple(_notes(shapes)),
    )


def _ours(document: Json) -> Mapping[str, Any]:
    found = (document["annotation"].get("attributes") or {}).get("patherea")
    return found if isinstance(found, Mapping) else {}


def _model(own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the model that an annotation names, also if it is the review of what the model found."""
    model = own.get("model") or (own.get("reviewed") or {}).get("model")
    return model if isinstance(model, Mapping) else {}


def _require_slide(session: Session, slide: RemoteSlide, documents: Sequence[Json]) -> None:
    """Refuse cells that were found on another slide."""
    for document in documents:
        said = str(_ours(document).get("slide", ""))
        if not said or said == slide.name:
            continue
        files = session.pages(f"item/{slide.item_id}/files")
        if said not in {file["name"] for file in files}:
            raise AnnotationError(
                f"annotation {_name(document)!r} holds cells of slide {said!r}, but lies on"
                f" {slide.name!r}; choose an annotation of this slide"
            )


def _require_inside(slide: RemoteSlide, xy: Floats, document: Json) -> None:
    """Refuse cells that lie beside the slide."""
    outside = ((xy < 0) | (xy > (slide.width, slide.height))).any(axis=1)
    if outside.any():
        x, y = xy[outside][0]
        raise AnnotationError(
            f"annotation {_name(document)!r} has {int(outside.sum())} cells outside of slide"
            f" {slide.name!r}, the first at ({x:.1f}, {y:.1f}); choose an annotation of this slide"
        )


def _regions(
    session: Session, slide: RemoteSlide, pattern: str
) -> tuple[tuple[AnnotationIdentity, ...], tuple[DrawnRegion, ...]]:
    if not pattern:
        return (), ()
    found: list[DrawnRegion] = []
    used: list[AnnotationIdentity] = []
    for summary in chosen_labels(list_annotations(session, slide.item_id), pattern):
        document = read_annotation(session, summary.id)
        if not document["annotation"].get("elements"):
            continue
        elements = {str(one.get("id", "")): one for one in document["annotation"]["elements"]}
        regions = decode(document).regions
        found += [
            DrawnRegion(
                region.outline,
                str((elements[region.element_id].get("label") or {}).get("value") or "").strip(),
                str(elements[region.element_id].get("group") or "").strip(),
            )
            for region in regions
        ]
        used += [identity(document)] if regions else []
    if not found:
        raise InputError(
            f"slide {slide.name!r} has no annotation {pattern!r} with a region; draw one around what is to"
            " be counted, or leave --regions out to count all over the slide"
        )
    return tuple(used), tuple(found)


def _reviewers(session: Session, documents: Sequence[Json]) -> tuple[str, ...]:
    """Return who changed the cells since they were found, as far as the archive tells."""
    told = (_ours(documents[0]).get("reviewed") or {}).get("reviewers") or []
    runs = {document["_id"] for document in documents if is_detections(document)}
    sittings = sittings_between(session, [identity(document) for document in documents], runs)
    names = [*map(str, told), *(one.reviewer for one in sittings if one.reviewer)]
    return tuple(dict.fromkeys(names))


def _notes(shapes: Sequence[Shapes]) -> list[str]:
    by_label = sum(some.by_label for some in shapes)
    if not by_label:
        return []
    return [f"{by_label:,} cells have no group, so their label was taken for their class."]


def _name(document: Json) -> str:
    return str(document["annotation"].get("name", ""))
