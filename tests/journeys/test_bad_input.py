"""Bad input to a job of a real archive: one sentence, the right exit code, nothing left behind."""

import logging
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugin import logs
from plugin.__main__ import main
from plugin.commands import suggest_regions
from plugin.sandbox.process import SandboxProcess
from tests.journeys.lab import Lab, open_lab
from tests.journeys.losing_proxy import losing_proxy
from tests.plugin.slide_files import write_image

pytestmark = pytest.mark.dsa

NOTHING = "0" * 24


@pytest.fixture(scope="module")
def lab(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return open_lab(sandbox, tmp_path_factory.mktemp("lab"))


@pytest.fixture(autouse=True)
def own_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))
    monkeypatch.setattr("plugin.dsa.delivery._PAUSES", (0.0,))


class Job:
    """Runs commands of the lab, and checks how they fail."""

    def __init__(self, lab: Lab, out: Path, log: pytest.LogCaptureFixture) -> None:
        self.lab, self.out, self.log = lab, out, log
        self.token = lab.technician.job_token()

    def refused(self, command: str, says: str, code: int = 2, /, **changes: str) -> None:
        """Run a command with other values of some words, and check what becomes of it."""
        words = self.lab.words(command, self.token, self.out)
        for old, new in changes.items():
            place = words.index(f"--{old}") + 1 if old != "first" else 0
            words[place] = new
        before = self.lab.left()
        self.log.clear()
        assert main([command, *words]) == code, self.log.text
        (sentence,) = [one for one in self.log.records if one.levelno == logging.ERROR]
        message = sentence.getMessage()
        assert says in message
        assert "\n" not in message
        assert "<" not in message
        assert self.token not in message
        assert self.lab.left() == before
        assert list(self.out.iterdir()) == []


@pytest.fixture
def job(lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Job:
    out = tmp_path / "out"
    out.mkdir()
    return Job(lab, out, caplog)


ON_SLIDES = ("EvaluateDetections", "HarvestReview", "SuggestRegions", "Ki67Index")


@pytest.mark.parametrize("command", ON_SLIDES)
def test_what_is_no_slide_is_named(job: Job, lab: Lab, command: str, tmp_path: Path) -> None:
    notes = tmp_path / f"{command}.txt"
    notes.write_text("no picture")
    item = lab.technician.client.uploadFileToFolder(lab.runs, str(notes))["itemId"]
    job.refused(command, f"'{command}.txt' is no slide; make it a large image first", first=item)
    job.refused(command, "is the folder 'runs'; give the id of one of its slides", first=lab.runs)
    job.refused(command, f"has no slide {NOTHING}, or you may not see it", first=NOTHING)
    job.refused(command, "'slide-0.tif' is no id of the archive", first="slide-0.tif")


@pytest.mark.parametrize("command", ["ExportDataset", "TrainDetector"])
def test_what_is_no_folder_is_named(job: Job, lab: Lab, command: str) -> None:
    where = "first" if command == "ExportDataset" else "inputFolder"
    slide = lab.slides[0]
    job.refused(command, "is the item 'slide-0.tif'; give the id of its folder", **{where: slide})
    job.refused(command, f"has no folder {NOTHING}, or you may not see it", **{where: NOTHING})
    job.refused(command, "'Slides' is no id of the archive", **{where: "Slides"})


def no_bundle(kind: str, path: Path, whole: bytes) -> None:
    """Write what somebody may take for a model."""
    if kind == "picture":
        write_image(path.with_suffix(".png"))
        path.write_bytes(path.with_suffix(".png").read_bytes())
        return
    content: dict[str, bytes] = {
        "JSON": b'{"weights": []}',
        "truncated": whole[: len(whole) // 2],
        "header only": whole[:100],
        "pickle": pickle.dumps(Trap()),
        "empty": b"",
        "other weights": bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b"{}",
    }
    path.write_bytes(content[kind])


class Trap:
    """Bursts when it is unpickled."""

    def __reduce__(self) -> Any:  # noqa: ANN401  as the protocol has it
        return (pytest.fail, ("a model was unpickled",))


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        *(("SuggestRegions", kind) for kind in ("JSON", "picture", "truncated", "header only")),
        *(("SuggestRegions", kind) for kind in ("pickle", "empty", "other weights")),
        *(("DetectCells", "pickle"), ("TrainDetector", "pickle")),
    ],
)
def test_a_file_that_is_no_model_is_refused(
    job: Job, lab: Lab, command: str, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{kind}.safetensors"
    no_bundle(kind, path, lab.model.read_bytes())
    job.refused(command, f"{kind}.safetensors", inputModelFile=str(path))


def test_a_region_outside_of_the_slide_is_refused(job: Job) -> None:
    for region in ("500,500,50,50", "-90,-90,50,50", "0,0,0,0"):
        words = job.lab.words("DetectCells", job.token, job.out)
        words[words.index("--roi=0,0,96,96")] = f"--roi={region}"
        assert main(["DetectCells", *words]) == 2, region
        assert list(job.out.iterdir()) == []


def test_a_slide_that_is_removed_during_the_run_gets_no_regions(
    job: Job, lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "short-lived.tif"
    path.write_bytes((lab.files / "slide-1.tif").read_bytes())
    item = lab.add(path)
    suggested = suggest_regions._suggested

    def removed_meanwhile(*given: Any) -> Any:  # noqa: ANN401
        found = suggested(*given)
        lab.folder.client.delete(f"item/{item}")
        return found

    monkeypatch.setattr(suggest_regions, "_suggested", removed_meanwhile)
    before = lab.left()
    words = [item, *lab.words("SuggestRegions", job.token, job.out)[1:]]
    words += ["--outputReportFile", str(job.out / "report.json")]
    assert main(["SuggestRegions", *words]) == 1
    assert f"slide {item} is no longer in the archive" in job.log.messages[-1]
    assert list(job.out.iterdir()) == []
    assert set(lab.left()) < set(before)


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("has no annotation 'lost'; its annotations are: ", {"cells": "lost"}),
        ("has no annotation 'lost' with a region; draw one", {"regions": "lost"}),
        ("does not know what class 'brown' is; say it with", {"positive": "purple"}),
        ("class 'blue' is given twice", {"positive": "brown,blue"}),
        ("'big' is no hotspot; write its area or its cells", {"window": "big"}),
    ],
    ids=lambda one: "".join(one) if isinstance(one, dict) else None,
)
def test_an_index_that_cannot_be_counted_is_refused(
    job: Job, says: str, change: dict[str, str]
) -> None:
    job.refused("Ki67Index", says, **change)


