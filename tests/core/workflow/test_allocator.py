"""What a process frees and takes again is not cleared by the system each time."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import resource, sys
import numpy as np
from patherea_core.workflow.allocator import keep_memory

if sys.argv[1] == "kept":
    assert keep_memory()

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

np.ones(50_000_000, dtype=np.uint8)
before = faults()
for _ in range(10):
    np.ones(50_000_000, dtype=np.uint8)
print(faults() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library of Linux")
def test_pages_are_taken_once_where_memory_is_kept() -> None:
    given_back, kept = (
        int(
            subprocess.run(
                [sys.executable, "-c", SCRIPT, word],
                cwd=Path(__file__).parents[3],
                capture_output=True,
                text=True,
                check=True,
                timeout=280,
            ).stdout
        )
        for word in ("given back", "kept")
    )
    assert given_back > 10 * max(kept, 100)
