"""A detection that is killed or asked to stop: a real process, real signals, the same bytes in the end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import noise
from tests.plugin.bundles import write_model
from tests.plugin.slide_files import write_image
from tests.stopwatch import seconds_to_end

pytestmark = pytest.mark.slow

#: Runs the shell, says whenever a batch of tiles is kept, and lingers before it is.
DRIVER = """
import sys, time
from patherea_core.workflow.detection.journal import Journal
original = Journal.add

def lingering(self, *arguments):
    print("now", flush=True)
    time.sleep(0.2)
    original(self, *arguments)

Journal.add = lingering
from plugin.shell import main
sys.exit(main())
"""

#: Runs the shell, and lingers when a file is written but not yet in place.
WRITER = """
import sys, time
from pathlib import Path

def lingering(self, mode):
    print("now", flush=True)
    time.sleep(600)

Path.chmod = lingering
from plugin.shell import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("slides")
    write_image(made / "a.png", noise(256, 200))
    write_model(made / "model.safetensors")
    return made


def started(
    folder: Path, out: Path, *, driver: str = DRIVER, threshold: str = "0.3"
) -> subprocess.Popen[str]:
    words = ["detect", str(folder / "a.png"), "--mpp", "0.25", "--out", str(out), "--everywhere"]
    words += [
        "--model",
        str(folder / "model.safetensors"),
        "--tile-size",
        "64",
        "--threshold",
        threshold,
    ]
    return subprocess.Popen(
        [sys.executable, "-c", driver, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
    )


def finished(folder: Path, out: Path, threshold: str = "0.3") -> str:
    process = started(folder, out, threshold=threshold)
    _, log = process.communicate(timeout=280)
    assert process.returncode == 0, log
    return log


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("batches", [1, 4])
def test_the_same_command_ends_with_the_same_bytes(
    folder: Path, tmp_path: Path, number: signal.Signals, batches: int
) -> None:
    process = started(folder, tmp_path / "cells.csv")
    assert process.stdout is not None
    for _ in range(batches):
        while process.stdout.readline() != "now\n":
            assert process.poll() is None
    process.send_signal(number)
    assert seconds_to_end(process) < 8
    process.communicate()
    assert process.returncode in {-signal.SIGKILL, 1}
    assert not (tmp_path / "cells.csv").exists()
    log = finished(folder, tmp_path / "cells.csv")
    # What SIGTERM interrupts is kept before the program goes.
    assert ("were done before" in log) == (batches > 1 or number == signal.SIGTERM)
    finished(folder, tmp_path / "at_once.csv")
    assert (tmp_path / "cells.csv").read_bytes() == (tmp_path / "at_once.csv").read_bytes()
    assert not list(tmp_path.glob(".*"))
    assert "has ended already" in finished(folder, tmp_path / "cells.csv")


def test_what_a_run_left_that_was_killed_while_it_wrote_goes_with_the_next(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cells.csv"
    process = started(folder, out, driver=WRITER)
    assert process.stdout is not None
    while process.stdout.readline() != "now\n":
        assert process.poll() is None
    hidden = {path.suffix for path in tmp_path.glob(".*")}
    assert hidden == {".csv", ".journal", ".lock"}
    # Nobody takes away what a living run needs, nor writes the same file beside it.
    beside = started(folder, out, threshold="0.4")
    _, log = beside.communicate(timeout=280)
    assert (beside.returncode, "another run is at work" in log) == (2, True), log
    assert {path.suffix for path in tmp_path.glob(".*")} == hidden
    process.kill()
    process.communicate(timeout=60)
    assert "removed what earlier runs left: .cells.csv." in finished(folder, out, "0.4")
    assert {path.name for path in tmp_path.iterdir()} == {"cells.csv", "cells.csv.run.json"}
