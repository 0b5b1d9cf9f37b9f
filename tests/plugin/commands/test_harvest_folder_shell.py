"""``patherea review harvest`` over a folder, as somebody types it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin import logs
from plugin.shell import main
from tests.plugin.archive import FOLDER, TOKEN, FakeArchive, serving
from tests.plugin.review.runs import ITEM, archive_with_run, correct


@pytest.fixture(autouse=True)
def own_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test's own handlers hear the log, and leave signals alone."""
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)


@pytest.fixture
def archive() -> Iterator[FakeArchive]:
    running, annotation = archive_with_run()
    correct(running, annotation)
    with serving(running):
        yield running


def harvest(archive: FakeArchive, *words: str) -> int:
    connection = ("--api-url", archive.address, "--token", TOKEN)
    return main(["review", "harvest", *connection, "--labels", "", *words])


def test_a_folder_gives_a_table_and_a_report(
    archive: FakeArchive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harvest(archive, "--folder", FOLDER, "--out", str(tmp_path / "out")) == 0
    written = capsys.readouterr()
    assert "positive -> negative: 1" in written.out
    assert TOKEN not in written.out + written.err
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["changes.csv", "review.html", "review.json", "slides.csv"]


def test_one_slide_gives_the_same_folder_and_the_same_figures(
    archive: FakeArchive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert harvest(archive, "--item", ITEM, "--out", str(out), "--format", "json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["pooled"] == json.loads((out / "review.json").read_text())["pooled"]


def test_a_slide_that_fails_is_told_after_the_table(
    archive: FakeArchive, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    other = archive.add_slide("t.tif", b"", (400, 300))
    made = archive.annotate(other, name="Cells")
    archive.annotations[made]["annotation"] = {
        **archive.annotations[archive_run(archive)]["annotation"],
        "name": "Cells",
    }
    assert harvest(archive, "--folder", FOLDER) == 1
    assert "Failed: t.tif" in capsys.readouterr().out
    assert "slide 't.tif' could not be harvested" in caplog.text


@pytest.mark.parametrize("option", ["--report", "--pushed"])
def test_what_is_for_one_review_is_refused_for_many(
    archive: FakeArchive, option: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert harvest(archive, "--folder", FOLDER, option, str(tmp_path / "file")) == 2
    assert f"{option} is for one slide with one review" in caplog.text


def test_a_folder_and_a_slide_exclude_each_other(
    archive: FakeArchive, caplog: pytest.LogCaptureFixture
) -> None:
    assert harvest(archive, "--folder", FOLDER, "--item", ITEM) == 2
    assert "not allowed with argument" in caplog.text


def archive_run(archive: FakeArchive) -> str:
    """Return the annotation of the only run."""
    return next(iter(archive.annotations))
