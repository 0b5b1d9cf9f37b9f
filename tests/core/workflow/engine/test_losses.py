"""Sums of loss terms are the means of what was noted, bounded in number, and can be kept."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.objective.hybrid import LossTerms
from patherea_core.workflow.engine.losses import TERMS, LossRecord


def terms(total: float) -> LossTerms:
    """Return terms that are multiples of the loss."""
    return LossTerms(*(torch.tensor(total * part) for part in range(1, 6)))


def noted(record: LossRecord, losses: list[float]) -> None:
    for number, loss in enumerate(losses):
        record.note(terms(loss), step=number + 1, learning_rate=0.5)


def test_the_recent_mean_is_that_since_the_last_validation() -> None:
    record = LossRecord()
    assert record.recent() == {}
    noted(record, [1.0, 3.0])
    assert list(record.recent()) == list(TERMS)
    assert record.recent()["loss"] == 2.0
    assert record.recent()["one_to_one_regression"] == 6.0
    record.forget_recent()
    noted(record, [7.0])
    assert record.recent()["loss"] == 7.0


@given(st.integers(1, 5000))
def test_there_are_at_most_a_thousand_rows(batches: int) -> None:
    record = LossRecord()
    record.plan(batches)
    length = -(-batches // 1000)
    noted(record, [float(batch % length) for batch in range(min(batches, 3 * length))])
    rows = record.gather()
    assert batches // length <= 1000
    assert len(rows) == min(batches, 3 * length) // length
    assert all(row["loss"] == (length - 1) / 2 for row in rows)
    assert [row["step"] for row in rows] == [length * (row + 1) for row in range(len(rows))]


def test_only_what_is_new_is_gathered() -> None:
    record = LossRecord()
    noted(record, [1.0])
    assert len(record.gather()) == 1
    assert record.gather() == []
    noted(record, [2.0, 3.0])
    assert [row["loss"] for row in record.gather()] == [2.0, 3.0]
    assert [row["loss"] for row in record.rows] == [1.0, 2.0, 3.0]


def test_means_are_brought_together_with_those_of_other_processes() -> None:
    record = LossRecord()
    noted(record, [1.0, 3.0])
    assert record.recent(lambda mean: mean + 1)["loss"] == 3.0
    assert [row["loss"] for row in record.gather(lambda means: means + 1)] == [2.0, 4.0]


def test_a_record_goes_on_from_what_was_kept() -> None:
    whole, first, second = LossRecord(), LossRecord(), LossRecord()
    losses = [0.1 * number for number in range(1, 2700)]
    for record in (whole, first, second):
        record.plan(2700)
    noted(whole, losses)
    whole.gather()
    noted(first, losses[:1000])
    first.gather()
    second.resume(first.state())
    for number, loss in enumerate(losses[1000:], start=1000):
        second.note(terms(loss), step=number + 1, learning_rate=0.5)
    second.gather()
    assert second.state() == whole.state()
