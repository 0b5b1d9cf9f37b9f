"""Some of the cells that a reviewer changed, to be looked at: they show what the model gets wrong. Pure."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from patherea_core.evaluation.field import Field
from patherea_core.geometry import Ints
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from plugin.review.changes import KINDS, Changes
from plugin.review.outcome import ReviewOutcome

Shown: TypeAlias = Literal["deleted", "relabelled", "added"]
SHOWN: tuple[Shown, ...] = ("deleted", "relabelled", "added")

#: Radii around a cell of which the other cells are kept; more than a picture shows.
_AROUND = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class ChangedCell:
    """One cell that a reviewer changed, and what lies around it.

    Attributes:
        kind: what was done.
        slide: the name of the slide.
        item: its id.
        x: its position in base pixels, as is ``y``.
        caption: its classes, and how sure the model was.
        sureness: the model's score; a draw between 0 and 1 where it found nothing.
        radius: base pixels within which two positions are one cell.
        around: what the model found and what the reviewer left in its surroundings.
        classes: of these cells.
    """

    kind: Shown
    slide: str
    item: str
    x: float
    y: float
    caption: str
    sureness: float
    radius: float
    around: Field
    classes: Taxonomy


def changed_cells(
    slide: str, item: str, outcome: ReviewOutcome, each: int = 12
) -> tuple[ChangedCell, ...]:
    """Return some cells of a slide that were deleted, relabelled or added.

    The model was surest of those that are shown of the first two kinds; those that it missed are drawn at
    random, from the stream "review" of the seed 0, which depends on the slide.

    Args:
        slide: its name.
        item: its id.
        outcome: the review.
        each: how many of each kind, at the most.
    """
    changes, found = outcome.counted, []
    for kind in SHOWN:
        for row, sure in _surest(changes, kind, item, each):
            x, y = changes.xy[row].tolist()
            found.append(
                ChangedCell(
                    kind=kind,
                    slide=slide,
                    item=item,
                    x=x,
                    y=y,
                    caption=_caption(outcome, changes, row, kind),
                    sureness=sure,
                    radius=outcome.radius,
                    around=_around(outcome, x, y),
                    classes=outcome.taxonomy,
                )
            )
    return tuple(found)


def chosen(cells: tuple[ChangedCell, ...], each: int = 12) -> tuple[ChangedCell, ...]:
    """Return the surest of each kind, at the most so many; the order of the slides changes nothing."""
    found: list[ChangedCell] = []
    for kind in SHOWN:
        own = [cell for cell in cells if cell.kind == kind]
        own.sort(key=lambda cell: (-cell.sureness, cell.item, cell.x, cell.y))
        found += own[:each]
    return tuple(found)


def _surest(changes: Changes, kind: Shown, item: str, each: int) -> list[tuple[int, float]]:
    """Return rows of the changes of a kind, and how sure the model was of each."""
    rows = np.flatnonzero(changes.kind == KINDS.index(kind))
    if kind == "added":
        sure = Seed(0).stream(f"review {item}").random(len(rows))
    else:
        sure = changes.pushed.cells.score[changes.before[rows]]
    order = np.argsort(-sure, kind="stable")[:each]
    return list(zip(rows[order].tolist(), sure[order].tolist(), strict=True))


def _caption(outcome: ReviewOutcome, changes: Changes, row: int, kind: Shown) -> str:
    """Return which class the cell had and has, and the model's score where it has one."""
    names: tuple[str, ...] = (
        *outcome.names.names,
        "",
    )  # the class -1, of what was added or deleted
    before, after = names[int(changes.class_before[row])], names[int(changes.class_after[row])]
    if kind == "added":
        return after
    score = changes.pushed.cells.score[changes.before[row]]
    said = before if kind == "deleted" else f"{before} → {after}"
    return f"{said}, score {score:.2f}"


def _around(outcome: ReviewOutcome, x: float, y: float) -> Field:
    reach = _AROUND * outcome.radius
    pushed, reviewed = outcome.changes.pushed.cells, outcome.changes.reviewed.cells

    def near(xy: np.ndarray) -> Ints:
        return np.flatnonzero(np.abs(xy - (x, y)).max(axis=1) <= reach)

    return Field(
        "review", pushed.take(near(pushed.xy)), reviewed.take(near(reviewed.xy)).as_points()
    )
