"""What becomes of slides: who is next, who is tried again, and who is given up."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.many.board import Board, Figures, Outcome, SlideEntry, State

DONE = Outcome(State.DONE, figures=Figures(2, 0.5, {"a": 3, "b": 4}, 1.0))
PASSING = Outcome(State.FAILED, "the drive is away", may_pass=True)
FINAL = Outcome(State.FAILED, "no such class")
UNSEEN = Outcome(State.FAILED, "it is not there", may_pass=True, elsewhere=True)


def entries(count: int) -> list[SlideEntry]:
    return [SlideEntry(name=f"s{row}", path=Path(f"s{row}.tif")) for row in range(count)]


def attempt(board: Board, outcome: Outcome, worker: str = "w") -> int:
    row = board.next_for(worker, {worker})
    assert row is not None
    board.begun(row, worker)
    board.ended(row, outcome)
    return row


def test_slides_are_taken_in_their_order_and_each_once() -> None:
    board = Board(entries(3), retries=0)
    assert [attempt(board, DONE) for _ in range(3)] == [0, 1, 2]
    assert board.next_for("w", {"w"}) is None
    assert not board.open
    assert board.totals == (1.5, 21)


def test_slides_that_were_done_before_are_not_taken() -> None:
    first, second = entries(2)
    done = SlideEntry(name="x", path=first.path, state=State.DONE_BEFORE, figures=DONE.figures)
    board = Board([done, second], retries=0)
    assert board.next_for("w", {"w"}) == 1
    assert board.totals == (0.5, 7)


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (2, 3)])
def test_what_may_pass_is_tried_again_so_many_times(retries: int, attempts: int) -> None:
    board = Board(entries(1), retries)
    for _ in range(attempts):
        assert board.open
        attempt(board, PASSING)
    (slide,) = board.slides
    assert not board.open
    assert (slide.state, slide.attempts, slide.message) == (State.FAILED, attempts, PASSING.message)


def test_what_cannot_pass_is_tried_once() -> None:
    board = Board(entries(1), retries=5)
    attempt(board, FINAL)
    assert board.slides[0].attempts == 1
    assert board.count(State.FAILED) == 1


def test_a_slide_that_is_tried_again_lets_others_go_first() -> None:
    board = Board(entries(2), retries=1)
    assert [attempt(board, outcome) for outcome in (PASSING, DONE, DONE)] == [0, 1, 0]
    assert board.slides[0].message == ""


def test_tiles_that_could_not_be_read_are_kept_for_the_table() -> None:
    board = Board(entries(1), retries=1)
    attempt(board, Outcome(State.INCOMPLETE, "1 of 2", DONE.figures, may_pass=True))
    attempt(board, PASSING)
    assert board.slides[0].figures == DONE.figures
    assert board.totals == (0.5, 7)


def test_a_slide_that_one_worker_does_not_see_goes_to_another_one() -> None:
    board, both = Board(entries(1), retries=5), {"blind", "sighted"}
    row = board.next_for("blind", both)
    assert row == 0
    board.begun(row, "blind")
    board.ended(row, UNSEEN)
    assert board.next_for("blind", both) is None
    assert board.next_for("blind", {"blind"}) == 0  # there is no other one any more
    board = Board(entries(1), retries=5)
    attempt(board, UNSEEN, "blind")
    assert board.next_for("sighted", both) == 0


def test_reports_of_an_attempt_that_is_over_say_nothing() -> None:
    board = Board(entries(1), retries=1)
    attempt(board, PASSING)
    board.told(0, 1, 0.9)
    assert board.slides[0].state is State.WAITING
    board.begun(0, "w")
    board.told(0, 1, 0.9)
    assert board.slides[0].fraction == 0
    board.told(0, 2, 0.3)
    assert board.slides[0].fraction == 0.3


def test_what_was_stopped_waits() -> None:
    board = Board(entries(2), retries=0)
    attempt(board, DONE)
    board.begun(1, "w")
    board.stopped()
    assert [slide.state for slide in board.slides] == [State.DONE, State.WAITING]


@given(st.lists(st.sampled_from([DONE, PASSING, FINAL, UNSEEN]), max_size=40), st.integers(0, 3))
def test_every_slide_ends_and_is_counted_once(outcomes: list[Outcome], retries: int) -> None:
    board = Board(entries(5), retries)
    for outcome in [*outcomes, *[DONE] * 20]:
        if not board.open:
            break
        attempt(board, outcome)
    assert not board.open
    assert all(slide.attempts <= retries + 1 for slide in board.slides)
    counted = Counter(slide.state for slide in board.slides)
    assert all(board.count(state) == counted[state] for state in State)
    done = [slide.figures.cells for slide in board.slides if slide.figures is not None]
    assert board.totals[1] == sum(done)
