"""Progress as the archive and a person read it."""

import io
import re

import pytest

from patherea_core.errors import Cancelled
from plugin.progress import SlicerProgress, StopSignal, TerminalProgress


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def reported(text: str) -> list[float]:
    return [float(value) for value in re.findall("<filter-progress>(.*)</filter-progress>", text)]


def test_progress_is_reported_at_most_twice_a_second(clock: Clock) -> None:
    stream = io.StringIO()
    with SlicerProgress("Detect cells", StopSignal(), stream, clock) as progress:
        for step in range(1000):
            clock.now = step / 100
            progress.advance(step / 1000)
    assert 19 <= len(reported(stream.getvalue())) <= 21


def test_the_end_is_reported_however_soon_it_comes(clock: Clock) -> None:
    stream = io.StringIO()
    with SlicerProgress("Detect cells", StopSignal(), stream, clock) as progress:
        progress.advance(0.0)
        progress.advance(1.0)
    assert reported(stream.getvalue()) == [0, 1]


def test_letters_that_are_not_ascii_take_their_nearest_form(clock: Clock) -> None:
    stream = io.StringIO()
    with SlicerProgress("detect", StopSignal(), stream, clock) as progress:
        progress.advance(0.5, "Präparat: 1.5 of 2 mm² at 0.5 µm, 細胞")
    assert "<filter-comment>Praparat: 1.5 of 2 mm2 at 0.5 um, ??</" in stream.getvalue()


def test_every_line_is_one_ascii_tag_of_the_known_form(clock: Clock) -> None:
    stream = io.StringIO()
    with SlicerProgress("Zellen <zählen> & mehr", StopSignal(), stream, clock) as progress:
        for step, message in enumerate(["µm\nsecond line", "<filter-progress>", "", "a & b"]):
            clock.now += 1
            progress.advance(step / 3, message)
    text = stream.getvalue()
    assert text.isascii()
    tag = r"<(filter-[a-z]+)>[^<>]*</\1>"
    alone = r"</?filter-(start|end)>"
    assert all(re.fullmatch(f"{tag}|{alone}", line) for line in text.splitlines())
    assert text.count("<filter-start>") == text.count("</filter-end>") == 1


@pytest.mark.parametrize(
    "fraction", [-1.0, 0.0, 0.5, 1.0, 1.0000001, 7.0, float("nan"), float("inf")]
)
def test_a_fraction_is_a_number_from_0_to_1_or_not_reported(fraction: float, clock: Clock) -> None:
    stream = io.StringIO()
    SlicerProgress("x", StopSignal(), stream, clock).advance(fraction)
    assert all(0 <= value <= 1 for value in reported(stream.getvalue()))


def test_the_archives_own_reader_understands_the_tags(clock: Clock) -> None:
    stream = io.StringIO()
    with SlicerProgress("Detect cells", StopSignal(), stream, clock) as progress:
        progress.advance(0.25, "reading slide")
    text = stream.getvalue()
    # The reader takes away what these patterns match and forwards the rest to the job's log.
    for pattern in (
        r"<filter-start>.*</filter-start>\s*",
        r"<filter-end>.*</filter-end>\s*",
        r"<filter-progress>([^<]*)</filter-progress>\s*",
        r"<filter-comment>([^<]*)</filter-comment>\s*",
    ):
        text = re.sub(pattern, "", text, flags=re.DOTALL)
    assert text == ""


def test_the_next_report_after_a_request_to_stop_raises(clock: Clock) -> None:
    stop = StopSignal()
    slicer = SlicerProgress("x", stop, io.StringIO(), clock)
    terminal = TerminalProgress("x", stop, io.StringIO())
    slicer.advance(0.1)
    stop._note(15, None)
    assert stop.requested
    for progress in (slicer, terminal):
        with pytest.raises(Cancelled, match="stopped on request"):
            progress.advance(0.2)


def test_a_second_interrupt_does_not_wait() -> None:
    stop = StopSignal()
    stop._note(2, None)
    with pytest.raises(KeyboardInterrupt):
        stop._note(2, None)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_bar_of_a_terminal_appears_with_the_first_report() -> None:
    stream = Terminal()
    with TerminalProgress("train", StopSignal(), stream) as progress:
        assert stream.getvalue() == ""
        progress.advance(0.5, "epoch 1")
        progress.advance(1.0)
    assert "train" in stream.getvalue()


@pytest.mark.parametrize("kind", [Terminal, io.StringIO])
def test_the_whole_ends_the_bar(kind: type[io.StringIO]) -> None:
    stream = kind()
    with TerminalProgress("detect", StopSignal(), stream) as progress:
        progress.advance(0.5, "half")
        progress.advance(1.0, "all of it")
        ended = stream.getvalue()
        progress.advance(1.0, "and again")
    assert ended.endswith("\n")
    assert "all of it" in ended
    assert stream.getvalue() == ended


@pytest.mark.parametrize("kind", [Terminal, io.StringIO])
def test_a_hundred_percent_are_told_only_of_the_whole(kind: type[io.StringIO]) -> None:
    stream = kind()
    with TerminalProgress("detect", StopSignal(), stream) as progress:
        progress.advance(0.999)
    assert " 99%" in stream.getvalue()
    assert "100%" not in stream.getvalue()


def test_a_stream_that_is_no_terminal_gets_a_line_now_and_then(clock: Clock) -> None:
    stream = io.StringIO()
    with TerminalProgress("detect", StopSignal(), stream, clock) as progress:
        for second in range(96):
            clock.now = float(second)
            progress.advance(second / 200, f"{second}\nof 200")
    lines = stream.getvalue().splitlines()
    assert "\r" not in stream.getvalue()
    assert lines[:2] == ["detect   0% 00:00, 0 of 200", "detect   5% 00:10, 10 of 200"]
    assert lines[-1] == "detect  47% 01:35, 95 of 200"  # the last, however soon after another
    assert len(lines) == 11


def test_a_line_that_was_written_is_not_written_again_at_the_end(clock: Clock) -> None:
    stream = io.StringIO()
    with TerminalProgress("detect", StopSignal(), stream, clock) as progress:
        progress.advance(0.5, "half")
    assert stream.getvalue() == "detect  50% 00:00, half\n"
