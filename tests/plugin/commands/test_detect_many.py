"""Detection on many slides, with workers in this very process and a small network of random weights."""

import csv
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from distributed import Client, LocalCluster, get_worker

from patherea_core.errors import Cancelled, IncompleteError, InputError, OutputError, PathereaError
from patherea_core.files import at_work_on
from patherea_core.progress import Silent
from plugin.commands import detect_cells, detect_many
from plugin.commands.detect_many import DetectManyRequest, run
from plugin.commands.detect_request import DetectRequest
from plugin.many import dispatch
from plugin.many.board import SlideEntry
from plugin.many.slide_task import Reporting, Task, program_here
from tests.builders import noise
from tests.fakes import RecordingProgress
from tests.plugin.bundles import write_model
from tests.plugin.slide_files import write_image


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    threads = torch.get_num_threads()
    # Workers that look for memory they may not need would only slow the tests down.
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        dashboard_address=None,
        memory_limit=0,
    ) as running:
        yield running
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture
def wanted(
    model: Path, tmp_path: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> DetectManyRequest:
    """Two slides, to be done by the workers of this process."""
    monkeypatch.setattr(detect_many, "_STEP", 0.05)
    (tmp_path / "slides").mkdir()
    for number, name in enumerate(("a", "b")):
        write_image(tmp_path / "slides" / f"{name}.png", noise(64, 48, seed=number))
    each = DetectRequest(
        inputs=(tmp_path / "slides",),
        out=tmp_path / "{slide}.csv",
        model=model,
        mpp=0.25,
        device="cpu",
        threshold=0.3,
    )
    return DetectManyRequest(each=each, scheduler=cluster.scheduler_address, retries=1)


def serial(request: DetectRequest, name: str) -> bytes:
    """Return what a run of its own writes for one slide."""
    (folder,) = request.inputs
    alone = replace(request, inputs=(folder / f"{name}.png",), out=folder.parent / "alone.csv")
    detect_cells.run(alone, Silent())
    return alone.out.read_bytes()


def states(slides: tuple[SlideEntry, ...]) -> dict[str, str]:
    return {slide.name: slide.state.value for slide in slides}


def table(request: DetectManyRequest) -> dict[str, dict[str, str]]:
    return {row["slide"]: row for row in csv.DictReader(request.table.read_text().splitlines())}


def test_each_slide_gets_what_a_run_of_its_own_would_write(wanted: DetectManyRequest) -> None:
    progress = RecordingProgress()
    assert states(run(wanted, progress)) == {"a": "done", "b": "done"}
    for name in ("a", "b"):
        out = wanted.table.with_name(f"{name}.csv")
        assert out.read_bytes() == serial(wanted.each, name)
        row = table(wanted)[name]
        assert int(row["cells"]) == len(out.read_text().splitlines()) - 1 > 0
        assert int(row["cells"]) == int(row["cells: positive"]) + int(row["cells: negative"])
        assert float(row["mm2"]) == pytest.approx(64 * 64 * 0.25**2 / 1e6)
    assert progress.fractions == sorted(progress.fractions)
    assert progress.reports[-1][1].startswith("2 done; ")


def test_folders_of_results_are_made(wanted: DetectManyRequest, tmp_path: Path) -> None:
    out = tmp_path / "new" / "results" / "{slide}" / "cells.csv"
    request = replace(wanted, each=replace(wanted.each, out=out))
    assert set(states(run(request, Silent())).values()) == {"done"}
    assert request.table.exists()
    assert (tmp_path / "new" / "results" / "a" / "cells.csv").exists()


def test_what_is_done_is_left_out_without_a_worker(
    wanted: DetectManyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(wanted, Silent())
    before = wanted.table.read_text()
    monkeypatch.setattr(detect_many, "running_cluster", None)
    assert states(run(wanted, Silent())) == {"a": "done before", "b": "done before"}
    assert states(run(wanted, Silent())) == {"a": "done before", "b": "done before"}
    assert wanted.table.read_text() == before.replace(",done,1,", ",done before,0,")


@pytest.mark.parametrize("change", ["slide", "results", "settings", "table"])
def test_what_is_not_as_it_was_is_looked_at_again(
    wanted: DetectManyRequest, tmp_path: Path, change: str
) -> None:
    run(wanted, Silent())
    expected = {"a": "done", "b": "done before"}
    if change == "slide":
        write_image(tmp_path / "slides" / "a.png", noise(64, 48, seed=9))
    elif change == "results":
        (tmp_path / "a.csv").write_text("image,x,y,class,score\n")
    elif change == "settings":
        wanted = replace(wanted, each=replace(wanted.each, threshold=0.31))
        expected["b"] = "done"
    else:
        # Then the records of the slides say it, which takes reading them.
        wanted.table.unlink()
        expected["a"] = "done before"
    assert states(run(wanted, Silent())) == expected
    assert (tmp_path / "a.csv").read_bytes() == serial(wanted.each, "a")


def test_a_slide_that_fails_does_not_stop_the_others(
    wanted: DetectManyRequest, tmp_path: Path
) -> None:
    (tmp_path / "slides" / "0.png").write_bytes(b"no image")
    (tmp_path / "list.csv").write_text("slide,mpp\nslides,0.5\ngone.tif,\n")
    wanted = replace(wanted, each=replace(wanted.each, inputs=(tmp_path / "list.csv",)))
    with pytest.raises(
        IncompleteError, match=r"2 of 4 slides are not done, first 0: .*slides\.csv"
    ):
        run(wanted, Silent())
    rows = table(wanted)
    assert {name: row["state"] for name, row in rows.items()} == {
        "0": "failed",
        "a": "done",
        "b": "done",
        "gone": "failed",
    }
    assert "0.png" in rows["0"]["message"]
    assert rows["gone"]["message"] == f"{tmp_path / 'gone.tif'} is not there; check its path"
    assert [rows[name]["attempts"] for name in ("0", "a", "gone")] == ["2", "1", "1"]
    assert float(rows["a"]["mm2"]) == pytest.approx(64 * 48 * 0.5**2 / 1e6)


def test_a_run_that_was_stopped_is_gone_on_with(wanted: DetectManyRequest, tmp_path: Path) -> None:
    wanted = replace(wanted, each=replace(wanted.each, tile_size=32, everywhere=True))
    with pytest.raises(Cancelled, match=r"0 of 2 slides are done; the same command goes on"):
        run(wanted, RecordingProgress(stop_at=0.0))
    assert {row["state"] for row in table(wanted).values()} == {"waiting"}
    assert states(run(wanted, Silent())) == {"a": "done", "b": "done"}
    assert (tmp_path / "a.csv").read_bytes() == serial(wanted.each, "a")


def test_two_programs_do_not_write_one_table(wanted: DetectManyRequest) -> None:
    with at_work_on(wanted.table), pytest.raises(OutputError, match=r"another run .*slides\.csv"):
        run(wanted, Silent())
    assert not wanted.table.exists()


def test_a_slide_that_another_run_is_at_is_left_to_it(wanted: DetectManyRequest) -> None:
    with (
        at_work_on(wanted.table.with_name("a.csv")),
        pytest.raises(IncompleteError, match=r"1 of 2 slides are not done, first a: another run"),
    ):
        run(wanted, Silent())
    assert {name: row["state"] for name, row in table(wanted).items()} == {
        "a": "failed",
        "b": "done",
    }


def test_a_worker_with_another_version_is_refused(
    wanted: DetectManyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "program_here", _Here())
    with pytest.raises(InputError, match=r"worker .* runs patherea 9\.9, but this is patherea"):
        run(wanted, Silent())


class _Here:
    """Answers for this program when it is called, and for another one where it is sent."""

    def __call__(self) -> tuple[str, str]:
        return program_here()

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Elsewhere, ())


class _Elsewhere:
    def __call__(self) -> tuple[str, str]:
        return "patherea 9.9", ""


def test_a_failure_that_nobody_foresaw_is_that_of_its_slide_alone(
    wanted: DetectManyRequest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original = detect_cells.detect

    def detect(request: DetectRequest, *rest: Any) -> Any:  # noqa: ANN401  as the original
        if request.inputs[0].name == "a.png":
            raise ZeroDivisionError("by zero")
        return original(request, *rest)

    monkeypatch.setattr(detect_cells, "detect", detect)
    with pytest.raises(IncompleteError, match="1 of 2 slides"):
        run(wanted, Silent())
    assert table(wanted)["a"]["attempts"] == "1"
    assert "that should not (ZeroDivisionError); please report it" in table(wanted)["a"]["message"]
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"inputs": (Path("a/x.tif"), Path("b/x.tif"))}, InputError, "two inputs are called"),
        ({"out": Path("/proc/nowhere/{slide}.csv")}, OutputError, r"cannot write .*slides\.csv"),
        ({"out": Path("{slide}.xyz")}, InputError, "must end in one of"),
        ({"also": (Path("{slide}.csv"),), "out": Path("{slide}.csv")}, InputError, "twice"),
    ],
)
def test_bad_input_is_refused_before_there_is_a_worker(
    wanted: DetectManyRequest,
    changes: dict[str, Any],
    kind: type[PathereaError],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detect_many, "running_cluster", None)
    with pytest.raises(kind, match=reason):
        run(replace(wanted, each=replace(wanted.each, **changes)), Silent())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"workers": 0, "scheduler": None}, "--workers must be 1 or more"),
        ({"workers": 2}, "leave it or --scheduler out"),
        ({"retries": -1}, "--retries must be 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused(
    wanted: DetectManyRequest, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        replace(wanted, **changes)


def test_a_scheduler_that_is_not_there_is_said(
    wanted: DetectManyRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.many.cluster._ANSWER", 0.5)
    (tmp_path / "broken.json").write_text("{")
    for where in (
        "tcp://127.0.0.1:1",
        str(tmp_path / "no.json"),
        str(tmp_path / "broken.json"),
        "x://",
    ):
        with pytest.raises(InputError, match=r"scheduler"):
            run(replace(wanted, scheduler=where), Silent())


def test_a_worker_stops_when_the_coordinator_is_gone(
    wanted: DetectManyRequest, cluster: LocalCluster
) -> None:
    begun, stopped = threading.Event(), threading.Event()
    heard[:] = [begun, stopped]
    gone = Client(cluster.scheduler_address, set_as_default=False)
    future = gone.submit(linger, Task(0, 1, wanted.each, "nobody listens"))
    assert begun.wait(120)
    assert not stopped.wait(0.2)
    gone.close()
    assert stopped.wait(120)
    del future


#: What a worker in this process tells a test.
heard: list[threading.Event] = []


def linger(task: Task) -> None:
    """Be at work until nobody wants it any more."""
    begun, stopped = heard
    progress = Reporting.of(get_worker(), task)
    begun.set()
    try:
        while True:
            progress.advance(0.5)
            time.sleep(0.02)
    except Cancelled:
        stopped.set()


def test_without_a_worker_one_does_not_wait_for_ever(
    wanted: DetectManyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "PATIENCE", 0.2)
    monkeypatch.setattr(Client, "nthreads", lambda _: {})
    with pytest.raises(InputError, match="there has been no worker"):
        run(wanted, Silent())
