"""How long a process takes to end, whatever else the machine is busy with."""

import os
import subprocess
import time
from pathlib import Path


def seconds_to_end(process: subprocess.Popen[str]) -> float:
    """Wait until a process has ended, and return the seconds that it would have taken on an idle machine.

    Left out is what its main thread waited for a processor that others held, where Linux tells. What the
    process has written stays to be read; it must not be more than a pipe holds.
    """
    begun, waited = time.monotonic(), _waited(process)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    return time.monotonic() - begun - (_waited(process) - waited)


def _waited(process: subprocess.Popen[str]) -> float:
    """Return for how many seconds a process could have run and did not, also of one that has just ended."""
    try:
        told = Path(f"/proc/{process.pid}/schedstat").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(told.split()[1]) / 1e9
