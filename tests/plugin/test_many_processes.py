"""Detection on many slides by real processes, some of which are killed or asked to stop."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from patherea_core.progress import Silent
from plugin.commands.detect_cells import run
from plugin.commands.detect_request import DetectRequest
from tests.builders import noise
from tests.plugin.bundles import write_model
from tests.plugin.slide_files import write_image
from tests.stopwatch import seconds_to_end

pytestmark = pytest.mark.slow

NAMES = ("a", "b", "c")

#: Loaded by every Python of that folder: as soon as a journal can be, batches linger before they are kept.
LAZY = """
import importlib.abc, importlib.util, sys

class Finder(importlib.abc.MetaPathFinder):
    name = "patherea_core.workflow.detection.journal"

    def find_spec(self, name, path, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def then_linger(module):
            import time
            load(module)
            original = module.Journal.add

            def lingering(self, *arguments):
                time.sleep(0.5)
                original(self, *arguments)

            module.Journal.add = lingering

        spec.loader.exec_module = then_linger
        return spec

sys.meta_path.insert(0, Finder())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with slides, a model, and what a run of its own writes for each slide."""
    made = tmp_path_factory.mktemp("many")
    for place in ("slides", "expected"):
        (made / place).mkdir()
    model = write_model(made / "model.safetensors")
    for number, name in enumerate(NAMES):
        slide = made / "slides" / f"{name}.png"
        write_image(slide, noise(256, 128, seed=number))
        out = made / "expected" / f"{name}.csv"
        run(
            DetectRequest(
                inputs=(slide,),
                out=out,
                model=model,
                mpp=0.25,
                device="cpu",
                tile_size=64,
                threshold=0.3,
                everywhere=True,
            ),
            Silent(),
        )
    return made


def words(folder: Path, results: Path, *more: str) -> list[str]:
    given = ["detect", str(folder / "slides"), "--mpp", "0.25", "--everywhere", "--device", "cpu"]
    given += ["--out", str(results / "{slide}.csv"), "--model", str(folder / "model.safetensors")]
    return [*given, "--tile-size", "64", "--threshold", "0.3", *more]


def started(given: list[str], lingering: Path | None = None) -> subprocess.Popen[str]:
    """Return the running program; with a folder for that, its workers linger."""
    path = [str(Path.cwd())]
    if lingering is not None:
        (lingering / "sitecustomize.py").write_text(LAZY)
        path.insert(0, str(lingering))
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from plugin.shell import main; sys.exit(main())",
            *given,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"},
    )


def rows(results: Path) -> dict[str, dict[str, str]]:
    table = results / "slides.csv"
    if not table.exists():
        return {}
    return {row["slide"]: row for row in csv.DictReader(table.read_text().splitlines())}


def require_equal(folder: Path, results: Path) -> None:
    for name in NAMES:
        expected = (folder / "expected" / f"{name}.csv").read_bytes()
        assert (results / f"{name}.csv").read_bytes() == expected
    assert not list(results.glob(".*"))


def wait_for(process: subprocess.Popen[str], results: Path, percent: int) -> dict[str, str]:
    """Return the row of a slide of which so much is done."""
    while process.poll() is None:
        for row in rows(results).values():
            if row["state"] == "running" and int(row["message"].rstrip("%")) >= percent:
                return row
        time.sleep(0.1)
    raise AssertionError(process.communicate()[1])


def workers_of(process: subprocess.Popen[str]) -> dict[str, int]:
    """Return the processes below a process that listen, by where they do."""
    found = {}
    for child in psutil.Process(process.pid).children(recursive=True):
        for connection in child.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                found[f"{connection.laddr.ip}:{connection.laddr.port}"] = child.pid
    return found


def test_two_processes_write_what_one_writes_and_nothing_twice(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "slides" / "broken.tif").write_bytes(b"II*\0no slide")
    try:
        process = started(words(folder, tmp_path, "--workers", "2"))
        _, log = process.communicate(timeout=280)
    finally:
        (folder / "slides" / "broken.tif").unlink()
    assert process.returncode == 1
    assert "1 of 4 slides are not done, first broken: " in log
    assert "Traceback" not in log
    require_equal(folder, tmp_path)
    states = {name: row["state"] for name, row in rows(tmp_path).items()}
    assert states == {"broken": "failed", **dict.fromkeys(NAMES, "done")}
    process = started(words(folder, tmp_path))
    assert seconds_to_end(process) < 60
    _, log = process.communicate()
    assert process.returncode == 0, log
    assert {row["state"] for row in rows(tmp_path).values()} == {"done before"}


def test_a_worker_that_is_killed_is_no_matter(folder: Path, tmp_path: Path) -> None:
    results, lingering = tmp_path / "results", tmp_path / "lingering"
    for place in (results, lingering):
        place.mkdir()
    process = started(words(folder, results, "--workers", "2"), lingering)
    row = wait_for(process, results, 20)
    os.kill(workers_of(process)[row["worker"]], signal.SIGKILL)
    _, log = process.communicate(timeout=280)
    assert process.returncode == 0, log
    assert f"worker {row['worker']} was lost or killed" in log
    require_equal(folder, results)
    assert rows(results)[row["slide"]]["attempts"] == "2"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_same_command_goes_on_where_it_was_stopped(
    folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    results, lingering = tmp_path / "results", tmp_path / "lingering"
    for place in (results, lingering):
        place.mkdir()
    process = started(words(folder, results, "--workers", "1"), lingering)
    wait_for(process, results, 20)
    workers = set(workers_of(process).values())
    # A terminal sends Ctrl-C to the workers as well.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    assert seconds_to_end(process) < 8
    _, log = process.communicate()
    if number != signal.SIGKILL:
        assert process.returncode == 1
        assert "slides are done; the same command goes on" in log
        assert "Traceback" not in log
        assert {row["state"] for row in rows(results).values()} == {"waiting"}
    patience = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < patience
        time.sleep(0.1)
    (journal,) = results.glob(".*.journal")
    kept = journal.stat().st_size
    assert kept > 1000
    process = started(words(folder, results))
    _, log = process.communicate(timeout=280)
    assert process.returncode == 0, log
    require_equal(folder, results)
