"""How much memory samples may take: of the machine, or of the container that limits it."""

import sys
from pathlib import Path

#: Share of the free memory that samples may take; the rest is for the network, and for everybody else.
_SHARE = 0.5

#: Taken for the free memory where the system does not tell.
_UNKNOWN = 4 << 30

#: For each version of control groups: the limit, what is used, and of it the files that can be dropped.
_LIMITS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)


def memory_for_samples(
    processes: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")
) -> int:
    """Return the bytes of memory that samples may take.

    Args:
        processes: where Linux tells about its memory.
        groups: where it tells about the limits of the container.
    """
    if sys.platform != "linux":
        return round(_SHARE * _UNKNOWN)
    free = [_amounts(processes / "meminfo").get("MemAvailable:", _UNKNOWN >> 10) << 10]
    free += [left for files in _LIMITS if (left := _left(groups, *files)) is not None]
    return round(_SHARE * max(0, min(free)))


def _left(groups: Path, limit: str, used: str, droppable: str) -> int | None:
    """Return the bytes that a control group may still take; None without a limit."""
    most, now = _text(groups / limit).strip(), _text(groups / used).strip()
    if not (most.isdigit() and now.isdigit()):
        return None
    statistics = (groups / limit).with_name("memory.stat")
    return int(most) - int(now) + _amounts(statistics).get(droppable, 0)


def _amounts(path: Path) -> dict[str, int]:
    """Return the numbers of a file of lines such as ``name number``."""
    rows = [line.split() for line in _text(path).splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
