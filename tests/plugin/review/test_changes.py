"""What a reviewer did is told from two states of an annotation, by ids or by places."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError
from patherea_core.points import Detections
from plugin.review.changes import KINDS, Changes, compare
from plugin.review.state import State
from tests.builders import detections

RADIUS = 8.0

#: A run on a lattice wide enough that no cell can be taken for another.
LATTICE = [(40.0 * (row % 6), 40.0 * (row // 6), row % 3) for row in range(24)]


def state(
    *rows: tuple[float, float, int], ids: list[str] | None = None, score: float = 0.9
) -> State:
    names = [f"{row:024x}" for row in range(len(rows))] if ids is None else ids
    return State(tuple(names), detections(*rows, score=score))


def kinds(changes: Changes) -> dict[str, int]:
    counts = Counter(KINDS[kind] for kind in changes.kind.tolist())
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def compared(pushed: State, reviewed: State) -> Changes:
    return compare(pushed, reviewed, 3, RADIUS)


def test_what_nobody_touched_is_accepted() -> None:
    changes = compared(state(*LATTICE), state(*LATTICE))
    assert kinds(changes) == {"accepted": 24}
    assert not changes.by_place.any()


def test_each_kind_of_edit_is_told() -> None:
    before = state((0, 0, 0), (40, 0, 0), (80, 0, 1), (120, 0, 1))
    after = State(
        (before.ids[0], before.ids[1], before.ids[2], "new"),
        detections((0, 0, 0), (43, 4, 0), (80, 0, 2), (200, 0, 1)),
    )
    changes = compared(before, after)
    assert [KINDS[kind] for kind in changes.kind] == [
        *("accepted", "moved", "relabelled", "deleted", "added")
    ]
    assert changes.distance[1] == pytest.approx(5.0)
    assert np.isnan(changes.distance[3:]).all()
    assert changes.class_before.tolist() == [0, 0, 1, 1, -1]
    assert changes.class_after.tolist() == [0, 0, 2, -1, 1]
    assert changes.element_ids == (*before.ids[:3], before.ids[3], "new")
    assert changes.xy[3].tolist() == [120, 0]
    assert changes.xy[4].tolist() == [200, 0]


def test_the_rounding_of_a_written_position_is_no_move() -> None:
    changes = compared(state((10.0, 10.0, 0)), state((10.1, 10.0, 0)))
    assert kinds(changes) == {"accepted": 1}
    assert kinds(compared(state((10.0, 10.0, 0)), state((10.2, 10.0, 0)))) == {"moved": 1}


def test_a_cell_that_was_moved_and_relabelled_is_relabelled_and_its_way_is_known() -> None:
    changes = compared(state((0, 0, 0)), state((3, 4, 1)))
    assert kinds(changes) == {"relabelled": 1}
    assert changes.was_moved.tolist() == [True]


def test_a_point_dragged_beyond_the_radius_is_deleted_there_and_added_here() -> None:
    changes = compared(state((0, 0, 0)), state((50, 0, 0)))
    assert kinds(changes) == {"deleted": 1, "added": 1}


def test_a_point_set_anew_beside_a_deleted_one_is_moved() -> None:
    changes = compared(state((0, 0, 0)), state((3, 4, 0), ids=["new"]))
    assert kinds(changes) == {"moved": 1}
    assert changes.by_place.tolist() == [True]


def test_ids_win_over_places() -> None:
    # The two cells were exchanged by dragging; by place nothing would have happened.
    before = state((0, 0, 0), (5, 0, 0))
    after = State(before.ids, detections((5, 0, 0), (0, 0, 0)))
    assert kinds(compared(before, after)) == {"moved": 2}


def test_by_place_the_own_class_goes_before_a_nearer_one_of_another() -> None:
    before = state((0, 0, 0), (6, 0, 1))
    after = state((6, 0, 0), ids=["new"])
    changes = compared(before, after)
    assert kinds(changes) == {"moved": 1, "deleted": 1}


def test_an_id_that_stands_twice_is_followed_once() -> None:
    before = state((0, 0, 0))
    after = State((before.ids[0], before.ids[0]), detections((0, 0, 0), (100, 0, 0)))
    assert kinds(compared(before, after)) == {"accepted": 1, "added": 1}


def test_elements_without_an_id_are_known_by_place() -> None:
    after = state(*LATTICE, ids=[""] * len(LATTICE))
    changes = compared(state(*LATTICE), after)
    assert kinds(changes) == {"accepted": 24}
    assert changes.by_place.all()


def test_nothing_on_either_side_is_no_error() -> None:
    assert kinds(compared(state(), state())) == {}
    assert kinds(compared(state((0, 0, 0)), state())) == {"deleted": 1}
    assert kinds(compared(state(), state((0, 0, 0)))) == {"added": 1}


def test_a_radius_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="radius"):
        compare(state((0, 0, 0)), state((1, 0, 0), ids=["new"]), 3, 0.0)


EDITS = st.lists(st.sampled_from(["keep", "move", "relabel", "delete"]), min_size=24, max_size=24)


def edited(edits: list[str], added: int) -> tuple[State, dict[str, int]]:
    """Return the lattice after some edits, and how many there are of each kind."""
    rows, ids = [], []
    for row, ((x, y, of), edit) in enumerate(zip(LATTICE, edits, strict=True)):
        if edit != "delete":
            shift = 3.0 if edit == "move" else 0.0
            rows.append((x + shift, y, (of + 1) % 3 if edit == "relabel" else of))
            ids.append(f"{row:024x}")
    rows += [(40.0 * number, -100.0, 0) for number in range(added)]
    ids += [f"new {number}" for number in range(added)]
    expected = Counter(
        {
            "accepted": edits.count("keep"),
            "moved": edits.count("move"),
            "relabelled": edits.count("relabel"),
            "deleted": edits.count("delete"),
            "added": added,
        }
    )
    return State(tuple(ids), detections(*rows)), {k: v for k, v in expected.items() if v}


@settings(max_examples=25, deadline=None)
@given(edits=EDITS, added=st.integers(0, 4))
def test_every_edit_is_found_whether_ids_are_kept_or_lost(edits: list[str], added: int) -> None:
    before = state(*LATTICE)
    after, expected = edited(edits, added)
    assert kinds(compared(before, after)) == expected
    lost = State(tuple(f"other {row}" for row in range(len(after))), after.cells)
    assert kinds(compared(before, lost)) == expected


@settings(max_examples=25, deadline=None)
@given(edits=EDITS, added=st.integers(0, 4), order=st.randoms(use_true_random=False))
def test_the_order_of_the_elements_changes_nothing(
    edits: list[str], added: int, order: st.DataObject
) -> None:
    before = state(*LATTICE)
    after, expected = edited(edits, added)
    rows = list(range(len(after)))
    order.shuffle(rows)  # type: ignore[attr-defined]
    shuffled = State(
        tuple(after.ids[row] for row in rows), after.cells.take(np.array(rows, dtype=np.int64))
    )
    assert kinds(compared(before, shuffled)) == expected


@settings(max_examples=25, deadline=None)
@given(edits=EDITS, added=st.integers(0, 4))
def test_every_cell_of_both_states_is_told_of_once(edits: list[str], added: int) -> None:
    after, _ = edited(edits, added)
    changes = compared(state(*LATTICE), after)
    assert sorted(changes.before[changes.before >= 0].tolist()) == list(range(len(LATTICE)))
    assert sorted(changes.after[changes.after >= 0].tolist()) == list(range(len(after)))


def test_a_large_review_takes_seconds() -> None:
    random = np.random.default_rng(0)
    count = 20_000
    xy = random.uniform(0, 8000, (count, 2))
    cells = Detections(xy, random.integers(3, size=count), np.ones(count))
    before = State(tuple(f"{row:024x}" for row in range(count)), cells)
    changes = compared(before, State(("",) * count, cells))
    assert kinds(changes) == {"accepted": count}
