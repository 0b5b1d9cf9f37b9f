"""A real archive takes the Ki-67 index of a slide: annotations, metadata and files hold the same figures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from PIL import Image

from patherea_core.errors import AnnotationError, CredentialsError, InputError, TaxonomyError
from patherea_core.geometry import Floats
from patherea_core.index.ki67 import IndexOptions, index_of, region_index
from patherea_core.index.kinds import KindedCells
from patherea_core.index.samples import CountingRegion, samples_of
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from plugin.__main__ import main
from plugin.commands.ki67_on_item import Ki67OnItemRequest, run
from plugin.commands.ki67_outputs import Ki67Outputs
from plugin.index.counting import CountSettings
from plugin.index.methods import window_named
from plugin.index.report import Ki67Report
from plugin.sandbox.process import SandboxProcess
from plugin.shell import main as shell
from tests.journeys.archive_folder import Folder
from tests.journeys.people import new_person
from tests.plugin.archive import point, square
from tests.plugin.commands.test_stain_check import POSITIVE, XY, made_request

pytestmark = pytest.mark.dsa

CORNERS = ((0, 0, 100), (100, 100, 90))


def cells() -> tuple[Floats, list[str]]:
    random = np.random.default_rng(1)
    xy = np.round(random.uniform(5, 190, (600, 2)), 1)
    kinds = random.choice(["positive", "negative", "normal"], 600, p=[0.3, 0.6, 0.1])
    return xy, list(kinds)


@dataclass
class Slide:
    """A slide with cells and two regions that somebody drew."""

    folder: Folder
    item: str

    def count(self, **settings: Any) -> Ki67Report:  # noqa: ANN401
        sandbox = self.folder.sandbox
        request = Ki67OnItemRequest(
            api_url=sandbox.api_url,
            token=sandbox.token,
            item_id=self.item,
            **{"cells": "by hand", **settings},
        )
        return run(request, Silent())

    def added(self) -> dict[str, dict[str, Any]]:
        """Return the annotations that the count added, by their kind."""
        listed = self.folder.client.get("annotation", {"itemId": self.item})
        whole = [self.folder.client.get(f"annotation/{one['_id']}")["annotation"] for one in listed]
        found = [one for one in whole if "patherea" in (one.get("attributes") or {})]
        return {one["attributes"]["patherea"]["kind"]: one for one in found}

    def metadata(self) -> dict[str, Any]:
        meta: dict[str, Any] = self.folder.client.getItem(self.item)["meta"]
        return meta


@pytest.fixture
def slide(sandbox: SandboxProcess, tmp_path: Path) -> Slide:
    folder = Folder(sandbox, tmp_path)
    item = folder.add_slide()
    xy, kinds = cells()
    points = [point(x, y, kind) for (x, y), kind in zip(xy.tolist(), kinds, strict=True)]
    folder.annotate(item, *sorted(points, key=lambda one: str(one["group"])), name="by hand")
    folder.annotate(item, *(square(*corner) for corner in CORNERS), name="fields")
    return Slide(folder, item)


def test_annotation_metadata_and_files_hold_the_figures_of_the_science(
    slide: Slide, tmp_path: Path
) -> None:
    slide.folder.client.addMetadataToItem(slide.item, {"patient": "7", "patherea": {"note": "old"}})
    outputs = Ki67Outputs(
        report=tmp_path / "r.json", page=tmp_path / "p.html", pdf=tmp_path / "p.pdf"
    )
    settings = CountSettings(window=window_named("40cells"), hotspots=2)
    slide.count(regions="fields", settings=settings, outputs=outputs, signer="Dr. Ann")
    xy, kinds = cells()
    order = ["positive", "negative", "normal"]
    counted = KindedCells(xy, np.array([order.index(kind) for kind in kinds]))
    regions = [
        CountingRegion(f"region {row}", shapely.box(x, y, x + side, y + side))
        for row, (x, y, side) in enumerate(CORNERS, start=1)
    ]
    samples = samples_of(counted, regions, "slide.tif")
    whole = index_of("slide.tif", samples, Seed(0), IndexOptions(strata=True))
    assert whole.interval is not None
    figures = json.loads(outputs.report.read_text()) if outputs.report else {}
    assert figures["index"] == whole.value
    assert figures["interval"] == list(whole.interval.bounds)
    for said, sample in zip(figures["regions"], samples, strict=True):
        alone = region_index(sample, Seed(0))
        assert (said["index"], said["positive_cells"]) == (alone.value, alone.tally.positive)

    added = slide.added()["ki67"]
    assert added["attributes"]["patherea"]["index"] == whole.value
    told = {one["group"]: one for one in reversed(added["elements"])}
    assert told["Ki-67 region"]["user"]["index"] == figures["regions"][0]["index"]
    assert told["Ki-67 hotspot"]["user"]["index"] == figures["hotspots"][0]["index"]
    assert told["Ki-67 hotspot"]["label"]["value"].startswith("Hotspot 1: ")
    assert [one["type"] for one in slide.added()["ki67 surface"]["elements"]] == ["griddata"]

    meta = slide.metadata()
    assert (meta["patient"], meta["patherea"]["note"]) == ("7", "old")
    assert meta["patherea"]["ki67"]["index"] == whole.value
    page = (tmp_path / "p.html").read_text()
    for words in (f"{100 * (whole.value or 0):.1f} %", "Dr. Ann", "RESEARCH USE ONLY", "by hand"):
        assert words in page
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")


def test_a_slide_without_a_tumour_cell_has_no_index_and_is_not_0(slide: Slide) -> None:
    slide.folder.annotate(slide.item, point(50, 50, "normal"), name="stroma")
    report = slide.count(cells="stroma")
    assert report.count.headline.counted.value is None
    meta = slide.metadata()["patherea"]["ki67"]
    assert meta["index"] is None
    assert "no tumour cell" in meta["undefined_because"]


def evaluation(folder: Path) -> Path:
    """Return an invented report of an evaluation."""
    cells = [[90, 5, 5], [10, 180, 10], [2, 4, 0]]
    rows = ["positive", "negative", "no cell"]
    path = folder / "evaluation.json"
    path.write_text(json.dumps({"confusion": {"rows": rows, "cells": cells}}))
    return path


def test_cells_of_a_model_are_corrected_for_its_errors_until_a_person_changes_one(
    slide: Slide, tmp_path: Path
) -> None:
    errors = (evaluation(tmp_path),)
    client = slide.folder.client
    login = client.get("user/me")["login"]
    with pytest.raises(InputError, match=f"'by hand' are as {login} left them, so the errors"):
        slide.count(errors=errors)
    ours = {"patherea": {"kind": "detections", "run": "r", "slide": "slide.tif"}}
    xy, kinds = cells()
    found = [point(x, y, kind) for (x, y), kind in zip(xy.tolist(), kinds, strict=True)]
    body = {"name": "found", "attributes": ours, "elements": found}
    made = client.post("annotation", {"itemId": slide.item}, json=body)
    report = slide.count(cells="found", errors=errors, name="")
    assert report.count.headline.corrected is not None
    whole = client.get(f"annotation/{made['_id']}")["annotation"]
    whole["elements"][0]["group"] = "normal"
    client.put(f"annotation/{made['_id']}", json=whole)
    with pytest.raises(InputError, match=f"'found' are as {login} left them, so the errors"):
        slide.count(cells="found", errors=errors, name="")
    assert slide.count(cells="found", name="").count.headline.corrected is None


def test_nothing_is_added_without_a_name(slide: Slide) -> None:
    slide.count(name="")
    assert slide.added() == {}
    assert "patherea" not in slide.metadata()


@pytest.mark.parametrize(
    ("element", "error", "says"),
    [
        (point(50, 50, "Tumor"), TaxonomyError, "does not know what class 'Tumor' is; say it with"),
        (point(5000, 50), AnnotationError, "1 cells outside of slide 'slide.tif', the first at"),
    ],
    ids=["class", "place"],
)
def test_cells_that_cannot_be_counted_are_refused_in_a_sentence(
    slide: Slide, element: dict[str, Any], error: type[Exception], says: str
) -> None:
    slide.folder.annotate(slide.item, element, name="wrong")
    with pytest.raises(error, match=says):
        slide.count(cells="wrong")
    assert slide.added() == {}


def test_an_annotation_of_another_slide_is_refused(slide: Slide) -> None:
    ours = {"patherea": {"kind": "detections", "run": "r", "slide": "other.tif"}}
    body = {"name": "moved", "attributes": ours, "elements": [point(5, 5)]}
    slide.folder.client.post("annotation", {"itemId": slide.item}, json=body)
    with pytest.raises(
        AnnotationError, match=r"cells of slide 'other.tif', but lies on 'slide.tif'"
    ):
        slide.count(cells="moved")


def test_regions_that_are_not_there_are_named(slide: Slide) -> None:
    with pytest.raises(InputError, match="no annotation 'lost' with a region"):
        slide.count(regions="lost")


def test_the_form_of_the_archive_counts_too_and_its_log_has_no_token(
    slide: Slide, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = slide.folder.sandbox
    words = [
        "Ki67Index",
        slide.item,
        "--cells",
        "by hand",
        "--method",
        "net",
        "--window",
        "50cells",
    ]
    words += ["--girderApiUrl", sandbox.api_url, "--girderToken", sandbox.token]
    words += ["--outputReportFile", str(tmp_path / "r.json")]
    assert main(words) == 0
    figures = json.loads((tmp_path / "r.json").read_text())
    assert figures["method"]["headline"] == "hotspot 1"
    assert figures["grade"]["grade"] == "G3"
    shown = capsys.readouterr()
    assert sandbox.token not in shown.out + shown.err
    assert (shown.out + shown.err).count("Ki-67 index, as counted") == 1


def test_the_shell_shows_the_figures_of_an_item_once(
    slide: Slide,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox = slide.folder.sandbox
    words = ["ki67", "by hand", "--api-url", sandbox.api_url, "--item", slide.item, "--name", ""]
    monkeypatch.setenv("PATHEREA_TOKEN", sandbox.token)
    assert shell(words) == 0
    shown = capsys.readouterr()
    told = shown.out + shown.err + caplog.text
    assert told.count("Ki-67 index, as counted") == 1
    assert "Ki-67 index, as counted" in shown.out


def test_regions_that_hold_no_cell_of_the_slide_are_refused(slide: Slide) -> None:
    slide.folder.annotate(slide.item, square(0, 0, 1), name="corner")
    with pytest.raises(InputError, match="the regions hold none of the 600 cells"):
        slide.count(regions="corner")


def test_cells_that_the_stain_contradicts_become_an_annotation_that_is_hidden_at_first(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    folder, made = Folder(sandbox, tmp_path), made_request(tmp_path)
    pixels = np.asarray(Image.open(made.slide).convert("RGB"))
    slide = Slide(folder, folder.add_slide(mpp=made.mpp, pixels=pixels))
    kinds = np.where(POSITIVE, "positive", "negative").tolist()
    points = [point(x, y, kind) for (x, y), kind in zip(XY.tolist(), kinds, strict=True)]
    folder.annotate(slide.item, *points, name="by hand")
    words = ["Ki67Index", slide.item, "--cells", "by hand", "--stain-check", "true"]
    words += ["--girderApiUrl", sandbox.api_url, "--girderToken", sandbox.token]
    words += ["--outputReportFile", str(tmp_path / "r.json")]
    assert main(words) == 0
    doubtful = slide.added()["stain check"]
    assert doubtful["display"] == {"visible": False}
    wrong = {tuple(XY[row]) for row in (0, 1, 2, 3)}
    assert {tuple(one["center"][:2]) for one in doubtful["elements"]} == wrong
    figures = json.loads((tmp_path / "r.json").read_text())
    assert figures["stain_check"]["disagreeing"] == 4
    assert figures["stain_check"]["listed_in"] == f"annotation {doubtful['name']!r}"
    assert slide.metadata()["patherea"]["ki67"]["stain_contradicts"] == 4
    # Its points are no detections that a count takes by itself.
    with pytest.raises(InputError, match="detections"):
        slide.count(cells="", name="")


def test_who_may_only_read_is_told_before_anything_is_counted(slide: Slide) -> None:
    client = slide.folder.client
    eve = new_person(slide.folder.sandbox, "eve")
    own = {"id": client.get("user/me")["_id"], "level": 2}
    access = json.dumps({"users": [own, {"id": eve.id, "level": 0}], "groups": []})
    client.put(f"folder/{slide.folder.id}/access", {"access": access})
    request = Ki67OnItemRequest(
        api_url=slide.folder.sandbox.api_url,
        token=eve.token,
        item_id=slide.item,
        cells="by hand",
        name="Ki-67 index",
    )
    with pytest.raises(CredentialsError, match="does not let you add to slide"):
        run(request, Silent())
