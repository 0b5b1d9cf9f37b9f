"""The page to sign takes whatever there is to say, and goes on on a further page before anything is lost."""

import re
from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from patherea_core.progress import Silent
from plugin.commands.ki67_in_files import Ki67InFilesRequest, run
from plugin.index.report import Ki67Report
from plugin.outputs.ki67_drawing import scene_around
from plugin.outputs.ki67_pdf import ki67_pdf, ki67_sheets
from tests.plugin.commands.test_ki67_in_files import write_cells

REMARK = "cells of this slide have no group of their own, so that the label that somebody gave them was taken"


@pytest.fixture(name="report", scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Ki67Report:
    cells = write_cells(tmp_path_factory.mktemp("ki67") / "c.csv", "slide")
    return replace(run(Ki67InFilesRequest(cells=cells), Silent()), signer="Dr. Ann")


def lines_of(figure: Figure) -> list[tuple[float, str]]:
    """Return height from the top, in millimetres, and words of each text, from the top down."""
    return sorted((297 * (1 - text.get_position()[1]), text.get_text()) for text in figure.texts)


def test_a_usual_count_is_one_page_without_a_number(report: Ki67Report) -> None:
    (figure,) = ki67_sheets(report, scene_around(report))
    words = [text for _, text in lines_of(figure)]
    assert "Dr. Ann" in words
    assert not any("page 1 of" in text for text in words)


@pytest.mark.parametrize("count", [12, 30])
def test_long_remarks_go_over_the_page_and_none_is_lost(report: Ki67Report, count: int) -> None:
    notes = tuple(f"Remark {row}: {' '.join([REMARK] * 3)}." for row in range(count))
    long = replace(report, notes=notes)
    scene = scene_around(long)
    pages = [lines_of(figure) for figure in ki67_sheets(long, scene)]
    assert len(pages) > 1
    said = re.sub(r"\s+", " ", " ".join(text for page in pages for _, text in page))
    for row in range(count):
        assert f"Remark {row}:" in said
    assert said.count("cells of this slide") == 3 * count
    for number, page in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in [text for _, text in page]
        last = number == len(pages)
        assert ("Dr. Ann" in [text for _, text in page]) == last
        body = [height for height, text in page if "Remark" in text or "cells of" in text]
        assert max(body, default=0) < 258  # above the signature
        assert len(set(body)) == len(body)  # no line upon another
    content = ki67_pdf(long, scene)
    assert len(re.findall(rb"/Type /Page\b", content)) == len(pages)
