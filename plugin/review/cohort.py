"""The reviews of many slides: what of each counts for all of them, and their sum. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.scores import ClassCounts
from patherea_core.geometry import Ints
from patherea_core.seeding import Seed
from patherea_core.taxonomy import CellClass, Taxonomy
from plugin.review.changes import KINDS
from plugin.review.examples import ChangedCell
from plugin.review.outcome import ReviewOutcome
from plugin.review.tally import ReviewScores, kind_counts, relabellings, review_scores


@dataclass(frozen=True, slots=True)
class ReviewerShare:
    """What one person did on one slide.

    Attributes:
        reviewer: the login; empty if it is not known.
        changed: (5,) how many cells of each of ``KINDS``; accepted ones are nobody's.
        seconds: between saves, without pauses.
        begun: the first save, in ISO form; empty if it is not known.
        ended: the last one.
    """

    reviewer: str
    changed: tuple[int, ...]
    seconds: float
    begun: str
    ended: str


@dataclass(frozen=True, slots=True, eq=False)
class SlideReview:
    """One review of one slide, without its cells.

    Attributes:
        slide: the name of the slide.
        item: its id.
        annotation: what was reviewed.
        model: its name, with the first digits of its weights' digest.
        classes: T of them, with their colours.
        kinds: (T, 5) how many cells of each class there are of each of ``KINDS``.
        given: (T, T) how many cells of each class of the model the reviewer gave each class.
        scores: in the reviewers' eyes.
        square_millimetres: how much was reviewed.
        basis: why that counts as reviewed.
        shares: what each reviewer did.
        notes: what a person must know of it.
        figures: everything, ready for JSON.
        examples: some changed cells, with their surroundings.
    """

    slide: str
    item: str
    annotation: str
    model: str
    classes: Taxonomy
    kinds: Ints
    given: Ints
    scores: ReviewScores
    square_millimetres: float
    basis: str
    shares: tuple[ReviewerShare, ...]
    notes: tuple[str, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[ChangedCell, ...] = ()

    @property
    def cells(self) -> int:
        """How many cells the reviewers left or deleted."""
        return int(self.kinds.sum())

    @property
    def seconds(self) -> float | None:
        """How long people worked on it at the least; None if the saves do not tell."""
        return sum(share.seconds for share in self.shares) or None

    @property
    def minutes_per_100(self) -> float | None:
        """Minutes that 100 cells took at the least; None if the saves do not tell."""
        return minutes_per_100(self.seconds, self.cells)


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """The reviews of many slides.

    Attributes:
        title: what holds the slides.
        reviews: in the order of the slides.
        unreviewed: why a slide takes no part, by its name; nothing is wrong with it.
        failed: what went wrong, by the name of the slide.
        seed: root of the intervals.
    """

    title: str
    reviews: tuple[SlideReview, ...]
    unreviewed: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    seed: Seed = field(default_factory=lambda: Seed(0))


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """All reviews of a cohort together, over the classes of any of them; T in all.

    Attributes:
        classes: in the order in which the reviews have them.
        kinds: (T, 5), as in ``SlideReview``.
        given: (T, T), likewise.
        scores: of all cells, with intervals of a bootstrap over slides where there are several.
        seconds: how long people worked at the least; None if no saves tell.
        minutes_per_100: on the slides whose saves tell.
    """

    classes: Taxonomy
    kinds: Ints
    given: Ints
    scores: ReviewScores
    seconds: float | None
    minutes_per_100: float | None


def slide_review(
    slide: str,
    item: str,
    outcome: ReviewOutcome,
    figures: Mapping[str, Any],
    examples: Sequence[ChangedCell],
) -> SlideReview:
    """Return what of a review counts for the cohort.

    Args:
        slide: its name.
        item: its id.
        outcome: the review.
        figures: of the review, ready for JSON.
        examples: some of its changed cells.
    """
    count, counted = len(outcome.names.names), outcome.counted
    return SlideReview(
        slide=slide,
        item=item,
        annotation=", ".join(one.name for one in outcome.run.annotations),
        model=outcome.model,
        classes=outcome.taxonomy,
        kinds=kind_counts(counted, count),
        given=relabellings(counted, count),
        scores=outcome.scores,
        square_millimetres=outcome.square_millimetres,
        basis=outcome.areas.basis,
        shares=_shares(outcome),
        notes=outcome.notes,
        figures=figures,
        examples=tuple(examples),
    )


def pooled(cohort: Cohort) -> Pooled:
    """Return the sum of all reviews; several of one slide are one in the intervals' draws."""
    classes = _all_classes(cohort.reviews)
    rows = {name: row for row, name in enumerate(classes.names)}
    count = len(classes)
    kinds = np.zeros((count, len(KINDS)), dtype=np.int64)
    given = np.zeros((count, count), dtype=np.int64)
    by_slide: dict[str, ClassCounts] = {}
    for one in cohort.reviews:
        at = [rows[name] for name in one.classes.names]
        kinds[at] += one.kinds
        given[np.ix_(at, at)] += one.given
        sum_of_slide = by_slide.get(one.item, ClassCounts.none(count))
        by_slide[one.item] = sum_of_slide + _widened(one.scores.counts, at, count)
    scores = review_scores(tuple(by_slide.values()), count, cohort.seed)
    if len(cohort.reviews) == 1:
        scores = cohort.reviews[0].scores
    timed = [one for one in cohort.reviews if one.seconds is not None]
    seconds = sum(one.seconds or 0.0 for one in timed) or None
    rate = minutes_per_100(seconds, sum(one.cells for one in timed))
    return Pooled(classes, kinds, given, scores, seconds, rate)


