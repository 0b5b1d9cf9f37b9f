"""The memory that samples may take is half of what the machine and the container leave."""

import sys
from pathlib import Path

import pytest

from patherea_core.workflow.engine.memory import memory_for_samples

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")

GB = 1 << 30


@pytest.fixture
def processes(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    folder.mkdir()
    (folder / "meminfo").write_text(f"MemTotal: {32 << 20} kB\nMemAvailable: {20 << 20} kB\n")
    return folder


def written(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_a_machine_without_limits_lends_half_of_what_is_available(
    tmp_path: Path, processes: Path
) -> None:
    assert memory_for_samples(processes, tmp_path / "none") == 10 * GB
    groups = written(tmp_path / "groups", memory__max="max\n", memory__current="5\n")
    assert memory_for_samples(processes, groups) == 10 * GB


def test_a_container_lends_half_of_what_it_may_still_take(tmp_path: Path, processes: Path) -> None:
    groups = written(
        tmp_path / "groups",
        memory__max=f"{8 * GB}\n",
        memory__current=f"{5 * GB}\n",
        memory__stat=f"anon 7\ninactive_file {GB}\n",
    )
    assert memory_for_samples(processes, groups) == 2 * GB


def test_the_older_control_groups_are_understood(tmp_path: Path, processes: Path) -> None:
    written(
        tmp_path / "groups" / "memory",
        memory__limit_in_bytes=f"{6 * GB}\n",
        memory__usage_in_bytes=f"{2 * GB}\n",
        memory__stat=f"inactive_file 3\ntotal_inactive_file {2 * GB}\n",
    )
    assert memory_for_samples(processes, tmp_path / "groups") == 3 * GB


def test_a_full_container_lends_nothing(tmp_path: Path, processes: Path) -> None:
    groups = written(tmp_path / "groups", memory__max="100\n", memory__current="900\n")
    assert memory_for_samples(processes, groups) == 0


def test_this_machine_lends_something() -> None:
    assert memory_for_samples() > 0
