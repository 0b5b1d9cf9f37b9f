"""Progress of a part is progress of the whole."""

import pytest

from patherea_core.errors import Cancelled
from patherea_core.progress import Part, Progress, Silent, in_words
from tests.fakes import RecordingProgress


def test_a_part_reports_its_share_of_the_whole() -> None:
    whole = RecordingProgress()
    part = Part(whole, 0.5, 0.9)
    part.advance(0.0, "begin")
    part.advance(0.5)
    part.advance(1.0, "end")
    assert whole.fractions == pytest.approx([0.5, 0.7, 0.9])
    assert [message for _, message in whole.reports] == ["begin", "", "end"]


def test_a_part_of_a_part_is_a_part() -> None:
    whole = RecordingProgress()
    Part(Part(whole, 0.5, 1.0), 0.5, 1.0).advance(0.5)
    assert whole.fractions == pytest.approx([0.875])


def test_a_wish_to_stop_reaches_the_work_through_parts() -> None:
    with pytest.raises(Cancelled):
        Part(RecordingProgress(stop_at=0.5), 0.0, 0.5).advance(1.0)


def test_nobody_need_listen() -> None:
    silent: Progress = Silent()
    silent.advance(0.5, "half")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "5 s"),
        (3, "5 s"),
        (18, "20 s"),
        (44, "45 s"),
        (57.4, "55 s"),
        (57.6, "1 min"),
        (89, "1 min"),
        (91, "2 min"),
        (5900, "98 min"),
        (7300, "2 h"),
        (90000, "25 h"),
    ],
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