def by_reviewer(reviews: Sequence[SlideReview]) -> tuple[ReviewerShare, ...]:
    """Return what each person did on all slides together, by their logins."""
    own: defaultdict[str, list[ReviewerShare]] = defaultdict(list)
    for one in reviews:
        for share in one.shares:
            own[share.reviewer].append(share)
    return tuple(
        ReviewerShare(
            name,
            tuple(map(sum, zip(*(share.changed for share in shares), strict=True))),
            sum(share.seconds for share in shares),
            min(share.begun for share in shares),
            max(share.ended for share in shares),
        )
        for name, shares in sorted(own.items())
    )


def minutes_per_100(seconds: float | None, cells: int) -> float | None:
    """Return the minutes that 100 cells took; None if no time is known, or there is no cell."""
    return None if seconds is None or not cells else seconds / 60 / cells * 100


def _shares(outcome: ReviewOutcome) -> tuple[ReviewerShare, ...]:
    counted = outcome.counted
    changed = counted.take(counted.kind > 0)
    numbers: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(KINDS))
    for element, kind in zip(changed.element_ids, changed.kind.tolist(), strict=True):
        sitting = outcome.sitting_of(element)
        numbers[sitting.reviewer if sitting else ""][kind] += 1
    sittings = outcome.run.sittings
    return tuple(
        ReviewerShare(
            name,
            tuple(numbers[name]),
            sum(one.worked for one in sittings if one.reviewer == name),
            min((one.begun for one in sittings if one.reviewer == name), default=""),
            max((one.ended for one in sittings if one.reviewer == name), default=""),
        )
        for name in sorted({*numbers, *(one.reviewer for one in sittings)})
    )


def _all_classes(reviews: Sequence[SlideReview]) -> Taxonomy:
    found: dict[str, CellClass] = {}
    for one in reviews:
        for cell_class in one.classes.classes:
            found.setdefault(cell_class.name, cell_class)
    return Taxonomy(tuple(found.values()))


def _widened(counts: ClassCounts, rows: Sequence[int], count: int) -> ClassCounts:
    """Return the counts of some classes as those of all, at the given rows."""
    per_class = [Counts(0, 0, 0)] * count
    for row, found in zip(rows, counts.per_class, strict=True):
        per_class[row] = found
    return ClassCounts(tuple(per_class), counts.any_class)
