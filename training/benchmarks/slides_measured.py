"""One run of the ``patherea`` command on a slide, as a person sees it: seconds, memory, results."""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from patherea_core.errors import InputError
from patherea_core.files import write_whole

#: Bytes of the end of what a program said that failed, for the message.
_LAST_WORDS = 2000


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of a program took.

    Attributes:
        command: the words of the program.
        seconds: from its start to its end, as a clock on the wall counts.
        processor_seconds: of all its threads.
        peak_mib: the most memory it held at once (resident, libraries included), in MiB. A program takes
            over what the one that started it held at most, so it is never less than that.
    """

    command: tuple[str, ...]
    seconds: float
    processor_seconds: float
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of detection on a slide took and gave.

    Attributes:
        usage: of the program.
        pixels: width and height of the slide in base pixels.
        square_millimetres: of tissue, where it was looked for cells.
        cells: that were found.
        timings: seconds by what they were spent on, as far as the record of the run tells.
        bytes_written: size of the results.
    """

    usage: Usage
    pixels: tuple[int, int]
    square_millimetres: float
    cells: int
    timings: Mapping[str, float]
    bytes_written: int


def detection(command: Sequence[str], slide: Path, out: Path, options: Sequence[str]) -> Run:
    """Return what detection on a slide takes: measured now, or before by the same words.

    Args:
        command: the words that start ``patherea``.
        slide: the file.
        out: the file of results; its record, and what was measured, lie beside it.
        options: further words of ``patherea detect``.

    Raises:
        InputError: the program fails; the message ends with its last words.
        OutputError: what was measured cannot be written.
    """
    words = (*command, "detect", str(slide), "--out", str(out), *options)
    kept = out.with_name(f"{out.name}.usage.json")
    used = _kept(kept, words)
    if used is None:
        for left in (out, kept, _record(out), *out.parent.glob(f".{out.name}.*.journal")):
            left.unlink(missing_ok=True)
        used = usage(words)
        write_whole(kept, f"{json.dumps(asdict(used), indent=1)}\n".encode())
    record = json.loads(_record(out).read_bytes())["slides"][0]
    return Run(
        usage=used,
        pixels=(record["slide"]["width"], record["slide"]["height"]),
        square_millimetres=looked_at(record),
        cells=sum(record["counts"].values()),
        timings=record["timings"],
        bytes_written=out.stat().st_size,
    )


def usage(words: Sequence[str]) -> Usage:
    """Return what a program takes that ends well.

    Raises:
        InputError: it does not; the message ends with its last words.
    """
    started = time.monotonic()
    with subprocess.Popen(  # noqa: S603  the person at the shell names the program
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as program:
        assert program.stderr is not None
        said = program.stderr.read()
        # One that is waited for in this way tells of itself only, not of those before it.
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if program.returncode:
        last = said[-_LAST_WORDS:].decode(errors="replace").strip()
        raise InputError(f"{' '.join(words)} ended with {program.returncode}: {last}")
    return Usage(tuple(words), seconds, used.ru_utime + used.ru_stime, _mib(used))


def looked_at(record: Mapping[str, Any]) -> float:
    """Return the mm² of tissue of a slide of a record; those of the slide, if tissue was not looked for."""
    for check in record["parameters"]["preflight"]:
        area = re.match(r"([\d.e+]+) mm²", check["found"])
        if check["name"] == "tissue" and area:
            return float(area[1])
    slide = record["slide"]
    return float(slide["width"] * slide["height"] * (slide["base_mpp"] / 1000) ** 2)


def _mib(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def _record(out: Path) -> Path:
    return out.with_name(f"{out.name}.run.json")


def _kept(path: Path, words: Sequence[str]) -> Usage | None:
    """Return what was measured before by the same words, if it was."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    command = tuple(found.pop("command"))
    return Usage(command, **found) if command == tuple(words) else None
