"""A count that the archive takes in part only says what is there."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from patherea_core.errors import ArchiveError
from patherea_core.progress import Silent
from plugin.commands import ki67_adding
from plugin.commands.ki67_adding import Titles, add_count
from plugin.commands.ki67_in_files import Ki67InFilesRequest, run
from plugin.commands.ki67_outputs import Ki67Outputs
from plugin.dsa.items import SlideItem
from plugin.dsa.session import Session
from plugin.index.report import Ki67Report
from tests.plugin.commands.test_ki67_in_files import write_cells, write_regions


class Archive:
    """Takes so many things, and then nothing any more."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.has: list[str] = []

    def take(self, name: str) -> None:
        if len(self.has) == self.takes:
            raise ArchiveError("the archive is full")
        self.has.append(name)

    def add(self, monkeypatch: pytest.MonkeyPatch, report: Ki67Report, files: Ki67Outputs) -> None:
        def post(_: Session, __: str, document: Mapping[str, Any]) -> None:
            self.take(str(document["name"]))

        monkeypatch.setattr(ki67_adding, "post_annotation", post)
        monkeypatch.setattr(ki67_adding, "_note", lambda *_: self.take("metadata"))
        item = SlideItem(id="0" * 24, name="slide.svs", file_id="1" * 24)
        titles = Titles("Ki-67 index", report.run_id)
        add_count(cast(Session, self), item, report, titles, surface=True, files=files)


@pytest.fixture(name="report")
def counted(tmp_path: Path) -> Ki67Report:
    request = Ki67InFilesRequest(
        cells=write_cells(tmp_path / "c.csv", "slide"),
        regions=write_regions(tmp_path / "r.geojson", "slide"),
    )
    return replace(run(request, Silent()), item="0" * 24, run_id="r1")


def test_metadata_come_last_so_that_they_name_no_count_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, report: Ki67Report
) -> None:
    archive = Archive(9)
    archive.add(monkeypatch, report, Ki67Outputs())
    assert archive.has[0] == "Ki-67 index r1"
    assert archive.has[-1] == "metadata"


@pytest.mark.parametrize("takes", [0, 1])
def test_a_count_that_is_broken_off_says_what_is_there(
    monkeypatch: pytest.MonkeyPatch, report: Ki67Report, takes: int
) -> None:
    with pytest.raises(ArchiveError) as caught:
        Archive(takes).add(monkeypatch, report, Ki67Outputs(page=Path("p.html")))
    words = str(caught.value)
    assert words.startswith("the archive is full; so ")
    assert "is not on slide 'slide.svs'" in words
    assert ("annotation 'Ki-67 index r1' of this count is there" in words) == (takes > 0)
    assert "p.html is written and holds all figures" in words
    assert words.endswith("Count again when the archive answers")


def test_a_count_of_which_nothing_is_there_says_so(
    monkeypatch: pytest.MonkeyPatch, report: Ki67Report
) -> None:
    with pytest.raises(ArchiveError, match=r"nothing of this count is there\. Count again"):
        Archive(0).add(monkeypatch, report, Ki67Outputs())
