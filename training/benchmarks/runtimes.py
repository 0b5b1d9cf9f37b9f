"""What each runtime takes for one tile, and what it does to the scores of a model.

``python -m training.benchmarks.runtimes MODEL --data DATASET --experiment NAME`` prints a Markdown table.
All runtimes take turns on the same tile, so that whatever else the machine does slows all of them; medians
count. Then each detects on the images that chose the threshold of the experiment: F1 of any class, its mean
over the classes, and the share of the first runtime's cells that are at the same place and of the same class.
Those images are not the ones that are kept for the end.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from patherea_core import detect_cells, load_detector
from patherea_core.data.store import Sample, read_manifest
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.scores import ClassCounts, count_pairs, count_regions, mean_f1
from patherea_core.points import Detections
from patherea_core.progress import Silent
from patherea_core.workflow.predict import Detector
from patherea_core.workflow.reading import read_rows
from patherea_core.workflow.runtimes.runtime import Precision
from training.benchmarks.stopwatch import CLOCKS, Clock, Stopwatch
from training.benchmarks.throughput import slide_pixels
from training.recipes import experiment_named

#: Name and precision of all that are compared; the first is what the others are compared with.
COMPARED: tuple[tuple[str, Precision], ...] = (
    ("eager", "32-true"),
    ("onnx", "32-true"),
    ("openvino", "32-true"),
    ("eager", "bf16-mixed"),
    ("openvino", "bf16-mixed"),
)

#: How far apart two cells may lie, in working pixels, to count as the same.
_SAME_PLACE = 1.0


@dataclass(slots=True)
class Compared:
    """A runtime with its detector, and what was measured of it.

    Attributes:
        detector: the network and its card.
        seconds: for the tile, in each round.
        found: on each image, in base pixels.
    """

    detector: Detector
    seconds: list[float] = field(default_factory=list)
    found: list[Detections] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What it is called in the table."""
        bits = "bfloat16" if self.detector.runtime.precision == "bf16-mixed" else "32 bits"
        return f"{self.detector.runtime.name}, {bits}"


def take_turns(
    compared: Sequence[Compared], side: int, data: Path, rounds: int, clock: Clock
) -> None:
    """Let all work on one tile, one after another, so many times after one that is not timed."""
    images = torch.from_numpy(slide_pixels(side, data)).permute(2, 0, 1)[None].contiguous()
    for number in range(rounds + 1):
        for each in compared:
            watch = Stopwatch(each.detector.device, clock)
            each.detector.runtime.run(images)
            if number:
                each.seconds.append(watch.lap())


def detect(compared: Sequence[Compared], samples: Sequence[Sample]) -> None:
    """Let all detect on the images."""
    for each in compared:
        each.found = [
            detect_cells(each.detector, sample.pixels, mpp=each.detector.card.mpp).detections
            for sample in samples
        ]


def table(compared: Sequence[Compared], samples: Sequence[Sample], side: int) -> str:
    """Return a Markdown table of the medians and scores."""
    first, megapixels = compared[0], side * side / 1e6
    lines = [
        "| | s/MPix | times as fast | F1, any class | mean F1 | cells alike |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    usual = statistics.median(first.seconds)
    for each in compared:
        seconds = statistics.median(each.seconds)
        any_class, mean = _f1(each, samples)
        lines.append(
            f"| {each.words} | {seconds / megapixels:.3f} | {usual / seconds:.1f} | {any_class:.4f} |"
            f" {mean:.4f} | {_alike(first, each):.2%} |"
        )
    return "\n".join(lines) + "\n"


def _f1(compared: Compared, samples: Sequence[Sample]) -> tuple[float, float]:
    card = compared.detector.card
    radius = card.recipe.radius_um / card.mpp
    fields = [
        Field("", found, sample.points, sample.labelled).clipped()
        for found, sample in zip(compared.found, samples, strict=True)
    ]
    classes = len(card.classes)
    total = sum(count_regions(fields, classes, radius), ClassCounts.none(classes))
    return _defined(total.any_class.f1), _defined(mean_f1(total.per_class))


def _defined(score: float | None) -> float:
    return float("nan") if score is None else score


def _alike(first: Compared, other: Compared) -> float:
    """Return the share of the first's cells that the other has at the same place and of the same class."""
    hits = cells = 0
    for before, after in zip(first.found, other.found, strict=True):
        cells += len(before)
        for row in np.unique(before.class_index):
            here, there = (each.xy[each.class_index == row] for each in (before, after))
            hits += count_pairs(here, there, _SAME_PLACE).true_positives
    return hits / cells


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="training.benchmarks.runtimes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="a model bundle")
    parser.add_argument("--data", type=Path, required=True, help="the dataset of the experiment")
    parser.add_argument(
        "--experiment", default="brca-m2c/mobilenetv2", help="that trained the model"
    )
    parser.add_argument("--side", type=int, default=1408, help="of the tile, in pixels")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=3, help="turns that are timed")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: on a shared machine")
    given = parser.parse_args(arguments)
    manifest = read_manifest(given.data)
    division = experiment_named(given.experiment).division.divide(manifest)
    samples = read_rows(given.data, manifest, division.validation, Silent())
    compared = [
        Compared(load_detector(given.model, given.device, runtime=name, precision=precision))
        for name, precision in COMPARED
    ]
    take_turns(compared, given.side, given.data, given.rounds, CLOCKS[given.clock])
    detect(compared, samples)
    sys.stdout.write(table(compared, samples, given.side))


if __name__ == "__main__":
    main()
