"""The reviews of many slides: their sum, who did what, and which cells are shown."""

import random
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.seeding import Seed
from plugin.review.changes import KINDS
from plugin.review.cohort import Cohort, Pooled, SlideReview, by_reviewer, pooled, slide_review
from plugin.review.cohort_table import cohort_figures, cohort_table
from plugin.review.examples import SHOWN, changed_cells, chosen
from plugin.review.outcome import ReviewOutcome, ReviewSettings, outcome_of
from plugin.review.reading import ReviewedRun
from plugin.review.sittings import PAUSE, Save, Sitting, sittings_of

CLASSES = ("positive", "negative")


def sitting(login: str = "ann", worked: float = 60.0) -> Sitting:
    save = Save("state", 2, login, "2026-01-03T00:01:00+00:00", first=False)
    return Sitting(login, "2026-01-03T00:00:00+00:00", save.time, 2, "annotation", save, worked)


def element(number: int, x: float, group: str, score: float = 0.5) -> dict[str, Any]:
    user = {"p": score, "c": group}
    return {
        "type": "point",
        "id": f"{number:024x}",
        "center": [x, 10.0, 0],
        "group": group,
        "user": user,
    }


def outcome(actions: str, *sittings: Sitting) -> ReviewOutcome:
    """Return a review of a cell for each letter: accepted, relabelled, deleted, and n for a new one."""
    pushed, left = [], []
    for number, action in enumerate(actions, start=1):
        cell = element(number, 20.0 * number, CLASSES[number % 2], number / 100)
        pushed += [cell] if action != "n" else []
        group = CLASSES[(number + 1) % 2] if action == "r" else cell["group"]
        left += [{**cell, "group": group}] if action != "d" else []
    run = ReviewedRun(
        run_id="run",
        about={"classes": CLASSES, "model": "model"},
        pushed=(document(pushed),),
        reviewed=(document(left),),
        sittings=sittings,
        touched={},
    )
    reading = ReviewSettings(radius=8, assumed="looked", side=100, mapping={}, seed=Seed(0))
    return outcome_of(run, [], shapely.box(0, 0, 1000, 100), 0.25, reading)


def document(elements: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "_id": "annotation",
        "_version": 2,
        "updated": "",
        "annotation": {"name": "cells", "elements": elements},
    }


def review(item: str, actions: str, *sittings: Sitting) -> SlideReview:
    found = outcome(actions, *sittings)
    return slide_review(f"{item}.tif", item, found, {}, changed_cells(f"{item}.tif", item, found))


def summary(total: Pooled) -> dict[str, Any]:
    kinds = dict(zip(total.classes.names, total.kinds.tolist(), strict=True))
    counts = dict(zip(total.classes.names, total.scores.counts.per_class, strict=True))
    return {"kinds": kinds, "counts": counts, "any": total.scores.counts.any_class}


@settings(max_examples=12, deadline=None)
@given(st.lists(st.text("ardn", min_size=1, max_size=6), min_size=1, max_size=5), st.randoms())
def test_the_order_of_slides_does_not_matter_to_their_sum(
    slides: list[str], order: random.Random
) -> None:
    reviews = [review(str(number), actions) for number, actions in enumerate(slides)]
    shuffled = order.sample(reviews, len(reviews))
    first, second = (pooled(Cohort("all", tuple(some))) for some in (reviews, shuffled))
    assert summary(first) == summary(second)
    assert int(first.kinds.sum()) == sum(map(len, slides))
    np.testing.assert_array_equal(
        first.given.sum(), sum(s.count("a") + s.count("r") for s in slides)
    )


def test_two_reviews_of_one_slide_are_one_group_of_the_bootstrap() -> None:
    same = Cohort("all", (review("1", "aad"), review("1", "aan")))
    two = Cohort("all", (review("1", "aad"), review("2", "aan")))
    assert not pooled(same).scores.bootstrapped
    assert pooled(two).scores.bootstrapped
    assert pooled(same).scores.counts == pooled(two).scores.counts


def test_time_is_told_for_the_cells_of_slides_whose_saves_tell() -> None:
    timed, untimed = review("1", "aaad", sitting(worked=120)), review("2", "aaaa")
    total = pooled(Cohort("all", (timed, untimed)))
    assert timed.minutes_per_100 == total.minutes_per_100 == pytest.approx(50)
    assert untimed.minutes_per_100 is None


def test_changes_on_several_slides_add_up_for_each_person() -> None:
    reviews = (
        review("1", "ard", sitting("ann")),
        review("2", "dn", sitting("bob")),
        review("3", "nn", sitting("ann")),
    )
    ann, bob = by_reviewer(reviews)
    assert dict(zip(KINDS, ann.changed, strict=True)) == {
        "accepted": 0,
        "moved": 0,
        "relabelled": 1,
        "deleted": 1,
        "added": 2,
    }
    assert (bob.reviewer, sum(bob.changed)) == ("bob", 2)
    assert ann.seconds == 120


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=8))
def test_work_is_the_time_between_saves_without_pauses(gaps: list[int]) -> None:
    minutes = np.cumsum(gaps)
    saves = [
        Save(
            "s",
            row,
            "ann",
            f"2026-01-01T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}+00:00",
            first=False,
        )
        for row, at in enumerate(minutes.tolist())
    ]
    (found,) = sittings_of(saves, "annotation", {})
    assert found.worked == sum(gap for gap in gaps[1:] if gap <= PAUSE)


def test_times_that_are_none_count_for_nothing() -> None:
    saves = [Save("s", row, "ann", text, first=False) for row, text in enumerate(("", "yesterday"))]
    assert sittings_of(saves, "annotation", {})[0].worked == 0


def test_cells_are_shown_of_which_the_model_was_surest_whatever_the_order_of_slides() -> None:
    cells = [*review("1", "dddrn").examples, *review("2", "ddnnr").examples]
    first = chosen(tuple(cells), each=2)
    assert first == chosen(tuple(cells[::-1]), each=2)
    for kind in SHOWN:
        shown = [cell.sureness for cell in first if cell.kind == kind]
        assert shown == sorted((c.sureness for c in cells if c.kind == kind), reverse=True)[:2]


def test_captions_name_the_classes_and_how_sure_the_model_was() -> None:
    captions = {cell.kind: cell.caption for cell in review("1", "rdn").examples}
    assert captions == {
        "relabelled": "negative → positive, score 0.01",
        "deleted": "positive, score 0.02",
        "added": "negative",
    }


def test_the_table_names_what_took_no_part_and_pooled_models() -> None:
    plain = outcome("aad")
    other = slide_review("2.tif", "2", plain, {}, ())
    object.__setattr__(other, "model", "another")
    cohort = Cohort("all", (review("1", "aan"), other), {"3.tif": "no run"}, {"4.tif": "broken"})
    table = cohort_table(cohort)
    for words in ("Not reviewed: 3.tif: no run", "Failed: 4.tif: broken", "by 2 models"):
        assert words in table
    assert cohort_figures(Cohort("none", ()))["pooled"] is None
    assert (
        cohort_table(Cohort("none", (), {"3.tif": "no run"})).strip()
        == "Not reviewed: 3.tif: no run"
    )
