"""What a user of the archive has without Patherea, HistomicsTK's nuclei detection, against a model.

``python -m training.benchmarks.histomicstk_comparison MODEL --data FOLDER --histomicstk-python PATH`` prints
a Markdown table of detection F1, whatever the class, and of processor time. The images have 0.5 micrometres a
pixel.

HistomicsTK is tuned first, on images of one fold whose patients are not in the other; a seed draws them. The
other fold is looked at once by each. Both take turns on each image and use one thread.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from patherea_core import detect_cells, load_detector
from patherea_core.data.division import fold_called
from patherea_core.data.manifest import Manifest
from patherea_core.data.sample import Sample
from patherea_core.data.store import read_manifest, read_sample
from patherea_core.errors import InputError
from patherea_core.evaluation.comparison import compare
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.intervals import bootstrap, group_counts
from patherea_core.evaluation.lines import as_text, interval_text
from patherea_core.evaluation.scores import ClassCounts, count_regions
from patherea_core.geometry import Floats, Pixels
from patherea_core.points import Detections, Points
from patherea_core.seeding import Seed
from patherea_core.workflow.predict import Detector
from patherea_core.workflow.runtimes.choice import RUNTIMES
from patherea_core.workflow.runtimes.runtime import Precision
from training.benchmarks.histomicstk_tuning import DEFAULT, Nuclei, Scores, Settings, Worker, tuned
from training.benchmarks.stopwatch import CLOCKS

#: Pixel size of the images, and accepted distance, in micrometres.
_MPP, _RADIUS = 0.5, 3.0
_SEED = Seed(0)

Detect = Callable[[Pixels], Nuclei]


@dataclass(slots=True)
class Timed:
    """One way to detect: what it found in each image, and the seconds of each turn at it."""

    name: str
    detect: Detect
    found: list[Floats] = field(default_factory=list)
    seconds: list[list[float]] = field(default_factory=list)

    def per_mm2(self, samples: Sequence[Sample]) -> float:
        """Return seconds per mm²: of each image the median of its turns."""
        return sum(map(statistics.median, self.seconds)) / sum(map(square_millimetres, samples))


def square_millimetres(sample: Sample) -> float:
    """Return the area of an image."""
    height, width = sample.pixels.shape[:2]
    return float(height * width * (_MPP / 1000) ** 2)


def counted(samples: Sequence[Sample], found: Sequence[Floats]) -> tuple[ClassCounts, ...]:
    """Return hits and misses of each patient, all cells taken as of one class.

    Args:
        samples: labelled images.
        found: (N, 2) positions in each of them, in its pixels.
    """
    fields = [_field(sample, xy).clipped() for sample, xy in zip(samples, found, strict=True)]
    groups, _ = group_counts(fields, count_regions(fields, 1, _RADIUS / _MPP))
    return groups


def _field(sample: Sample, xy: Floats) -> Field:
    everything = Detections(xy, np.zeros(len(xy), dtype=np.int64), np.ones(len(xy)))
    points = Points(sample.points.xy, np.zeros(len(sample.points), dtype=np.int64))
    record = sample.record
    return Field(record.id, everything, points, sample.labelled, record.patient)


def f1_of(samples: Sequence[Sample], worker: Worker, settings: Settings) -> float:
    """Return the F1 that HistomicsTK has on labelled images."""
    found = [worker.detect(sample.pixels, settings).xy for sample in samples]
    return sum(counted(samples, found), ClassCounts.none(1)).any_class.f1 or 0.0


def ours(detector: Detector, pixels: Pixels) -> Nuclei:
    """Return what a model finds in an image."""
    started = CLOCKS["cpu"]()
    xy = detect_cells(detector, pixels, _MPP).detections.xy
    return Nuclei(xy, CLOCKS["cpu"]() - started)


def chosen(folder: Path, manifest: Manifest, folds: tuple[str, str], count: int) -> list[Sample]:
    """Return images to tune on: some of the first fold, none of a patient of the second."""
    first, second = (fold_called(manifest, name) for name in folds)
    looked_at = {record.patient for record in manifest.samples if record.fold == second}
    free = [
        record
        for record in manifest.samples
        if record.fold == first and record.patient not in looked_at
    ]
    rows = _SEED.stream("benchmark histomicstk").permutation(len(free))[:count]
    return [read_sample(folder, manifest, free[row]) for row in sorted(rows.tolist())]


def take_turns(ways: Sequence[Timed], samples: Sequence[Sample], rounds: int) -> None:
    """Let all ways detect in all images, one after another, so many times after one that is not timed."""
    for way in ways:
        way.detect(samples[0].pixels)
    for sample in samples:
        turns = [[way.detect(sample.pixels) for way in ways] for _ in range(rounds)]
        for way, found in zip(ways, zip(*turns, strict=True), strict=True):
            way.found.append(found[-1].xy)
            way.seconds.append([one.seconds for one in found])


def table(ways: Sequence[Timed], samples: Sequence[Sample]) -> str:
    """Return a Markdown table; differences are those of each way from the last one, over patients."""
    lines = [
        "| what | F1 | 95 % | precision | recall | better by | 95 % | processor s/mm² |",
        "|---|--:|---|--:|--:|--:|---|--:|",
    ]
    against = counted(samples, ways[-1].found)
    for way in ways:
        groups = counted(samples, way.found)
        total = sum(groups, ClassCounts.none(1)).any_class
        better = compare(groups, against, _SEED).any_class
        cells = (
            way.name,
            as_text(total.f1),
            interval_text(bootstrap(groups, _SEED).any_class.f1),
            as_text(total.precision),
            as_text(total.recall),
            *(
                ("", "")
                if way is ways[-1]
                else (as_text(better.value), interval_text(better.interval))
            ),
            f"{way.per_mm2(samples):.3g}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="training.benchmarks.histomicstk_comparison",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("model", type=Path, help="a model bundle")
    add("--data", type=Path, required=True, help="a dataset folder, 0.5 micrometres a pixel")
    add("--histomicstk-python", type=Path, required=True, help="a Python that has histomicstk")
    add("--folds", nargs=2, default=("train", "val"), metavar="FOLD", help="to tune on, to look at")
    add("--tune-on", type=int, default=12, help="so many images (default: 12)")
    add("--tuning-rounds", type=int, default=2, help="turns of each parameter (default: 2)")
    add("--scores", type=Path, metavar="FILE", help="keeps scores of settings for the next run")
    add("--rounds", type=int, default=3, help="turns of each at each image (default: 3)")
    add("--runtime", choices=RUNTIMES, default="auto")
    add("--precision", nargs="+", choices=get_args(Precision), default=get_args(Precision))
    return parser


def _detectors(given: argparse.Namespace) -> Mapping[str, Detector]:
    """Return the model in each precision, by what it is called in the table."""
    found = {}
    for precision in given.precision:
        detector = load_detector(given.model, "cpu", runtime=given.runtime, precision=precision)
        found[f"{given.model.stem}, {detector.runtime.name}, {precision}"] = detector
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Tune, let all take turns, and print the table."""
    given = _options().parse_args(arguments)
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    manifest, folds = read_manifest(given.data), tuple(given.folds)
    if manifest.mpp != _MPP:
        raise InputError(f"{given.data} has pixels of {manifest.mpp:g} µm; give images of {_MPP}")
    tuning = chosen(given.data, manifest, folds, given.tune_on)
    looked_at = [
        read_sample(given.data, manifest, record)
        for record in manifest.samples
        if record.fold == fold_called(manifest, folds[1])
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        Worker(given.histomicstk_python, Path(folder)) as worker,
    ):
        scores = Scores(
            lambda settings: f1_of(tuning, worker, settings),
            given.scores,
            f"{len(tuning)} images of {manifest.digest()[:12]}",
        )
        tuned(scores, rounds=given.tuning_rounds)
        best = scores.best
        ways = [
            *(Timed(name, partial(ours, one)) for name, one in _detectors(given).items()),
            Timed("HistomicsTK, its defaults", lambda pixels: worker.detect(pixels, DEFAULT)),
            Timed("HistomicsTK, tuned", lambda pixels: worker.detect(pixels, best)),
        ]
        take_turns(ways, looked_at, given.rounds)
    sys.stdout.write(table(ways, looked_at))
    area = sum(map(square_millimetres, looked_at))
    sys.stdout.write(
        f"\nTuned on {len(tuning)} images, {len(scores)} settings tried: {dict(best)}, F1 {scores(best):.3f}."
        f" Looked at {len(looked_at)} images, {area:.3g} mm².\n"
    )


if __name__ == "__main__":
    main()
