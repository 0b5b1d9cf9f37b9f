"""The table of all slides: what it says, how often it is written, and what the next run reads in it."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from patherea_core.errors import InputError
from plugin.many.board import Figures, SlideEntry, State
from plugin.many.table import SummaryTable, sealed_before, table_of

CLASSES = ("positive", "negative")
WAITING = SlideEntry(name="a", path=Path("/s/a.tif"))
DONE = replace(
    WAITING,
    state=State.DONE,
    attempts=2,
    worker="tcp://h:1",
    fraction=1.0,
    figures=Figures(7, 12.5, {"positive": 3, "negative": 40}, 6.04),
    seal="5ea1",
)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines()))


def test_a_row_says_what_has_become_of_a_slide() -> None:
    failed = replace(WAITING, name='b, "c"', state=State.FAILED, message="cut short; fetch it")
    running = replace(WAITING, state=State.RUNNING, fraction=0.375)
    first, second, third = rows_of(table_of([DONE, failed, running], CLASSES))
    assert first == {
        "slide": "a",
        "path": "/s/a.tif",
        "state": "done",
        "attempts": "2",
        "tiles": "7",
        "mm2": "12.5",
        "cells": "43",
        "cells: positive": "3",
        "cells: negative": "40",
        "seconds": "6.0",
        "worker": "h:1",
        "message": "",
        "seal": "5ea1",
    }
    assert (second["slide"], second["state"]) == ('b, "c"', "failed")
    assert (second["message"], second["cells"]) == ("cut short; fetch it", "")
    assert (third["state"], third["message"]) == ("running", "38%")


def test_the_next_run_reads_what_was_done_and_sealed(tmp_path: Path) -> None:
    table = tmp_path / "slides.csv"
    assert sealed_before(table, CLASSES) == {}
    unsealed = replace(DONE, seal="")
    table.write_bytes(table_of([DONE, WAITING, unsealed], CLASSES))
    (found,) = sealed_before(table, CLASSES).values()
    assert found.state is State.DONE_BEFORE
    assert found.figures is not None
    assert found.figures.counts == {"positive": 3, "negative": 40}
    table.write_bytes(table_of([found], CLASSES))
    assert sealed_before(table, CLASSES) == {"5ea1": found}
    table.write_bytes(table.read_bytes().replace(b",43,", b",many,").replace(b",7,", b",x,"))
    assert sealed_before(table, CLASSES) == {}


def test_a_file_that_is_no_such_table_is_not_overwritten(tmp_path: Path) -> None:
    table = tmp_path / "cells.csv"
    table.write_text("image,x,y\n")
    with pytest.raises(InputError, match="is no table of slides"):
        sealed_before(table, CLASSES)


def test_the_table_is_written_when_something_changes_and_once_a_second_at_most(
    tmp_path: Path,
) -> None:
    path, now = tmp_path / "slides.csv", [0.0]
    table = SummaryTable(path, CLASSES, clock=lambda: now[0])

    def states() -> list[str]:
        return [row["state"] for row in rows_of(path.read_bytes())]

    table.show([WAITING])
    assert states() == ["waiting"]
    running = replace(WAITING, state=State.RUNNING)
    now[0] = 0.9
    table.show([running])
    assert states() == ["waiting"]
    now[0] = 1.1
    table.show([running])
    assert states() == ["running"]
    table.show([DONE], now=True)
    assert states() == ["done"]
    path.unlink()
    now[0] = 9.0
    table.show([DONE])
    assert not path.exists()
