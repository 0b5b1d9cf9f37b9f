"""Exporting from a real archive what a lab has in it: sub-folders, annotators, dates, patients, edits."""

import json
import math
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from patherea_core.data.manifest import Manifest
from patherea_core.data.store import check, read_manifest, read_sample, unpack
from patherea_core.errors import (
    AnnotationError,
    ArchiveError,
    CredentialsError,
    InputError,
    TaxonomyError,
)
from patherea_core.progress import Silent
from plugin import logs
from plugin.__main__ import main
from plugin.commands.export_dataset import ExportRequest, run
from plugin.dsa.label_choice import Dates
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.losing_proxy import Fault, losing_proxy
from tests.journeys.people import Person, new_person
from tests.plugin.archive import point, polygon, square

pytestmark = pytest.mark.dsa

LEFT, RIGHT = square(0, 0, 100), square(150, 0, 100)


class Annotator(Person):
    """Somebody who labels, with a client of their own."""

    def annotate(self, item: str, *elements: dict[str, Any], name: str = "labels") -> str:
        """Add an annotation and return its id."""
        body = {"name": name, "elements": list(elements)}
        return str(self.client.post("annotation", {"itemId": item}, json=body)["_id"])


@pytest.fixture
def folder(sandbox: SandboxProcess, tmp_path: Path) -> Folder:
    (tmp_path / "slides").mkdir()
    return Folder(sandbox, tmp_path / "slides")


@pytest.fixture(scope="module")
def accounts(sandbox: SandboxProcess) -> tuple[Annotator, Annotator]:
    return _annotator(sandbox, "Anna"), _annotator(sandbox, "Ben")


@pytest.fixture
def people(folder: Folder, accounts: tuple[Annotator, Annotator]) -> tuple[Annotator, Annotator]:
    """Return two annotators who may write to the folder."""
    allow(folder, folder.id, *accounts)
    return accounts


def allow(folder: Folder, where: str, *people: Annotator, level: int = 1) -> None:
    """Let some people, and nobody else but the administrator, into a folder."""
    users = [{"id": one.id, "level": level} for one in people]
    access = {"access": json.dumps({"users": users, "groups": []})}
    folder.client.put(f"folder/{where}/access", access)


def _annotator(sandbox: SandboxProcess, name: str) -> Annotator:
    made = new_person(sandbox, name, "Labels")
    return Annotator(made.id, made.login, made.client)


Export = Callable[..., Manifest]


@pytest.fixture
def wanted(folder: Folder, tmp_path: Path) -> ExportRequest:
    return ExportRequest(
        api_url=folder.sandbox.api_url,
        token=folder.sandbox.token,
        folder_id=folder.id,
        out=tmp_path / "dataset",
        folds=1,
    )


@pytest.fixture
def export(wanted: ExportRequest, tmp_path: Path) -> Export:
    """Return what exports to a new folder each time."""

    def exported(**changes: Any) -> Manifest:  # noqa: ANN401
        out = tmp_path / f"dataset-{uuid.uuid4().hex[:6]}"
        return run(replace(wanted, **{"out": out, **changes}), Silent())

    return exported


def points(manifest: Manifest) -> list[int]:
    return sorted(sample.points for sample in manifest.samples)


def test_subfolders_are_exported_by_path_and_single_slides_by_id(
    folder: Folder, export: Export
) -> None:
    top = folder.add_slide(name="a.tif")
    deep = folder.add_slide(name="a.tif", folder=folder.add_folder("case 7"))
    for item in (top, deep):
        folder.annotate(item, LEFT, point(50, 50))
    assert [slide.name for slide in export().slides] == ["a.tif"]
    every = export(subfolders=True, patient_pattern=r"^(case \d+|a)", folds=2)
    assert {slide.name: slide.patient for slide in every.slides} == {
        "a.tif": "a",
        "case 7/a.tif": "case 7",
    }
    assert len({sample.id for sample in every.samples}) == 2
    assert [slide.item_id for slide in export(folder_id="", items=(deep,)).slides] == [deep]
    both = export(folder_id="", items=(deep, top, deep))
    assert {slide.name for slide in both.slides} == {f"a.tif ({top})", f"a.tif ({deep})"}


