"""The states of an annotation that the archive keeps: each save makes a document of the state before.

Such a document can be read by whoever may read the annotation, but as GeoJSON only: the archive's own way
to an earlier state asks for the right to decide who may see it, and read as an annotation it has no
elements.
"""

from patherea_core.errors import AnnotationError, ArchiveError
from plugin.dsa.annotation_codec import Json
from plugin.dsa.annotations import read_annotation
from plugin.dsa.session import Session
from plugin.review.sittings import Save, saves_of


def saves(session: Session, annotation_id: str) -> tuple[Save, ...]:
    """Return the states of an annotation that the archive keeps, oldest first, the present one last."""
    return saves_of(session.pages(f"annotation/{annotation_id}/history"))


def read_state(session: Session, save: Save, annotation_id: str) -> Json:
    """Return one state of an annotation with its points.

    Raises:
        ArchiveError: it was the present state, and somebody has saved another one meanwhile.
    """
    if save.id != annotation_id:
        return _as_annotation(session.get(f"annotation/{save.id}/geojson"), annotation_id)
    document = read_annotation(session, annotation_id)
    if document["_version"] != save.version:
        raise ArchiveError(
            f"annotation {annotation_id} was changed while its history was read; run again when nobody"
            " edits it"
        )
    return document


def _as_annotation(collection: Json, annotation_id: str) -> Json:
    """Return the points of GeoJSON as the archive writes it, as an annotation has them."""
    elements = [
        {
            **feature["properties"],
            "type": "point",
            "center": feature["geometry"]["coordinates"],
        }
        for feature in collection["features"]
        if feature["geometry"]["type"] == "Point"
    ]
    return {"_id": annotation_id, "annotation": {"name": annotation_id, "elements": elements}}


def read_first_state(session: Session, annotation_id: str, name: str) -> Json:
    """Return an annotation as it was made.

    Raises:
        AnnotationError: the archive does not keep that state.
    """
    kept = saves(session, annotation_id)
    if not kept or not kept[0].first:
        raise AnnotationError(
            f"the archive does not keep the first state of annotation {name!r}, so what was deleted cannot"
            " be known; give the file that the run wrote with --pushed, and let the archive record the"
            " history of annotations from now on"
        )
    return read_state(session, kept[0], annotation_id)
