"""A process ends with its code and all that it wrote, and is not taken apart first."""

import subprocess
import sys

import pytest

_PROGRAM = """
import atexit
import sys
from plugin.leaving import run_and_leave

class Slow:
    def __del__(self):
        print("taken apart")

keep = Slow()

def main():
    atexit.register(print, "registered for the end")
    print("x" * 100_000)
    {ending}

run_and_leave(main)
"""


def ended(ending: str) -> subprocess.CompletedProcess[str]:
    program = _PROGRAM.format(ending=ending)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("ending", "code"), [("return 0", 0), ("return 2", 2), ("sys.exit()", 0), ("sys.exit(3)", 3)]
)
def test_all_is_written_and_done_but_nothing_taken_apart(ending: str, code: int) -> None:
    process = ended(ending)
    assert process.returncode == code
    assert process.stdout.splitlines() == ["x" * 100_000, "registered for the end"]


def test_an_error_that_nobody_caught_is_still_told() -> None:
    process = ended("raise ValueError('of the program')")
    assert process.returncode == 1
    assert "of the program" in process.stderr
