"""What a reviewer left, added to a slide of the archive as labels under a name of their own."""

import logging
from typing import Any

from plugin import provenance
from plugin.dsa.items import SlideItem
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import Session
from plugin.review.labels import LabelsHead, harvested_before, labels_of
from plugin.review.outcome import ReviewOutcome

log = logging.getLogger(__name__)


def add_labels(session: Session, item: SlideItem, outcome: ReviewOutcome, name: str) -> None:
    """Add what the reviewer left to the slide, as an annotation of that name.

    Raises:
        ArchiveError: the archive does not take it.
    """
    facts = {
        "slide": item.name,
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "reviewed": _origin(outcome),
    }
    head = LabelsHead(name, provenance.new_run_id(), facts, outcome.colours)
    labels = labels_of(outcome.counted, outcome.areas, outcome.names.names, head)
    post_annotation(session, item.id, labels)
    log.info("%s: the reviewed labels are annotation %r", item.name, name)


def _origin(outcome: ReviewOutcome) -> dict[str, Any]:
    """Return what the labels rest on."""
    run_id, model = outcome.run.run_id, outcome.run.about.get("model")
    return {
        "run": run_id,
        "model": model,
        "annotations": [
            {"id": one.id, "name": one.name, "version": one.version}
            for one in outcome.run.annotations
        ],
        "areas": outcome.areas.basis,
        "used_up": [
            {"id": one.id, "name": one.name, "version": one.version} for one in outcome.used_up
        ],
        "reviewers": sorted({one.reviewer for one in outcome.run.sittings if one.reviewer}),
    }


def add_labels_once(session: Session, item: SlideItem, outcome: ReviewOutcome, name: str) -> None:
    """Add labels unless the slide has some of that name, and tell if those are of another state.

    Two of one name would be taken together, and their cells count twice.
    """
    listed = session.pages("annotation", itemId=item.id)
    there = [one for one in listed if one["annotation"].get("name") == name]
    if not there:
        add_labels(session, item, outcome, name)
    elif any(harvested_before(one, outcome.run.annotations) for one in there):
        log.info("%s: annotation %r has these labels already", item.name, name)
    else:
        log.warning(
            "%s: annotation %r is not of this state of the review, and stays as it is; delete it and"
            " harvest again, or give these labels another name with --labels",
            item.name,
            name,
        )
