"""What detection on whole slides takes, from the command to the results: seconds, memory and bytes.

``python -m training.benchmarks.slides --work FOLDER ... [-- OPTIONS]`` prints a Markdown table. ``patherea
detect`` runs once on each slide, as a person would run it; OPTIONS are its own.

* ``--slides``: every slide of a folder.
* ``--fields``: a slide composed of the pictures of a folder, side by side, such as fields of a camera.
* ``--data``: slides composed of the images of a dataset, one for each of ``--sides``. They show the same in
  the same shape, and differ in size alone.

What is composed has blank parts, and is kept in the folder like the results. What was measured is not
measured again by the same words, so a benchmark that was stopped goes on.
"""

import argparse
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from patherea_core.errors import InputError
from training.benchmarks.options import counts
from training.benchmarks.slides_composed import (
    Mosaic,
    dataset_pictures,
    field_pictures,
    mosaic,
    write_slide,
)
from training.benchmarks.slides_measured import Run, detection

_NO_SLIDE = {".md", ".txt", ".json", ".csv"}


@dataclass(frozen=True, slots=True)
class Case:
    """A slide to measure.

    Attributes:
        slide: the file.
        options: words of ``patherea detect`` for it alone.
    """

    slide: Path
    options: tuple[str, ...] = ()


def folder_cases(folder: Path, sizes: Mapping[str, str]) -> Iterator[Case]:
    """Yield the slides of a folder, in the order of their names.

    Args:
        folder: of slides and of texts about them, which are left out.
        sizes: micrometres of a pixel by name, of slides that do not say.
    """
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() not in _NO_SLIDE:
            yield Case(path, ("--mpp", sizes[path.name]) if path.name in sizes else ())


def composed(path: Path, made: Callable[[], Mosaic]) -> Case:
    """Return a slide that is composed, unless it was before."""
    if not path.exists():
        write_slide(made(), path)
    return Case(path)


def table(runs: Mapping[str, Run]) -> str:
    """Return a Markdown table of what each run took."""
    head = (
        *("slide", "pixels", "mm²", "cells", "s", "s/mm²", "processor s/mm²"),
        *("peak MiB", "results, kB", "of the time"),
    )
    lines = [head, ("---", *["--:"] * (len(head) - 2), "---")]
    lines += [_line(name, run) for name, run in runs.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _line(name: str, run: Run) -> tuple[str, ...]:
    used, area = run.usage, run.square_millimetres
    width, height = run.pixels
    return (
        name,
        f"{width:,} × {height:,}",
        f"{area:.3g}",
        f"{run.cells:,}",
        f"{used.seconds:,.1f}",
        f"{used.seconds / area:.3g}",
        f"{used.processor_seconds / area:.3g}",
        f"{used.peak_mib:,.0f}",
        f"{run.bytes_written / 1000:,.0f}",
        _shares(run),
    )


def _shares(run: Run) -> str:
    """Return which share of the time went into what, in words; of the rest the record does not tell."""
    named = {**run.timings, "rest": run.usage.seconds - sum(run.timings.values())}
    return ", ".join(f"{name} {seconds / run.usage.seconds:.1%}" for name, seconds in named.items())


def _cases(given: argparse.Namespace) -> Iterator[Case]:
    """Yield all slides that are asked for, composed when their turn comes."""
    if given.slides:
        yield from folder_cases(given.slides, dict(given.mpp))
    if given.fields:
        sides = (given.fields_side, given.fields_side)
        yield composed(
            given.work / f"fields-{given.fields.parent.name}-{given.fields_side}.tif",
            lambda: mosaic(field_pictures(given.fields), sides, given.fields_mpp),
        )
    if given.data:
        for side in given.sides:
            yield composed(given.work / f"composed-{side}.tif", _of_dataset(given.data, side))


def _of_dataset(folder: Path, side: int) -> Callable[[], Mosaic]:
    return lambda: mosaic(dataset_pictures(folder, 0.25), (side, side), 0.25)


def _pixel_size(text: str) -> tuple[str, str]:
    name, found, size = text.rpartition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"give FILE=UM, say slide.svs=0.25, not {text!r}")
    return name, size


def _program(text: str | None) -> list[str]:
    """Return the words that start the program: those given, or those of the one beside this interpreter.

    Raises:
        InputError: it is not installed.
    """
    if text:
        return shlex.split(text)
    found = shutil.which("patherea", path=str(Path(sys.executable).parent))
    if not found:
        raise InputError(f"there is no patherea beside {sys.executable}; give --patherea COMMAND")
    return [found]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="training.benchmarks.slides",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--work", type=Path, required=True, help="folder for composed slides and for results")
    add("--slides", type=Path, metavar="FOLDER", help="slides to work on")
    add(
        "--mpp",
        type=_pixel_size,
        action="append",
        default=[],
        metavar="FILE=UM",
        help="pixel size of a slide that does not say",
    )
    add("--fields", type=Path, metavar="FOLDER", help="pictures to compose a slide of")
    add("--fields-mpp", type=float, default=0.1, help="their pixel size (default: 0.1)")
    add("--fields-side", type=int, default=20_480, help="sides of that slide (default: 20480)")
    add("--data", type=Path, metavar="FOLDER", help="dataset to compose slides of")
    add("--sides", type=counts, default=(4_000, 12_000, 40_000), help="of these, in pixels")
    add("--patherea", metavar="COMMAND", help="default: the one beside this Python")
    add("options", nargs="*", help="after --: options of patherea detect, for all slides")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; after each slide, say on standard error that it is done."""
    given = _options().parse_args(arguments)
    given.work.mkdir(parents=True, exist_ok=True)
    program, runs = _program(given.patherea), {}
    for case in _cases(given):
        name = case.slide.name
        options = (*case.options, *given.options)
        runs[name] = detection(program, case.slide, given.work / f"{name}.csv", options)
        sys.stderr.write(f"{name}: {runs[name].usage.seconds:.1f} s\n")
    sys.stdout.write(table(runs))


if __name__ == "__main__":
    main()
