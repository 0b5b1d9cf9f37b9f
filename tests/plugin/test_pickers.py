"""Lists of annotations for the fields of the archive's web page."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from plugin import descriptions, logs, pickers
from plugin.__main__ import main
from plugin.dsa.annotation_codec import DETECTIONS_KIND
from tests.plugin.archive import FOLDER, TOKEN, FakeArchive, point, serving


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeArchive]:
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))
    with serving(FakeArchive()) as running:
        yield running


@pytest.fixture
def slide(archive: FakeArchive) -> str:
    item = archive.add_slide("a.tif", b"", (10, 10))
    archive.annotate(item, point(1, 1), name="tumour & größer <b>")
    found = archive.annotate(item, point(1, 1), name="Cells 1")
    ours: dict[str, Any] = {"patherea": {"kind": DETECTIONS_KIND}}
    archive.annotations[found]["annotation"]["attributes"] = ours
    return item


def listed(
    capsys: pytest.CaptureFixture[str], address: str, *words: str, token: str = TOKEN
) -> list[str | None]:
    """Return what the page makes of what a command prints."""
    assert main([*words, "--girderApiUrl", address, "--girderToken", token]) == 0
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert TOKEN not in printed
    return [one.text for one in ElementTree.fromstring(f"<list>{printed}</list>")]  # noqa: S314  ours


@pytest.mark.parametrize(
    ("command", "field", "names"),
    [
        ("EvaluateDetections", "--detections=choices:detections", ["Cells 1"]),
        ("EvaluateDetections", "--annotations=choices:labels", ["tumour & größer <b>"]),
        ("HarvestReview", "--run=choices:detections", ["Cells 1"]),
        ("HarvestReview", "--reviewed=choices:all", ["Cells 1", "tumour & größer <b>"]),
    ],
)
def test_a_field_lists_the_annotations_of_the_slide_that_fit_it(
    archive: FakeArchive,
    slide: str,
    capsys: pytest.CaptureFixture[str],
    command: str,
    field: str,
    names: list[str],
) -> None:
    assert listed(capsys, archive.address, command, slide, field) == names
    assert listed(capsys, archive.address, command, slide, *field.split("=")) == names


@pytest.mark.usefixtures("slide")
def test_a_folder_lists_the_labels_of_its_slides(
    archive: FakeArchive, capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(capsys, archive.address, "ExportDataset", FOLDER, "--annotations=choices:labels")
    assert found == ["tumour & größer <b>"]


@pytest.mark.parametrize(
    ("item", "field", "token"),
    [
        ("0" * 24, "--detections=choices:detections", TOKEN),
        ("no id", "--detections=choices:detections", TOKEN),
        ("0" * 24, "--detections=choices:detections", "expired"),
        ("0" * 24, "--detections=choices:nonsense", TOKEN),
        ("0" * 24, "--nonsense=choices:labels", TOKEN),
    ],
)
def test_trouble_is_an_empty_list_and_a_word_in_the_log(
    archive: FakeArchive,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    item: str,
    field: str,
    token: str,
) -> None:
    words = ("EvaluateDetections", item, field)
    assert listed(capsys, archive.address, *words, token=token) == [None]
    (message,) = caplog.messages
    assert message.startswith("there is no list: ")


@pytest.mark.parametrize("name", descriptions.names())
def test_an_image_offers_lists_only_if_it_says_so(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(pickers.VARIABLE, raising=False)
    assert pickers.described(name) == descriptions.xml_text(name)
    monkeypatch.setenv(pickers.VARIABLE, "1")
    plain, with_lists = descriptions.xml_text(name), pickers.described(name)
    assert with_lists.isascii()
    roots = [ElementTree.fromstring(text) for text in (plain, with_lists)]  # noqa: S314  our own
    fields = [one for one in roots[1].iter() if one.attrib.pop("datalist", None)]
    assert {one.findtext("name") for one in fields} == {
        picker.field for picker in pickers._PICKERS.get(name, ())
    }
    assert [(one.tag, one.attrib, one.text) for one in roots[0].iter()] == [
        (one.tag, one.attrib, one.text) for one in roots[1].iter()
    ]
