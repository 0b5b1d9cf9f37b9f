"""The demo says what came of the loop and where to look; the loop itself is a stand-in here."""

import json
import logging
import os
import signal
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest
import shapely

from patherea_core.data.manifest import Manifest, class_records
from patherea_core.errors import OutputError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.report import evaluate
from patherea_core.points import Detections, Points
from patherea_core.seeding import Seed
from plugin.commands.detect_on_item import PostedAnnotation
from plugin.sandbox import demo
from plugin.sandbox.demo import DemoRequest, run_demo
from plugin.sandbox.demo_archive import FilledFolder
from plugin.sandbox.demo_loop import LoopResult
from plugin.sandbox.synthetic import TAXONOMY


class FakeSandbox:
    """A sandbox that answers to nobody."""

    api_url = "http://127.0.0.1:1/api/v1"
    histomics_url = "http://127.0.0.1:1/histomics"
    login, password, token = "admin", "password", "token"

    def __init__(self, data: Path) -> None:
        self.data = data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


def fake_result(out: Path) -> LoopResult:
    xy = np.array([[10.0, 10.0], [50.0, 50.0]])
    detections = Detections(xy, np.array([0, 1]), np.ones(2))
    field = Field("region", detections, Points(xy, np.array([0, 1])), shapely.box(0, 0, 90, 90))
    manifest = Manifest(classes=class_records(TAXONOMY), mpp=0.5, folds=1, samples=())
    return LoopResult(
        folder=FilledFolder("folder-1", ("item-1", "item-2")),
        manifest=manifest,
        model=out / "run" / "model.safetensors",
        region=shapely.box(0, 0, 90, 90),
        detections=PostedAnnotation("cells found 1", 3),
        evaluation=evaluate([field], TAXONOMY, 6.0, Seed(0)),
        picture=out / "matches.png",
    )


@pytest.fixture(autouse=True)
def _stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(demo, "SandboxProcess", FakeSandbox)
    monkeypatch.setattr(demo, "draw_slides", lambda *_: None)
    monkeypatch.setattr(demo, "run_loop", lambda *_: fake_result(tmp_path / "out"))
    handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)
    for name, handler in handlers.items():
        signal.signal(name, handler)


def test_without_a_screen_it_ends_with_the_table_the_report_and_how_to_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_demo(DemoRequest(headless=True, out=tmp_path / "out"))

    said = capsys.readouterr().out
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "positive" in said
    assert "chance F1" in said
    assert f"patherea sandbox --data {tmp_path / 'out' / 'archive'}" in said
    assert report["slide"] == "item-2"
    assert report["evaluation"]["mean_f1"] == 1.0


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with demo.alone(tmp_path / "out"):
        (tmp_path / "out").mkdir()
        with pytest.raises(OutputError, match="another demo is running"):
            run_demo(DemoRequest(headless=True, out=tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []
    run_demo(DemoRequest(headless=True, out=tmp_path / "out"))


def test_with_a_screen_it_names_the_address_and_stays_until_it_is_asked_to_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def look(address: str) -> bool:
        opened.append(address)
        os.kill(os.getpid(), signal.SIGINT)
        return True

    monkeypatch.setattr(webbrowser, "open", look)

    run_demo(DemoRequest(out=tmp_path / "out"))

    assert opened == ["http://127.0.0.1:1/histomics#?image=item-2"]
    assert f"{opened[0]}\n" in capsys.readouterr().out
