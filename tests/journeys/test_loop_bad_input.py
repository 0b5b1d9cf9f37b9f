"""Bad input and a vanishing archive, against a real one: one sentence each, nothing half-written."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely

from patherea_core.data.store import check
from patherea_core.errors import (
    AnnotationError,
    ArchiveError,
    CredentialsError,
    InputError,
    PathereaError,
    ScaleError,
    TaxonomyError,
)
from patherea_core.progress import Silent
from plugin.commands import detect_on_item
from plugin.commands.export_dataset import ExportRequest, run
from plugin.commands.slide_plan import DetectSettings
from plugin.dsa.session import connect
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.breaking_proxy import BreakingProxy, breaking_proxy
from tests.plugin.archive import point, polygon, square
from tests.plugin.bundles import write_model

pytestmark = pytest.mark.dsa

SQUARES = (square(0, 0, 100), square(150, 0, 100))


@pytest.fixture
def folder(sandbox: SandboxProcess, tmp_path: Path) -> Folder:
    return Folder(sandbox, tmp_path)


@pytest.fixture
def slide(folder: Folder) -> str:
    return folder.add_slide()


@pytest.fixture
def proxy(sandbox: SandboxProcess) -> Iterator[BreakingProxy]:
    with breaking_proxy(sandbox.api_url) as running:
        yield running


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.dsa.session._PAUSES", (0.0,))
    monkeypatch.setattr("plugin.dsa.delivery._PAUSES", (0.0,))


@pytest.fixture
def wanted(folder: Folder, tmp_path: Path) -> ExportRequest:
    return ExportRequest(
        api_url=folder.sandbox.api_url,
        token=folder.sandbox.token,
        folder_id=folder.id,
        out=tmp_path / "dataset",
        folds=2,
    )


def place(request: ExportRequest) -> Path:
    """Return the folder into which is exported."""
    assert request.out is not None
    return request.out


def refused(
    request: ExportRequest,
    kind: type[PathereaError],
    *words: str,
    **changes: Any,  # noqa: ANN401
) -> None:
    """Export, and check that it is refused in one sentence with nothing left behind."""
    with pytest.raises(kind) as caught:
        run(replace(request, **changes), Silent())
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(place(request).parent.iterdir()) == []


def test_a_point_outside_is_named_by_the_archives_own_id(
    folder: Folder, slide: str, wanted: ExportRequest
) -> None:
    ids = folder.annotate(slide, *SQUARES, point(50, 50), point(120, 200))
    refused(wanted, AnnotationError, ids[3], "'labels'", "(120.0, 200.0)", "move it")
    assert run(replace(wanted, points_outside="drop"), Silent()).samples[0].points == 1


def test_an_unknown_class_is_named_with_its_element(
    folder: Folder, slide: str, wanted: ExportRequest
) -> None:
    ids = folder.annotate(slide, *SQUARES, point(50, 50, "tumour"))
    refused(wanted, TaxonomyError, ids[2], "'tumour'", "positive", classes=("positive",))


def test_a_crossed_outline_is_named(folder: Folder, slide: str, wanted: ExportRequest) -> None:
    ids = folder.annotate(slide, polygon((0, 0), (50, 50), (50, 0), (0, 50)), point(5, 5))
    refused(wanted, AnnotationError, ids[0], "'labels'", "crosses itself")


def test_an_empty_annotation_is_named(folder: Folder, slide: str, wanted: ExportRequest) -> None:
    folder.annotate(slide, *SQUARES, point(50, 50))
    folder.annotate(slide, name="nothing yet")
    refused(wanted, AnnotationError, "'nothing yet'", "is empty")
    assert run(replace(wanted, annotations="labels"), Silent()).samples


def test_regions_without_a_point_are_valid(
    folder: Folder, slide: str, wanted: ExportRequest
) -> None:
    folder.annotate(slide, *SQUARES)
    manifest = run(replace(wanted, classes=("positive",)), Silent())
    assert [record.points for record in manifest.samples] == [0, 0]
    check(place(wanted))


def test_a_slide_without_resolution_is_refused_unless_it_is_given(
    folder: Folder, wanted: ExportRequest
) -> None:
    folder.annotate(folder.add_slide(mpp=None), *SQUARES, point(50, 50))
    refused(wanted, ScaleError, "slide.tif", "--slide-mpp")
    assert run(replace(wanted, mpp_override=0.3), Silent()).mpp == 0.3


def test_wrong_credentials_are_refused_without_naming_them(wanted: ExportRequest) -> None:
    refused(wanted, CredentialsError, "does not accept the token", token="wrong-token")
    with pytest.raises(CredentialsError, match="'nobody'") as caught:
        connect(wanted.api_url, login="nobody", password="wrong-password")
    assert "wrong-password" not in str(caught.value)


def test_a_login_and_password_sign_in(sandbox: SandboxProcess) -> None:
    session = connect(sandbox.api_url, login=sandbox.login, password=sandbox.password)
    assert session.get("user/me")["login"] == sandbox.login


def test_a_folder_that_is_not_there_is_refused(wanted: ExportRequest) -> None:
    refused(wanted, InputError, "has no folder", folder_id="0" * 24)


@pytest.mark.usefixtures("no_waiting")
def test_an_archive_that_vanishes_during_an_export_leaves_nothing_half_written(
    folder: Folder, slide: str, wanted: ExportRequest, proxy: BreakingProxy
) -> None:
    folder.annotate(slide, *SQUARES, point(50, 50))
    whole = replace(wanted, api_url=proxy.api_url)
    run(replace(whole, out=place(wanted).with_name("whole")), Silent())
    requests = proxy.requests
    check(place(wanted).with_name("whole"))
    for path in sorted(place(wanted).parent.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    for breaks_at in range(1, requests + 1):
        proxy.requests, proxy.breaks_at = 0, breaks_at
        refused(whole, ArchiveError, "does not answer")


@pytest.mark.usefixtures("no_waiting")
def test_an_archive_that_vanishes_during_an_upload_keeps_no_part_of_it(
    folder: Folder, slide: str, proxy: BreakingProxy, tmp_path: Path
) -> None:
    request = detect_on_item.DetectOnItemRequest(
        api_url=proxy.api_url,
        token=folder.sandbox.token,
        item_id=slide,
        model=write_model(tmp_path / "model.safetensors"),
        settings=DetectSettings(region=shapely.box(10, 10, 60, 50), threshold=0.3),
        device="cpu",
    )
    (document,) = detect_on_item.run(request, Silent())
    assert folder.annotations(slide) == [document.name]
    upload = proxy.requests
    proxy.requests, proxy.breaks_at = 0, upload
    with pytest.raises(ArchiveError, match="does not answer"):
        detect_on_item.run(request, Silent())
    assert folder.annotations(slide) == [document.name]


def test_two_runs_leave_two_annotations(folder: Folder, slide: str, tmp_path: Path) -> None:
    request = detect_on_item.DetectOnItemRequest(
        api_url=folder.sandbox.api_url,
        token=folder.sandbox.token,
        item_id=slide,
        model=write_model(tmp_path / "model.safetensors"),
        settings=DetectSettings(region=shapely.box(10, 10, 60, 50), threshold=0.3),
        device="cpu",
    )
    names = [detect_on_item.run(request, Silent())[0].name for _ in range(2)]
    assert folder.annotations(slide) == sorted(names)
