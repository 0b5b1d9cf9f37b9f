"""How fast a slide is worked on, against the network alone and against the way of the published code.

``python -m training.benchmarks.throughput`` prints a Markdown table. Three forms take turns on the same
pixels, so that whatever else the machine does slows all of them; medians count.

* ``ours``: planned, read in threads, detected, kept in a journal on disk, merged and gone through once.
* ``network alone``: the same runtime on the pixels of the same tiles, which lie in memory already.
* ``as released``: tiles of 224 pixels without overlap, one at a time, each decoded on the host. It sees
  less around its tiles and finds other cells at their edges; only its time is compared.

The slide lies in memory, so reading costs a copy: what a file format adds has to be measured with the program
itself (``FILE.run.json`` holds the seconds).
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from patherea_core import load_detector
from patherea_core.data.store import read_manifest, read_sample
from patherea_core.decoding import decode
from patherea_core.geometry import Pixels
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide, read_working
from patherea_core.workflow.detection.detect import detect_planned
from patherea_core.workflow.detection.journal import open_journal
from patherea_core.workflow.detection.plan import DetectionSettings, Plan
from patherea_core.workflow.predict import Detector
from patherea_core.workflow.runtimes.choice import RUNTIMES
from patherea_core.workflow.runtimes.runtime import Precision
from training.benchmarks.stopwatch import CLOCKS, Clock, Stopwatch

#: Side of a tile of the published code.
RELEASED_TILE = 224


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What all forms work on.

    Attributes:
        detector: the network and its card.
        slide: in memory, at the model's pixel size.
        plan: of all of it.
        windows: (B, 3, H, W) pixels of the batches of the plan.
        folder: for the journal.
    """

    detector: Detector
    slide: ArraySlide
    plan: Plan
    windows: tuple[torch.Tensor, ...]
    folder: Path

    @property
    def square_millimetres(self) -> float:
        """The area of the slide."""
        return self.slide.width * self.slide.height * (self.slide.base_mpp / 1000) ** 2


@dataclass(slots=True)
class Timed:
    """One form and how long it took in each round; the cells it found last."""

    name: str
    run: Callable[[Scene], int]
    seconds: list[float] = field(default_factory=list)
    cells: int = 0


def ours(scene: Scene) -> int:
    """Detect as the program does, and return how many cells there are."""
    path = scene.folder / "journal"
    path.unlink(missing_ok=True)
    with open_journal(path, "benchmark") as journal:
        done = detect_planned(scene.slide, scene.detector.runtime, scene.plan, journal, Silent())
        return len(done.cells)


def network_alone(scene: Scene) -> int:
    """Run the network on all tiles, and return how many anchor points score enough."""
    count = torch.zeros((), dtype=torch.int64)
    for images in scene.windows:
        sites = scene.detector.runtime.run(images)
        count += (sites.score >= scene.plan.threshold).sum().cpu()
    return int(count)


@torch.inference_mode()
def as_released(scene: Scene) -> int:
    """Work through small tiles, one after another, and return how many cells there are."""
    network, device = scene.detector.network, scene.detector.device
    pixels, cells = scene.slide.pixels, 0
    for top in range(0, scene.slide.height, RELEASED_TILE):
        for left in range(0, scene.slide.width, RELEASED_TILE):
            tile = pixels[top : top + RELEASED_TILE, left : left + RELEASED_TILE]
            image = torch.from_numpy(np.ascontiguousarray(tile)).permute(2, 0, 1)[None]
            found = decode(network(image.to(device)), 0, score_threshold=scene.plan.threshold)
            cells += len(found)
    return cells


def make_scene(
    detector: Detector, pixels: Pixels, folder: Path, tile_size: int | None = None
) -> Scene:
    """Return what the forms work on."""
    slide = ArraySlide("benchmark", detector.card.mpp, pixels)
    plan = detector.planned(slide, DetectionSettings(tile_size=tile_size))
    windows = tuple(
        torch.from_numpy(
            np.stack(
                [
                    read_working(slide, plan.tiles[number].window, detector.card.mpp)
                    for number in batch
                ]
            )
        ).permute(0, 3, 1, 2)
        for batch in plan.batches
    )
    return Scene(detector, slide, plan, windows, folder)


def slide_pixels(side: int, data: Path | None) -> Pixels:
    """Return (side, side, 3) pixels: images of a dataset side by side, over and over; without one noise."""
    if data is None:
        random = Seed(0).stream("benchmark slide")
        return random.integers(256, size=(side, side, 3), dtype=np.uint8)
    manifest = read_manifest(data)
    step = min(min(record.width, record.height) for record in manifest.samples)
    shown = [read_sample(data, manifest, record).pixels for record in manifest.samples[:25]]
    canvas = np.full((side, side, 3), 255, dtype=np.uint8)
    places = [(top, left) for top in range(0, side, step) for left in range(0, side, step)]
    for number, (top, left) in enumerate(places):
        part = shown[number % len(shown)][: min(step, side - top), : min(step, side - left)]
        canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
    return canvas


def take_turns(scene: Scene, forms: Sequence[Timed], rounds: int, clock: Clock) -> None:
    """Let the forms work on the slide one after another, so many times after one that is not timed."""
    for number in range(rounds + 1):
        for form in forms:
            watch = Stopwatch(scene.detector.device, clock)
            form.cells = form.run(scene)
            if number:
                form.seconds.append(watch.lap())


def table(scene: Scene, forms: Mapping[str, Timed]) -> str:
    """Return a Markdown table of the medians, and what they mean."""
    lines = ["| form | s/mm² | mm²/s | cells |", "|---|--:|--:|--:|"]
    seconds = {name: statistics.median(form.seconds) for name, form in forms.items()}
    for name, form in forms.items():
        each = seconds[name] / scene.square_millimetres
        lines.append(f"| {name} | {each:.3g} | {1 / each:.3g} | {form.cells:,} |")
    over = seconds["ours"] / seconds["network alone"]
    faster = seconds["as released"] / seconds["ours"]
    lines += [
        "",
        f"{scene.square_millimetres:.3g} mm² at {scene.detector.card.mpp:g} µm a pixel,"
        f" {len(scene.plan.tiles)} tiles, runtime {scene.detector.runtime.name}. Ours takes {over:.3f} times"
        f" as long as the network alone; as released takes {faster:.2f} times as long as ours.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="training.benchmarks.throughput",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="a model bundle")
    parser.add_argument("--data", type=Path, help="a dataset folder, for pictures; else noise")
    parser.add_argument("--side", type=int, default=4096, help="of the slide, in pixels")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--runtime", choices=RUNTIMES, default="auto")
    parser.add_argument("--precision", choices=get_args(Precision), help="default: as the program")
    parser.add_argument("--tile-size", type=int, help="default: as the program")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each form that are timed")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: on a shared machine")
    given = parser.parse_args(arguments)
    detector = load_detector(
        given.model, given.device, runtime=given.runtime, precision=given.precision
    )
    side = -(-given.side // RELEASED_TILE) * RELEASED_TILE
    forms = {
        name: Timed(name, run)
        for name, run in (
            ("network alone", network_alone),
            ("ours", ours),
            ("as released", as_released),
        )
    }
    with tempfile.TemporaryDirectory() as folder:
        scene = make_scene(detector, slide_pixels(side, given.data), Path(folder), given.tile_size)
        take_turns(scene, list(forms.values()), given.rounds, CLOCKS[given.clock])
    sys.stdout.write(table(scene, forms))


if __name__ == "__main__":
    main()
