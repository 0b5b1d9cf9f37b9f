"""What the page and the shell say of an export arrives in its request, and is checked on the way."""

from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import InputError
from plugin import logs
from plugin.commands import export_dataset
from plugin.commands.export_request import ExportRequest
from plugin.descriptions import read_values
from plugin.dsa.label_choice import Dates
from plugin.export_arguments import page_request
from plugin.shell import main

FOLDER = "5f0000000000000000000000"
OTHER = "6f0000000000000000000000"
COMMON: dict[str, Any] = {
    "api_url": "http://a",
    "token": "secret",
    "folder_id": FOLDER,
    "items": (OTHER, FOLDER),
    "subfolders": True,
    "upload_folder": OTHER,
    "upload_name": "first",
    "annotations": "P1,P2",
    "authors": ("anna", "Ben *"),
    "dates": Dates.parse("2026-01-01", "2026-02-01", "created"),
    "annotators": "apart",
    "classes": ("a", "b"),
    "mapping": {"A 1": "a", "no group": "b"},
    "class_place": "label",
    "patient_field": "case",
    "patient_pattern": r"^(\w+)-",
}


@pytest.fixture(autouse=True)
def own_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test's own handlers hear the log, and leave signals alone."""
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)


def page(*words: str) -> ExportRequest:
    return page_request(read_values("ExportDataset", [FOLDER, *words]), "http://a", "secret")


def test_the_page_passes_everything_on() -> None:
    asked = page(
        *("--items", f"{OTHER}, {FOLDER}", "--subfolders", "true"),
        *("--outputFolder", OTHER, "--outputName", " first ", "--annotations", "P1,P2"),
        *("--authors", "anna, Ben *", "--since", "2026-01-01", "--until", "2026-02-01"),
        *("--dates", "created", "--annotators", "apart", "--classes", "a, b"),
        *("--mapping", "A 1=a, no group=b", "--classFrom", "label"),
        *("--patientField", "case", "--patientPattern", r"^(\w+)-"),
    )
    assert asked == ExportRequest(**COMMON, pack=True)


def shell(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[ExportRequest]:
    asked: list[ExportRequest] = []
    monkeypatch.setattr(export_dataset, "run", lambda request, _progress: asked.append(request))
    monkeypatch.setenv("PATHEREA_TOKEN", "secret")
    main(["export", "--api-url", "http://a", *words])
    return asked


def test_the_shell_passes_everything_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = shell(
        monkeypatch,
        *("--folder", FOLDER, "--items", f"{OTHER},{FOLDER}", "--subfolders", "--out", "d"),
        *("--output-folder", OTHER, "--output-name", "first", "--annotations", "P1,P2"),
        *(
            "--author",
            "anna",
            "--author",
            "Ben *",
            "--since",
            "2026-01-01",
            "--until",
            "2026-02-01",
        ),
        *("--date", "created", "--annotators", "apart", "--classes", "a,b"),
        *("--map", "A 1=a", "--map", "no group=b", "--class-from", "label"),
        *("--patient-field", "case", "--patient-pattern", r"^(\w+)-"),
    )
    assert asked == [ExportRequest(**COMMON, out=Path("d"))]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--out", "d"], "there is nothing to export"),
        (["--folder", FOLDER], "the dataset has nowhere to go"),
        (["--folder", FOLDER, "--out", "d", "--since", "soon"], "--since 'soon' is no date"),
        (["--folder", FOLDER, "--out", "d", "--until", " "], "--until is empty"),
        (["--folder", FOLDER, "--out", "d", "--annotations", ""], "names no annotation"),
        (["--folder", FOLDER, "--out", "d", "--author", ""], "--author is empty"),
        (["--folder", FOLDER, "--out", "d", "--patient-pattern", "x"], "in round brackets"),
    ],
)
def test_words_that_make_no_sense_are_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    words: list[str],
    reason: str,
) -> None:
    assert shell(monkeypatch, *words) == []
    (told,) = caplog.messages
    assert reason in told


def test_the_page_needs_a_place_for_the_dataset() -> None:
    with pytest.raises(InputError, match="--outputDatasetFile is needed, or --outputFolder"):
        page()
    with pytest.raises(InputError, match="as in OLD=NEW, not 'positive'"):
        page("--outputDatasetFile", "d", "--mapping", "positive")


def test_a_dataset_remembers_all_that_its_samples_depend_on_and_no_secret() -> None:
    told = ExportRequest(**COMMON).parameters()
    assert told["dates"] == {
        "of": "created",
        "since": "2026-01-01T00:00:00+00:00",
        "until": "2026-02-01T23:59:59.999999+00:00",
    }
    assert told["mapping"] == {"A 1": "a", "no group": "b"}
    assert "secret" not in str(told)
