"""All that a harvest knows of one reviewed run, ready to be shown, written and learnt from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from patherea_core.geometry import Ints
from patherea_core.regions import Outline
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import AnnotationIdentity
from plugin.review.areas import Assumed, ReviewedAreas, changed_areas, drawn_areas, looked_areas
from plugin.review.changes import Changes, compare
from plugin.review.naming import ClassNames, class_names
from plugin.review.reading import ReviewedRun
from plugin.review.sittings import Sitting
from plugin.review.state import Marks, marks_of
from plugin.review.tally import ReviewScores, area_counts, review_scores

#: Square millimetres above which nobody wants all that is assumed to be reviewed in a dataset.
_LARGE = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSettings:
    """How a review is read.

    Attributes:
        radius: base pixels within which two positions are one cell (r).
        assumed: what counts as reviewed where nobody drew a region.
        side: of the squares around changes, in base pixels.
        mapping: what groups are to be taken for.
        seed: root of the intervals.
    """

    radius: float
    assumed: Assumed
    side: float
    mapping: Mapping[str, str]
    seed: Seed


@dataclass(frozen=True, slots=True, eq=False)
class ReviewOutcome:
    """What became of the cells of a run, and how good it was.

    Attributes:
        run: before and after.
        names: the classes.
        colours: of classes, where the annotations say.
        areas: where all cells were reviewed.
        changes: of every cell, also of those outside of the reviewed areas.
        owner: (C,) the area that each cell lies in, -1 for none.
        scores: in the reviewer's eyes.
        radius: base pixels within which two positions are one cell.
        mpp: micrometres per base pixel.
        passed_over: what stands in the reviewed annotations and is no point, in a sentence.
        used_up: the annotations that tell what was reviewed, and hold no labels of their own besides.
    """

    run: ReviewedRun
    names: ClassNames
    colours: Mapping[str, str]
    areas: ReviewedAreas
    changes: Changes
    owner: Ints
    scores: ReviewScores
    radius: float
    mpp: float
    passed_over: tuple[str, ...] = ()
    used_up: tuple[AnnotationIdentity, ...] = ()

    @property
    def taxonomy(self) -> Taxonomy:
        """The classes with the colours that the annotations give them."""
        return Taxonomy.of(self.names.names, self.colours)

    @property
    def reviewed_by_anybody(self) -> bool:
        """Whether somebody saved or changed what was pushed, or drew what was reviewed."""
        changed = bool((self.changes.kind > 0).any())
        return bool(self.run.sittings) or changed or self.areas.basis == "drawn"

    @property
    def model(self) -> str:
        """The model's name with the first digits of its weights' digest; empty if the run says none."""
        said = self.run.about.get("model") or ""
        if not isinstance(said, Mapping):
            return str(said)
        name, digest = str(said.get("name") or ""), str(said.get("weights_sha256") or "")
        return f"{name} ({digest[:8]})" if digest else name

    @property
    def counted(self) -> Changes:
        """The cells inside of the reviewed areas."""
        return self.changes.take(self.owner >= 0)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person must know of it."""
        own = (*self._warning_of_hidden_cells, *self._warning_of_size)
        return (*self.names.notes, *self.areas.notes, *self.passed_over, *own)

    @property
    def square_millimetres(self) -> float:
        """How much was reviewed."""
        return self.areas.area * (self.mpp / 1000) ** 2

    @property
    def _warning_of_hidden_cells(self) -> tuple[str, ...]:
        if self.areas.basis == "drawn":
            return ()
        return tuple(
            f"Annotation {one['annotation'].get('name')!r} is hidden in the viewer, and its cells count as"
            " reviewed all the same; draw regions around what was, and name them with --regions."
            for one in self.run.reviewed
            if (one["annotation"].get("display") or {}).get("visible") is False
        )

    @property
    def _warning_of_size(self) -> tuple[str, ...]:
        if self.areas.basis == "drawn" or self.square_millimetres <= _LARGE:
            return ()
        return (
            f"The labels cover {self.square_millimetres:.0f} mm², glass included, all of which a dataset "
            "would hold; draw regions around what was reviewed.",
        )

    def sitting_of(self, element: str) -> Sitting | None:
        """Return in which sitting an element was changed; None if that is not known."""
        alone = self.run.sittings[0] if len(self.run.sittings) == 1 else None
        return self.run.touched.get(element, alone)


def outcome_of(
    run: ReviewedRun,
    regions: Sequence[Outline],
    looked: Outline,
    mpp: float,
    settings: ReviewSettings,
) -> ReviewOutcome:
    """Return what became of a run.

    Args:
        run: before and after.
        regions: that people drew around what they reviewed; none if nobody did.
        looked: where the model looked, in base pixels.
        mpp: micrometres per base pixel.
        settings: how to read the review.

    Raises:
        InputError: the model looked at none of the regions, or the radius is none.
        AnnotationError: a point cannot serve, or nothing says what was reviewed.
        TaxonomyError: a group is to be renamed that nobody wrote.
    """
    before, after = marks_of(run.pushed), marks_of(run.reviewed)
    names = class_names(run.classes, (*before.names, *after.names), settings.mapping)
    classes = len(names.names)
    changes = compare(names.state(before), names.state(after), classes, settings.radius)
    areas = _areas(regions, looked, changes, settings)
    owner = areas.owners(changes.xy)
    lost = (owner < 0) & changes.kept
    # A cell that was dragged over the edge belongs where the model saw it.
    owner[lost] = areas.owners(changes.pushed.cells.xy[changes.before[lost]])
    counts = area_counts(changes, owner, len(areas.outlines), classes)
    colours = {names.meaning[group]: colour for group, colour in before.colours.items()}
    return ReviewOutcome(
        run=run,
        names=names,
        colours=colours,
        areas=areas,
        changes=changes,
        owner=owner,
        scores=review_scores(counts, classes, settings.seed),
        radius=settings.radius,
        mpp=mpp,
        passed_over=_passed_over(after),
    )


def _passed_over(reviewed: Marks) -> tuple[str, ...]:
    if not reviewed.others:
        return ()
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(reviewed.others.items()))
    return (
        f"Only points are cells; other elements of the reviewed annotations are passed over: {kinds}.",
    )


def _areas(
    regions: Sequence[Outline], looked: Outline, changes: Changes, settings: ReviewSettings
) -> ReviewedAreas:
    if regions:
        return drawn_areas(regions, looked)
    if settings.assumed == "looked":
        return looked_areas(looked)
    return changed_areas(changes, looked, settings.side)