def test_a_private_subfolder_is_left_out_for_others_and_refused_if_it_is_named(
    folder: Folder, people: tuple[Annotator, Annotator], export: Export
) -> None:
    anna, _ = people
    folder.annotate(folder.add_slide(name="open.tif"), LEFT, point(50, 50))
    hidden = folder.add_folder("secret", public=False)
    allow(folder, hidden)
    folder.annotate(folder.add_slide(name="closed.tif", folder=hidden), LEFT, point(50, 50))
    assert len(export(subfolders=True).slides) == 2
    theirs = anna.client.token
    assert [one.name for one in export(subfolders=True, token=theirs).slides] == ["open.tif"]
    with pytest.raises(InputError, match=f"no folder {hidden}, or you may not see it"):
        export(folder_id=hidden, token=theirs)


def test_two_annotators_of_the_same_regions_are_kept_apart(
    folder: Folder,
    people: tuple[Annotator, Annotator],
    export: Export,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    anna, ben = people
    item = folder.add_slide()
    anna.annotate(item, LEFT, RIGHT, point(50, 50), point(60, 60), point(200, 50, "negative"))
    ben.annotate(item, LEFT, point(51, 51), point(20, 20), point(30, 30))
    with pytest.raises(AnnotationError, match="overlap by 10000 square pixels"):
        export()
    manifest = export(annotators="apart", folds=2)
    found = {(sample.annotator, sample.points) for sample in manifest.samples}
    assert found == {(anna.login, 2), (anna.login, 1), (ben.login, 3)}
    assert f"{anna.login} labelled 2 regions on 1 slide" in caplog.messages
    assert f"{ben.login} labelled 1 region on 1 slide" in caplog.messages
    shared = {sample.fold for sample in manifest.samples if sample.left < 100}
    assert len(shared) == 1
    assert {one.author for one in manifest.slides[0].annotations} == {anna.login, ben.login}
    assert points(export(authors=(ben.login,), token=anna.job_token())) == [3]
    assert points(export(authors=("anna L*",))) == [1, 2]
    with pytest.raises(
        InputError,
        match=rf"made by 'nobody'.*there are: 'labels' by {anna.login}, 'labels' by {ben.login}$",
    ):
        export(authors=("nobody",))


def test_an_annotator_who_drew_no_region_labels_those_of_the_other(
    folder: Folder,
    people: tuple[Annotator, Annotator],
    export: Export,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    anna, ben = people
    item = folder.add_slide()
    anna.annotate(item, LEFT, RIGHT, point(50, 50), point(200, 50))
    ben.annotate(item, point(51, 51), point(20, 20))
    found = [(one.annotator, one.points) for one in export(annotators="apart").samples]
    assert sorted(found) == sorted([(anna.login, 1), (anna.login, 1), (ben.login, 2)])
    lent = f"{ben.login} labelled 1 region on 1 slide, 1 of them drawn by others"
    assert lent in caplog.messages
    assert "more than once" not in caplog.text
    assert points(export()) == [1, 3]
    assert f"holds points of {anna.login} (1) and {ben.login} (2)" in caplog.text


def test_dates_choose_annotations(folder: Folder, export: Export) -> None:
    item = folder.add_slide()
    folder.annotate(item, LEFT, point(50, 50))
    for dates in (Dates.parse("2020-01-01", ""), Dates.parse("", "2999-12-31", "created")):
        assert points(export(dates=dates)) == [1]
    with pytest.raises(InputError, match="updated until 2020-01-01T23:59:59"):
        export(dates=Dates.parse("", "2020-01-01"))


def test_groups_are_read_as_they_are_written(
    folder: Folder, export: Export, caplog: pytest.LogCaptureFixture
) -> None:
    item = folder.add_slide()
    plain = {"type": "point", "center": [20, 20, 0], "label": {"value": "of before"}}
    folder.annotate(
        item, LEFT, point(50, 50, "Positive "), point(60, 60), point(61, 70, "tumour"), plain
    )
    mapping = {"TUMOUR": "positive", "no group": "negative"}
    manifest = export(classes=("positive", "negative"), mapping=mapping)
    assert points(manifest) == [4]
    assert "group 'Positive' is taken for class 'positive'" in caplog.text
    with pytest.raises(TaxonomyError, match=r"'tumour', which is unknown.*--map OLD=NEW"):
        export(classes=("positive", "of before"))
    with pytest.raises(TaxonomyError, match=r"no point is of a group 'stroma'.*tumour"):
        export(mapping={"stroma": "positive"})
    by_label = export(class_place="label")
    assert [one.name for one in by_label.classes] == ["Positive", "of before", "tumour"]


def test_regions_with_holes_turned_rectangles_and_round_marks_are_understood(
    folder: Folder, export: Export, wanted: ExportRequest
) -> None:
    item = folder.add_slide()
    hole = [[40, 40, 0], [60, 40, 0], [60, 60, 0], [40, 60, 0]]
    turned = {"type": "rectangle", "center": [200, 100, 0], "width": 100, "height": 20}
    small = {"type": "circle", "center": [20, 20, 0], "radius": 8, "group": "positive"}
    oval = {"type": "ellipse", "center": [200, 60, 0], "width": 9, "height": 5, "group": "positive"}
    large = {"type": "circle", "center": [50, 50, 0], "radius": 300, "group": "look here"}
    folder.annotate(
        item,
        polygon((0, 0), (100, 0), (100, 100), (0, 100), holes=[hole]),
        {**turned, "rotation": math.pi / 2},
        *(small, oval, large),
    )
    out = wanted.out
    assert out is not None
    manifest = export(out=out)
    assert points(manifest) == [1, 1]
    places = {
        tuple(np.round(sample.points.xy[0] + (sample.record.left, sample.record.top)).tolist())
        for sample in (read_sample(out, manifest, record) for record in manifest.samples)
    }
    assert places == {(20, 20), (200, 60)}
    areas = [read_sample(out, manifest, record).labelled.area for record in manifest.samples]
    assert sorted(areas) == pytest.approx([2000, 9600], abs=1)


def test_patients_come_from_the_field_or_the_name_and_none_is_guessed(
    folder: Folder, export: Export
) -> None:
    items = [folder.add_slide(name=name) for name in ("AB-12-x.tif", "AB-12-y.tif", "CD-1.tif")]
    for item in items:
        folder.annotate(item, LEFT, point(50, 50))
    manifest = export(patient_pattern=r"^(\w+-\w+)", folds=2)
    folds = {sample.slide: sample.fold for sample in manifest.samples}
    assert folds["AB-12-x.tif"] == folds["AB-12-y.tif"] != folds["CD-1.tif"]
    with pytest.raises(InputError, match=r"'CD-1.tif' does not fit --patient-pattern"):
        export(patient_pattern=r"^(AB-\d+)")
    folder.client.addMetadataToItem(items[0], {"patient": "7", "site": "lung"})
    with pytest.raises(InputError, match=r"'AB-12-y.tif' has no metadata field 'patient'"):
        export()


def test_a_dataset_becomes_an_item_of_the_archive_that_can_be_trained_from(
    folder: Folder, people: tuple[Annotator, Annotator], export: Export, tmp_path: Path
) -> None:
    folder.annotate(folder.add_slide(), LEFT, point(50, 50))
    target = folder.add_folder("datasets")
    manifest = export(out=None, upload_folder=target, upload_name="first")
    both = export(out=tmp_path / "both.zip", upload_folder=target)
    (item, _) = sorted(folder.client.listItem(target), key=lambda one: one["name"] != "first.zip")
    assert item["meta"]["patherea"]["sha256"] == manifest.digest()
    assert item["meta"]["patherea"]["points"] == 1
    folder.client.downloadItem(item["_id"], str(tmp_path))
    unpack(tmp_path / "first.zip", tmp_path / "again")
    assert read_manifest(tmp_path / "again") == manifest
    assert zipfile.is_zipfile(tmp_path / "both.zip")
    assert both.samples == manifest.samples
    anna, _ = people
    allow(folder, target, anna, level=0)
    with pytest.raises(CredentialsError, match="does not let you write to the folder 'datasets'"):
        export(upload_folder=target, token=anna.job_token())
    assert len(list(folder.client.listItem(target))) == 2


def test_a_job_exports_as_the_page_says_and_tells_no_token(
    folder: Folder,
    people: tuple[Annotator, Annotator],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    caplog.set_level("DEBUG")
    anna, ben = people
    item = folder.add_slide()
    anna.annotate(item, LEFT, RIGHT, point(50, 50, "Tumour"), point(200, 50))
    ben.annotate(item, LEFT, point(51, 51))
    target, token = folder.add_folder("datasets"), anna.job_token()
    words = [
        *("ExportDataset", folder.id, "--subfolders", "true", "--annotators", "apart"),
        *("--mapping", "tumour=positive, positive=positive", "--classes", "", "--folds", "2"),
        *("--outputDatasetFile", str(tmp_path / "d.zip"), "--outputFolder", target),
        *("--girderApiUrl", folder.sandbox.api_url, "--girderToken", token),
    ]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert token not in said + "".join(caplog.messages)
    assert "<filter-progress>" in said
    (stored,) = folder.client.listItem(target)
    unpack(tmp_path / "d.zip", tmp_path / "d")
    manifest = read_manifest(tmp_path / "d")
    assert stored["meta"]["patherea"]["sha256"] == manifest.digest()
    assert [one.name for one in manifest.classes] == ["positive"]
    assert Counter(one.annotator for one in manifest.samples) == {anna.login: 2, ben.login: 1}


@pytest.mark.parametrize(
    "faults",
    [["request cut"], [None, "request 503"], [None, "answer cut"], [None, None, "answer 502"]],
)
def test_a_dataset_arrives_whole_and_once_whatever_gets_lost(
    folder: Folder, export: Export, monkeypatch: pytest.MonkeyPatch, faults: list[Fault | None]
) -> None:
    monkeypatch.setattr("plugin.dsa.sending._PAUSES", (0.0, 0.0, 0.0))
    folder.annotate(folder.add_slide(), LEFT, point(50, 50))
    target = folder.add_folder("datasets")
    with losing_proxy(folder.sandbox.api_url) as proxy:
        proxy.faults = faults
        export(api_url=proxy.api_url, out=None, upload_folder=target, upload_name="once")
    (item,) = folder.client.listItem(target)
    assert item["name"] == "once.zip"
    assert item["size"] > 10_000


def test_an_archive_that_goes_away_during_the_upload_keeps_no_part_of_a_dataset(
    folder: Folder, export: Export, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("plugin.dsa.sending._PAUSES", (0.0, 0.0, 0.0))
    folder.annotate(folder.add_slide(), LEFT, point(50, 50))
    target = folder.add_folder("datasets")
    with losing_proxy(folder.sandbox.api_url) as proxy:
        cut: Fault = "request cut"
        proxy.faults = [None, *[cut] * 9]
        with pytest.raises(ArchiveError, match=r"never\.zip was not added"):
            export(
                api_url=proxy.api_url,
                out=tmp_path / "d.zip",
                upload_folder=target,
                upload_name="never",
            )
    assert list(folder.client.listItem(target)) == []
    assert zipfile.is_zipfile(tmp_path / "d.zip")


class Meanwhile:
    """Progress that lets something happen once, so far on."""

    def __init__(self, happens: Callable[[], object], after: float = 0.2) -> None:
        self.happens, self.after, self.done = happens, after, False

    def advance(self, fraction: float, message: str = "") -> None:
        del message
        if fraction >= self.after and not self.done:
            self.done = True
            self.happens()


def test_what_somebody_changes_during_an_export_is_told_with_the_version_exported(
    folder: Folder, wanted: ExportRequest, caplog: pytest.LogCaptureFixture
) -> None:
    item = folder.add_slide()
    folder.annotate(item, LEFT, point(50, 50))
    folder.annotate(item, RIGHT, point(200, 50), name="others")
    kept, gone = folder.client.get("annotation", {"itemId": item, "sort": "created"})

    def happens() -> None:
        body = {"name": "labels", "elements": [LEFT, point(50, 50), point(70, 70)]}
        folder.client.put(f"annotation/{kept['_id']}", json=body)
        folder.client.delete(f"annotation/{gone['_id']}")

    manifest = run(wanted, Meanwhile(happens))
    assert points(manifest) == [1, 1]
    record = {one.id: one for one in manifest.slides[0].annotations}[kept["_id"]]
    assert record.version == kept["_version"] < (record.changed_to or 0)
    told = [message for message in caplog.messages if "during the export" in message]
    assert f"exported was version {kept['_version']}, so export again" in told[0]
    assert "annotation 'others' was removed from it" in told[1]
    assert wanted.out is not None
    check(wanted.out)


def test_a_slide_that_is_deleted_during_an_export_is_named(
    folder: Folder,
    wanted: ExportRequest,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items = [folder.add_slide(name=f"{row}.tif") for row in range(3)]
    for item in items:
        folder.annotate(item, LEFT, point(50, 50))
    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))
    assert wanted.out is not None
    for after in (0.0, 0.2):  # before its labels are read, and before its pixels are fetched
        gone = items.pop()
        with pytest.raises(ArchiveError, match=rf"slide '{len(items)}\.tif' was removed from the"):
            run(wanted, Meanwhile(partial(folder.client.delete, f"item/{gone}"), after))
        assert not wanted.out.exists()
    late = Meanwhile(lambda: folder.client.delete(f"item/{items[0]}"), after=1.0)
    assert len(run(wanted, late).samples) == 1
    assert "slide '0.tif': during the export it was removed from the archive" in caplog.text
