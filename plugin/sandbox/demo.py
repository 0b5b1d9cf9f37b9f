"""The demo: the whole loop on this machine, in minutes, with a real archive and nothing to download.

It starts the sandbox archive, puts slides and a pathologist's annotations into it, exports, trains,
detects and evaluates through the archive's own interface, and shows where to look at the result. The
slides are drawn, or composed of labelled images. All results of one run are in one folder; the run
before it is kept beside it, under the same name with ``.previous``.
"""

import fcntl
import json
import logging
import shutil
import sys
import time
import webbrowser
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from patherea_core.errors import OutputError
from patherea_core.evaluation.figures import evaluation_figures
from patherea_core.evaluation.table import evaluation_table
from patherea_core.files import write_whole
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from plugin import provenance
from plugin.progress import StopSignal
from plugin.sandbox.demo_images import load_labelled_images
from plugin.sandbox.demo_loop import Archive, LoopResult, LoopSettings, run_loop
from plugin.sandbox.demo_slides import DemoSlides, compose_slides, draw_slides
from plugin.sandbox.demo_steps import Steps
from plugin.sandbox.process import SandboxProcess

_DEFAULT_OUT = Path("artifacts/demo")

#: Tells a folder of the demo from one that holds something else.
_MARKER = "demo.txt"

#: Labelled images that are used, so that the demo stays quick.
_MOST_IMAGES = 24


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """What to show.

    Attributes:
        headless: end when the loop is done; otherwise the archive stays up until Ctrl-C.
        images: a folder of labelled images to use instead of drawn slides.
        data: where the archive keeps its data; None is in ``out``.
        out: where all results go; None is ``artifacts/demo``.
        mpp: micrometres per pixel of the labelled images.
        seed: root of every random choice.
        epochs: passes over the training data; None takes the recipe's.
    """

    headless: bool = False
    images: Path | None = None
    data: Path | None = None
    out: Path | None = None
    mpp: float | None = None
    seed: int = 0
    epochs: int | None = None


def run_demo(request: DemoRequest) -> None:
    """Run the loop and show what came of it.

    Raises:
        PathereaError: a step failed.
    """
    logging.getLogger().setLevel(logging.WARNING)
    stop = StopSignal().install()
    steps = Steps(6, stop)
    lock, out = alone(request.out or _DEFAULT_OUT), fresh_folder(request.out or _DEFAULT_OUT)
    steps.say(f"All results go to {out}; the run before, if any, is in {_previous(out)}.")
    data = request.data or out / "archive"
    with ExitStack() as stack:
        stack.enter_context(lock)
        with steps.step("Make the slides, and start an archive for them") as progress:
            slides = _make_slides(request, out / "slides", progress)
            sandbox = stack.enter_context(SandboxProcess(data))
        settings = LoopSettings(out, request.epochs, request.seed)
        result = run_loop(Archive(sandbox.api_url, sandbox.token), slides, settings, steps)
        _write_report(out / "report.json", request, result, steps)
        _show(steps, result, out)
        if request.headless:
            steps.say(f"Look at the slide with:  {_program()} sandbox --data {data}")
            steps.say(
                f"and at its viewer's address, followed by #?image={result.folder.test_item_id}"
            )
        else:
            address = f"{sandbox.histomics_url}#?image={result.folder.test_item_id}"
            steps.say(f"Slide:    {address}")
            steps.say(f"Sign in:  {sandbox.login}, password {sandbox.password}")
            steps.say("The archive stays up until you press Ctrl-C.")
            _stay(address, stop)


def alone(out: Path) -> TextIO:
    """Return an open file that keeps other demos out of ``out`` until it is closed.

    Raises:
        OutputError: another demo is running there, or nothing can be written beside it.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock = out.with_name(f".{out.name}.lock").open("a")
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error.strerror}); name another with --out"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise OutputError(
            f"another demo is running in {out}; wait for it, or name another with --out"
        ) from error
    return lock


def fresh_folder(out: Path) -> Path:
    """Return an empty folder ``out``; an earlier run of the demo in it is set aside first.

    Raises:
        OutputError: it holds something that is not the demo's, or cannot be written.
    """
    try:
        if out.is_dir() and any(out.iterdir()):
            if not (out / _MARKER).exists():
                raise OutputError(
                    f"{out} holds something that is not the demo's; name another with --out"
                )
            shutil.rmtree(_previous(out), ignore_errors=True)
            out.rename(_previous(out))
        out.mkdir(parents=True, exist_ok=True)
        (out / _MARKER).write_text("Written by the demo of Patherea, which may set it aside.\n")
        (out / "slides").mkdir()
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error.strerror}); name another with --out"
        ) from error
    return out


def _previous(out: Path) -> Path:
    return out.with_name(f"{out.name}.previous")


def _make_slides(request: DemoRequest, folder: Path, progress: Progress) -> DemoSlides:
    if request.images is None:
        return draw_slides(folder, Seed(request.seed), progress)
    images = load_labelled_images(request.images, request.mpp, _MOST_IMAGES)
    return compose_slides(folder, images, progress)


def _write_report(path: Path, request: DemoRequest, result: LoopResult, steps: Steps) -> None:
    report = {
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "seed": request.seed,
        "images": str(request.images) if request.images else None,
        "seconds": steps.seconds,
        "dataset": {
            "images": len(result.manifest.samples),
            "points": sum(sample.points for sample in result.manifest.samples),
        },
        "slide": result.folder.test_item_id,
        "detections": result.detections.name,
        "evaluation": evaluation_figures(result.evaluation),
    }
    write_whole(path, json.dumps(report, allow_nan=False, indent=1).encode("ascii"))


def _show(steps: Steps, result: LoopResult, out: Path) -> None:
    steps.say()
    steps.say(evaluation_table(result.evaluation))
    steps.say_times()
    steps.say()
    steps.say(f"Report:   {out / 'report.html'}, and {out / 'report.json'} for programs")
    steps.say(f"Model:    {result.model}")
    steps.say(f"Picture:  {result.picture}")


def _program() -> str:
    """Return how this program was called, so that the same words call it again."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "patherea" else "patherea"


def _stay(address: str, stop: StopSignal) -> None:
    """Show the slide in a browser if there is one, and wait until somebody asks to stop."""
    webbrowser.open(address)
    while not stop.requested:
        time.sleep(0.3)
