"""The built image as an archive's worker runs it; .ci/image builds it and runs these tests."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from patherea_core.data.store import pack
from patherea_core.seeding import Seed
from plugin import descriptions
from plugin.sandbox.synthetic import MPP, draw_tissue
from tests.core.workflow.cells import write_cells
from tests.image.containers import MARKED, remove_containers

IMAGE = os.environ.get("PATHEREA_TEST_IMAGE", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IMAGE, reason="needs a built image: run .ci/image"),
]

#: Where a worker mounts a job's folder.
MOUNTED = "/mnt/girder_worker/job"


def run(*words: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command of the image to its end, without a network."""
    start = ["docker", "run", "--rm", "--network", "none", *MARKED, *options, IMAGE]
    return subprocess.run([*start, *words], capture_output=True, text=True, check=False)


def mounted(folder: Path) -> tuple[str, ...]:
    return ("--volume", f"{folder}:{MOUNTED}")


def detect(name: str = "picture.png", *words: str) -> tuple[str, ...]:
    """Return the words that detect on a picture of the mounted folder."""
    table = f"{MOUNTED}/cells.csv"
    return (
        *("DetectCells", "--mpp", str(MPP), "--outputTableFile", table),
        *("--outputAnnotationFile", f"{MOUNTED}/cells.anot", *words, f"{MOUNTED}/{name}"),
    )


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Path]:
    """Return a folder as girder_worker makes it for a job, whoever it belongs to, with a picture in it."""
    folder = tmp_path / "job"
    folder.mkdir()
    folder.chmod(0o2777)
    picture = folder / "picture.png"
    Image.fromarray(draw_tissue(Seed(3), 256, 256).pixels).save(picture)
    picture.chmod(0o644)
    yield folder
    shutil.rmtree(folder)


def test_it_answers_as_the_program_does() -> None:
    assert run("--list_cli").stdout.strip() == descriptions.list_text().strip()
    for name in descriptions.names():
        assert run(name, "--xml").stdout.strip() == descriptions.xml_text(name).strip()
        assert f"usage: {name}" in run(name, "--help").stdout


def test_it_is_what_a_worker_expects() -> None:
    answer = subprocess.run(
        ["docker", "image", "inspect", IMAGE], capture_output=True, text=True, check=True
    )
    config: dict[str, Any] = json.loads(answer.stdout)[0]["Config"]
    assert config["Labels"]["com.nvidia.volumes.needed"] == "nvidia_driver"
    assert config["Entrypoint"][0].startswith("/")
    assert config["User"] not in ("", "root", "0")
    assert f"PATHEREA_IMAGE={IMAGE}" in config["Env"]


def test_it_finds_the_cells_that_the_program_finds_outside(job: Path, tmp_path: Path) -> None:
    inside = run(*detect(), options=mounted(job))
    assert inside.returncode == 0, inside.stderr
    outside = tmp_path / "outside.csv"
    subprocess.run(
        [
            *(sys.executable, "-m", "plugin", "DetectCells", "--mpp", str(MPP)),
            *("--outputTableFile", outside, "--outputAnnotationFile", tmp_path / "outside.anot"),
            job / "picture.png",
        ],
        check=True,
        capture_output=True,
    )
    ours, theirs = cells(job / "cells.csv"), cells(outside)
    assert ours
    assert [cell["class"] for cell in ours] == [cell["class"] for cell in theirs]
    for key in ("x", "y", "score"):
        np.testing.assert_allclose(
            [float(cell[key]) for cell in ours], [float(cell[key]) for cell in theirs], atol=0.02
        )


@pytest.mark.parametrize("user", [None, "12345:0", "0:0"])
def test_results_can_be_read_by_others_whoever_the_job_runs_as(job: Path, user: str | None) -> None:
    as_user = ("--user", user) if user else ()
    ended = run(*detect(), options=(*mounted(job), *as_user))
    assert ended.returncode == 0, ended.stderr
    expected = int(user.split(":")[0]) if user else 1000
    for name in ("cells.csv", "cells.anot"):
        facts = (job / name).stat()
        assert facts.st_uid == expected
        assert facts.st_mode & 0o444 == 0o444


def test_nothing_but_the_jobs_folder_and_temporary_files_is_written(job: Path) -> None:
    ended = run(*detect(), options=(*mounted(job), "--read-only", "--tmpfs", "/tmp"))  # noqa: S108  the container's
    assert ended.returncode == 0, ended.stderr


