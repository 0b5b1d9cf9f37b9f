"""HistomicsTK's nuclei detection as another program, and the settings of it that suit some images best."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import Floats, Pixels
from training.benchmarks import histomicstk_worker

Value: TypeAlias = float | bool
Settings: TypeAlias = Mapping[str, Value]

#: What the command takes if nobody says otherwise, for images of 0.5 micrometres a pixel.
DEFAULT: Settings = {
    "normalise": True,
    "enlarged": 1,
    "foreground_threshold": 60,
    "min_radius": 6,
    "max_radius": 20,
    "local_max_search_radius": 10,
    "min_nucleus_area": 80,
}
#: What is tried, one group after another; all combinations within a group. Lengths are pixels of 0.5 µm.
GROUPS: tuple[Mapping[str, Sequence[Value]], ...] = (
    {"normalise": (True, False), "foreground_threshold": (40, 50, 60, 70, 80, 100, 120)},
    {"min_radius": (2, 4, 6, 8), "max_radius": (8, 10, 12, 20)},
    {"local_max_search_radius": (3, 5, 7, 10)},
    {"min_nucleus_area": (20, 40, 80)},
    {"enlarged": (1, 2)},
)
#: Parameters that grow with the magnification, and with which power of it.
_LENGTHS = {"min_radius": 1, "max_radius": 1, "local_max_search_radius": 1, "min_nucleus_area": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Nuclei:
    """What was found in an image.

    Attributes:
        xy: (N, 2) positions in pixels of the image.
        seconds: of the processor.
    """

    xy: Floats
    seconds: float


class Scores:
    """The scores of settings, each taken once; a file keeps them for the next run.

    Args:
        score: what is scored.
        file: where scores are kept, one a line; None keeps them in memory alone.
        what: names that on which settings are scored.
    """

    def __init__(self, score: Callable[[Settings], float], file: Path | None, what: str) -> None:
        self._score, self._file, self._what = score, file, what
        lines = file.read_text().splitlines() if file and file.exists() else []
        kept = [json.loads(line) for line in lines]
        self._known: dict[str, float] = {
            _key(one["settings"]): one["f1"] for one in kept if one["what"] == what
        }

    def __len__(self) -> int:
        return len(self._known)

    @property
    def best(self) -> Settings:
        """The settings of the highest score, those of earlier runs included."""
        found: Settings = json.loads(max(self._known, key=self._known.__getitem__))
        return found

    def __call__(self, settings: Settings) -> float:
        """Return the score of settings."""
        key = _key(settings)
        if key not in self._known:
            self._known[key] = self._score(settings)
            line = {"what": self._what, "f1": self._known[key], "settings": dict(settings)}
            sys.stderr.write(f"{json.dumps(line)}\n")
            if self._file:
                with self._file.open("a") as file:
                    file.write(f"{json.dumps(line)}\n")
        return self._known[key]


class Worker:
    """HistomicsTK in a program of its own, for as long as the context lasts.

    Args:
        python: an interpreter that has HistomicsTK.
        folder: for the files that go to and fro.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self._words = (str(python), str(Path(histomicstk_worker.__file__)))
        self._folder = folder
        self._program: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._program = subprocess.Popen(  # noqa: S603  the person at the shell names the program
            self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._program is not None:
            self._program.communicate()

    def detect(self, pixels: Pixels, settings: Settings) -> Nuclei:
        """Return the nuclei of an image of 0.5 micrometres a pixel.

        Raises:
            InputError: the program has ended; what it said is on standard error.
        """
        image, out = self._folder / "image.npy", self._folder / "nuclei.csv"
        np.save(image, pixels)
        asked = {"image": str(image), "settings": magnified(settings), "out": str(out)}
        program = self._program
        assert program is not None
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            program.stdin.write(f"{json.dumps(asked)}\n")
            program.stdin.flush()
            answer = program.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise InputError(
                f"{self._words[0]} failed at nuclei detection; see above, and whether it has histomicstk"
            )
        with out.open(newline="") as file:
            rows = [[float(value) for value in row] for row in list(csv.reader(file))[1:]]
        return Nuclei(np.array(rows).reshape(-1, 2), json.loads(answer)["seconds"])


def magnified(settings: Settings) -> Settings:
    """Return settings for the enlarged image from those in pixels of 0.5 micrometres."""
    factor = settings["enlarged"]
    return {name: value * factor ** _LENGTHS.get(name, 0) for name, value in settings.items()} | {
        "normalise": settings["normalise"]
    }


def tuned(
    score: Callable[[Settings], float],
    groups: Sequence[Mapping[str, Sequence[Value]]] = GROUPS,
    rounds: int = 2,
) -> Settings:
    """Return the best settings that were found.

    Groups take turns: all combinations of a group are tried with what is best so far of the others. It
    ends when a round changes nothing.

    Args:
        score: what is to be as high as possible.
        groups: values to try.
        rounds: turns of each group at the most.
    """
    best = dict(DEFAULT)
    for _ in range(rounds):
        before = dict(best)
        for group in groups:
            tries = [
                best | dict(zip(group, values, strict=True)) for values in product(*group.values())
            ]
            best = max((best, *tries), key=score)
        if best == before:
            break
    return best


def _key(settings: Settings) -> str:
    return json.dumps(dict(settings), sort_keys=True)
