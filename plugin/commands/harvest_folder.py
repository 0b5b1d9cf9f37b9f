"""Harvest the reviews of all slides of a folder: one table, one report, and labels on each slide."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from patherea_core.data.folder import require_free
from patherea_core.errors import (
    Cancelled,
    IncompleteError,
    InputError,
    PathereaError,
)
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from plugin.commands.harvest_review import HarvestRequest, slide_figures, slide_outcome
from plugin.commands.review_labels import add_labels_once
from plugin.commands.review_pictures import review_pictures
from plugin.dsa.items import SlideItem, require_may_add, slide_named, slides_in
from plugin.dsa.labels import naming
from plugin.dsa.remote_slide import RemoteSlide, remote_slide
from plugin.dsa.session import Session, connect
from plugin.outputs.review_folder import write_reviews
from plugin.review.cohort import Cohort, SlideReview, slide_review
from plugin.review.examples import changed_cells, chosen
from plugin.review.reading import CorrectionsLeftOutError, NotReviewedError, reviewed_names

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestFolderRequest:
    """Which reviews to harvest, and what becomes of them.

    Attributes:
        folder_id: whose slides; empty for the one slide that ``slide`` names.
        slide: how each slide is harvested; its own report and page are not written.
        out: a new folder for page, tables and figures; None writes none.
        apart: take every annotation that ``slide.reviewed`` names for a review of its own, say of people
            who each corrected a copy; their labels are called after the annotation.
        each: how many cells of each kind are shown on the page.
    """

    folder_id: str
    slide: HarvestRequest
    out: Path | None = None
    apart: bool = False
    each: int = 12

    def __post_init__(self) -> None:
        if self.apart and not self.slide.reviewed:
            raise InputError(
                "reviews are kept apart by their annotations; name them with --reviewed"
            )


def run(request: HarvestFolderRequest, progress: Progress) -> Cohort:
    """Harvest as requested and return all reviews.

    A slide that fails stops no other one; the cohort names it, as it does those without a review.

    Raises:
        InputError: there is no such folder, or no slide in it.
        CredentialsError: labels are wanted, but this person may not add to the slides.
        ArchiveError: the archive does not answer at first.
        OutputError: the report cannot be written.
        Cancelled: the progress asked to stop; no report is written, but labels may have been added.
    """
    if request.out is not None:
        require_free(request.out)
    session = connect(request.slide.api_url, request.slide.token)
    items, title = _items(session, request)
    if request.slide.labels:
        require_may_add(session, items[0])  # the others lie in the same folder
    reviews: list[SlideReview] = []
    unreviewed: dict[str, str] = {}
    failed: dict[str, str] = {}
    for number, item in enumerate(items):
        progress.advance(0.9 * number / len(items), item.name)
        own = f"{item.name} ({item.id})" if item.name in {*unreviewed, *failed} else item.name
        try:
            reviews += _reviews_of(session, item, request)
        except Cancelled:
            raise
        except NotReviewedError as error:
            unreviewed[own] = _why_unreviewed(error)
        except PathereaError as error:
            log.error("%s: %s", item.name, error)  # noqa: TRY400  the sentence says all
            failed[own] = str(error)
    cohort = Cohort(title, tuple(reviews), unreviewed, failed, Seed(request.slide.seed))
    if request.out is not None:
        progress.advance(0.9, "pictures of cells")
        cells = chosen(tuple(cell for one in reviews for cell in one.examples), request.each)
        shown = review_pictures(session, cells, request.slide.mpp)
        write_reviews(request.out, cohort, shown)
        log.info("the report is %s", request.out / "review.html")
    progress.advance(1.0, "done")
    return cohort


def require_complete(cohort: Cohort) -> None:
    """Raise IncompleteError if a slide failed, and InputError if none was reviewed."""
    if cohort.failed:
        (name, why), *more = cohort.failed.items()
        others = f", and {len(more)} more" if more else ""
        raise IncompleteError(f"slide {name!r} could not be harvested{others}: {why}")
    if not cohort.reviews:
        raise InputError(f"no slide of {cohort.title!r} was reviewed; see the reasons above")


def _why_unreviewed(error: NotReviewedError) -> str:
    if isinstance(error, CorrectionsLeftOutError):
        log.warning("%s", error)
    return str(error)


def _items(session: Session, request: HarvestFolderRequest) -> tuple[tuple[SlideItem, ...], str]:
    if not request.folder_id:
        item = slide_named(session, request.slide.item_id)
        return (item,), item.name
    items = slides_in(session, request.folder_id)
    folder = session.find(f"folder/{request.folder_id}", f"folder {request.folder_id}")
    title = str(folder.get("name", request.folder_id))
    if not items:
        raise InputError(f"folder {title!r} has no slides; its sub-folders are not looked into")
    return items, title


def _reviews_of(
    session: Session, item: SlideItem, request: HarvestFolderRequest
) -> list[SlideReview]:
    """Return the reviews of one slide, and add their labels."""
    slide = remote_slide(session, item, request.slide.mpp)
    return [
        _one_review(session, item, slide, each, request.each)
        for each in _requests(session, item, request)
    ]


def _requests(
    session: Session, item: SlideItem, request: HarvestFolderRequest
) -> Iterator[HarvestRequest]:
    """Yield how each review of a slide is harvested."""
    own = replace(request.slide, item_id=item.id)
    if not request.apart:
        yield own
        return
    for identifier, name in reviewed_names(session, item, own.reviewed):
        labels = f"{own.labels} {name}" if own.labels else ""
        yield replace(own, reviewed=identifier, labels=labels)


def _one_review(
    session: Session, item: SlideItem, slide: RemoteSlide, request: HarvestRequest, each: int
) -> SlideReview:
    with naming(item.name):
        outcome = slide_outcome(session, item, slide, request)
    if request.labels:
        add_labels_once(session, item, outcome, request.labels)
    figures = slide_figures(outcome, item, request)
    return slide_review(
        item.name, item.id, outcome, figures, changed_cells(item.name, item.id, outcome, each)
    )