def test_a_slide_that_only_its_owner_may_read_takes_the_owner(job: Path) -> None:
    (job / "picture.png").chmod(0o600)
    os.chown(job / "picture.png", 4321, 4321)
    refused = run(*detect(), options=mounted(job))
    assert refused.returncode == 2
    assert "picture.png" in refused.stderr
    assert "Traceback" not in refused.stderr
    granted = run(*detect(), options=(*mounted(job), "--user", "4321:4321"))
    assert granted.returncode == 0, granted.stderr


def test_it_trains_a_model_and_detects_with_it(job: Path, tmp_path: Path) -> None:
    write_cells(tmp_path / "dataset", samples=4, side=128, count=12)
    pack(tmp_path / "dataset", job / "dataset.zip")
    trained = run(
        *("TrainDetector", "--inputDatasetFile", f"{MOUNTED}/dataset.zip"),
        *("--epochs", "1", "--device", "cpu"),
        *("--outputModelFile", f"{MOUNTED}/model.safetensors"),
        options=mounted(job),
    )
    assert trained.returncode == 0, trained.stderr
    model = f"{MOUNTED}/model.safetensors"
    ended = run(*detect("picture.png", "--inputModelFile", model), options=mounted(job))
    assert ended.returncode == 0, ended.stderr


def test_a_gpu_that_is_not_there_is_refused(job: Path) -> None:
    ended = run(*detect("picture.png", "--device", "cuda"), options=mounted(job))
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_a_request_to_stop_ends_a_long_run_within_ten_seconds(job: Path) -> None:
    tissue = draw_tissue(Seed(3), 512, 512).pixels
    tifffile.imwrite(job / "large.tif", np.tile(tissue, (12, 12, 1)), tile=(256, 256))
    started = subprocess.run(
        [
            # One thread: several would wait for each other where other programs run.
            *("docker", "run", "--detach", "--network", "none", "--env", "OMP_NUM_THREADS=1"),
            *(*MARKED, *mounted(job), IMAGE),
            *detect("large.tif", "--tileSize", "256"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    try:
        await_log(started, " cells")  # of the first tiles, while most are still to do
        begun = time.monotonic()
        # Longer than a worker waits, so that a stop by force would show in the time and in the code.
        subprocess.run(["docker", "stop", "-t", "60", started], check=True, capture_output=True)
        seconds = time.monotonic() - begun
        assert state(started) == 1, log_of(started)
        assert seconds < 10
        assert list(job.glob(".*.journal"))  # what the same command goes on with
        assert "stopped on request" in log_of(started)
    finally:
        remove_containers()


def test_histomicstk_finds_nuclei() -> None:
    program = """
import numpy as np
from histomicstk.preprocessing.color_deconvolution import color_deconvolution, stain_color_map
from histomicstk.segmentation.nuclear import detect_nuclei_kofahi
from patherea_core.seeding import Seed
from plugin.sandbox.synthetic import draw_tissue
pixels = draw_tissue(Seed(3), 256, 256).pixels
vectors = np.array([stain_color_map[stain] for stain in ("hematoxylin", "dab", "null")]).T
stain = color_deconvolution(pixels, vectors).Stains[:, :, 0]
found = detect_nuclei_kofahi(stain, stain < 150, 4, 10, 20, 8)
print(len(np.unique(found)) - 1)
"""
    ended = run("-P", "-c", program, options=("--entrypoint", "python"))
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 10


def await_log(container: str, text: str) -> None:
    """Wait until a container has written a text; fail if it ends before."""
    for _ in range(600):
        if text in log_of(container):
            return
        assert state(container) is None, log_of(container)
        time.sleep(0.2)
    raise AssertionError(log_of(container))


def log_of(container: str) -> str:
    ended = subprocess.run(
        ["docker", "logs", container], capture_output=True, text=True, check=True
    )
    return ended.stdout + ended.stderr


def state(container: str) -> int | None:
    """Return the exit code of a container, None while it runs."""
    form = "{{.State.Running}} {{.State.ExitCode}}"
    ended = subprocess.run(
        ["docker", "inspect", "--format", form, container],
        capture_output=True,
        text=True,
        check=True,
    )
    running, code = ended.stdout.split()
    return None if running == "true" else int(code)