ADDRESSES: dict[str, tuple[Callable[[str], str], str, int]] = {
    "no path": (lambda url: url.removesuffix("/api/v1"), "does not answer as an archive", 1),
    "a typo": (lambda url: url.replace("/api/v1", "/api/v11"), "its address ends in /api/v1", 1),
    "the viewer": (lambda url: url.replace("/api/v1", "/histomics"), "as an archive", 1),
    "https": (lambda url: url.replace("http:", "https:"), "does not speak https", 1),
    "no scheme": (lambda url: url.removeprefix("http://"), "is no address", 2),
    "no port": (lambda url: url.replace("/api", "x/api"), "is no address", 2),
    "brackets": (lambda _: "http://[::1/api/v1", "is no address", 2),
    "nobody": (lambda _: "http://127.0.0.1:9/api/v1", "does not answer", 1),
}


@pytest.mark.parametrize(
    ("command", "slip"),
    [
        *(("EvaluateDetections", slip) for slip in ADDRESSES),
        *((command, "a typo") for command in ("HarvestReview", "Ki67Index")),
        *((command, "a typo") for command in ("ExportDataset", "TrainDetector")),
    ],
)
def test_an_address_with_a_slip_is_named(job: Job, lab: Lab, command: str, slip: str) -> None:
    change, says, code = ADDRESSES[slip]
    job.refused(command, says, code, girderApiUrl=change(lab.api_url))


@pytest.fixture
def page(lab: Lab) -> Iterator[str]:
    """An address at which a page answers instead of the archive: it asks people to sign in, say."""
    with losing_proxy(lab.api_url) as proxy:
        proxy.methods, proxy.faults = ("GET",), ["answer page"] * 99
        yield proxy.api_url


def test_something_before_the_archive_that_answers_with_a_page_is_told_from_it(
    job: Job, page: str
) -> None:
    says = "failed: 502 Bad Gateway, from something on the way to it"
    job.refused("EvaluateDetections", says, 1, girderApiUrl=page)
