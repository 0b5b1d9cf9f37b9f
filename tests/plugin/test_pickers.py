"""Lists of annotations for the fields of the archive's web page."""

from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from plugin import descriptions, logs, pickers
from plugin.__main__ import main
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
    archive.annotate(item, point(1, 1), name="Cells 1")
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


NAMES = ["Cells 1", "tumour & größer <b>"]
FIELDS = [(command, field) for command, fields in pickers.LISTED.items() for field in fields]


@pytest.mark.parametrize(("command", "field"), FIELDS)
def test_a_field_lists_the_annotations_of_the_slide_or_of_the_folder(
    archive: FakeArchive,
    slide: str,
    capsys: pytest.CaptureFixture[str],
    command: str,
    field: str,
) -> None:
    where = FOLDER if command == "ExportDataset" else slide
    words = (f"--{field}", "choices:annotations")
    assert listed(capsys, archive.address, *(command, where, *words)) == NAMES
    assert listed(capsys, archive.address, *(command, "=".join(words), where)) == NAMES


@pytest.mark.parametrize(
    ("item", "field", "token"),
    [
        ("0" * 24, "--detections=choices:annotations", TOKEN),
        ("no id", "--detections=choices:annotations", TOKEN),
        ("0" * 24, "--detections=choices:annotations", "expired"),
        ("0" * 24, "--nonsense=choices:annotations", TOKEN),
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
    assert {one.findtext("name") for one in fields} == set(pickers.LISTED.get(name, ()))
    assert [(one.tag, one.attrib, one.text) for one in roots[0].iter()] == [
        (one.tag, one.attrib, one.text) for one in roots[1].iter()
    ]
