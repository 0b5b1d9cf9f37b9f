"""What a worker does: one slide at a time, with a model that it keeps for the next one."""

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import torch
from distributed import Worker, get_worker

from patherea_core.bundle_file import weights_file
from patherea_core.errors import Cancelled, PathereaError, PixelFormatError, SlideError
from patherea_core.workflow.engine.back_off import is_out_of_memory, release
from patherea_core.workflow.predict import Detector
from plugin import provenance
from plugin.commands import detect_cells
from plugin.commands.detect_request import DetectRequest
from plugin.many.board import Figures, Outcome, State, plain_address
from plugin.many.seal import Stamp, stamp_of

#: How addresses of workers are told that no other machine can reach.
_THIS_MACHINE = re.compile(r"inproc://|\w+://(127\.|localhost|\[::1\])")
#: Seconds between two reports of how far a slide is.
_INTERVAL = 1.0


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt at one slide.

    Attributes:
        row: number of the slide.
        attempt: number of the attempt.
        request: what to do.
        topic: under which to report.
    """

    row: int
    attempt: int
    request: DetectRequest
    topic: str


def program_here() -> tuple[str, str]:
    """Return the program of this process and the source revision it was built from, if it knows that."""
    return provenance.program(), provenance.build().get("revision", "")


def do_slide(task: Task) -> Outcome:
    """Detect on one slide, on a worker of a cluster, and return what came of it."""
    worker = get_worker()
    (path,) = task.request.inputs
    if not path.exists():
        return not_there(path, worker.address)
    # As many threads as the cluster gave the worker, so that several on one machine do not fight.
    torch.set_num_threads(worker.state.nthreads)
    try:
        return _outcome(task.request, Reporting.of(worker, task))
    except Cancelled:
        worker.log_event(task.topic, [task.row, task.attempt, None])  # the slide is left as it is
        return Outcome(State.WAITING, "stopped; it is gone on with")
    except (PathereaError, OSError, RuntimeError, MemoryError) as error:
        if not isinstance(error, PathereaError | OSError) and not is_out_of_memory(error):
            raise
        return failure(error)


def not_there(path: Path, worker: str) -> Outcome:
    """Return what becomes of a slide that a worker does not see.

    Args:
        path: of the slide.
        worker: its address. Where only this machine can reach a worker, all workers see the same disks.
    """
    if _THIS_MACHINE.match(worker):
        return Outcome(State.FAILED, f"{path} is not there; check its path")
    return Outcome(
        State.FAILED,
        f"worker {plain_address(worker)} does not see {path}; name a slide that is there, on a disk that all"
        " workers see",
        may_pass=True,
        elsewhere=True,
    )


def _outcome(request: DetectRequest, progress: "Reporting") -> Outcome:
    for out, _ in request.outputs:
        out.parent.mkdir(parents=True, exist_ok=True)
    detection = detect_cells.detect(request, kept_detector, progress)
    (slide,) = detection.record.slides
    figures = Figures(
        tiles=slide.parameters["tiles"],
        square_millimetres=detection.square_millimetres,
        counts=slide.counts,
        seconds=slide.timings["detection"],
    )
    if not slide.complete:
        tiles = f"{len(slide.holes)} of {figures.tiles} tiles could not be read"
        record = f"{request.out.name}.run.json says where"
        return Outcome(State.INCOMPLETE, f"{tiles}; {record}", figures, may_pass=True)
    return Outcome(State.DONE_BEFORE if detection.before else State.DONE, figures=figures)


def failure(error: Exception) -> Outcome:
    """Return what an attempt came to that failed: whether another one may do better, and why it failed.

    A drive may come back and memory may be free again; settings and models stay what they are.
    """
    causes = [error, error.__cause__]
    crowded = any(cause is not None and is_out_of_memory(cause) for cause in causes)
    if crowded:
        release()
    said = str(error).split("\n")[0] or type(error).__name__
    unread = isinstance(error, SlideError | OSError) and not isinstance(error, PixelFormatError)
    return Outcome(State.FAILED, said, may_pass=crowded or unread)


@dataclass(slots=True)
class Reporting:
    """A progress that tells the coordinator, and hears from it.

    Attributes:
        tell: sends the fraction that is done.
        wanted: tells whether the slide is still wanted.
        clock: seconds.
        told: when it was last told.
    """

    tell: Callable[[float], None]
    wanted: Callable[[], bool]
    clock: Callable[[], float] = time.monotonic
    told: float = field(default=-math.inf)

    @classmethod
    def of(cls, worker: Worker, task: Task) -> "Reporting":
        """Return the progress of a task that runs on a worker."""
        key = worker.get_current_task()

        def tell(fraction: float) -> None:
            worker.log_event(task.topic, [task.row, task.attempt, fraction])

        def wanted() -> bool:
            # The cluster takes a task back when the coordinator says so, and when that is gone.
            found = worker.state.tasks.get(key)
            return found is not None and found.state == "executing"

        return cls(tell, wanted)

    def advance(self, fraction: float, message: str = "") -> None:  # noqa: ARG002  it is told in one line for all
        """Tell the fraction, not oftener than once a second.

        Raises:
            Cancelled: the slide is not wanted any more.
        """
        if not self.wanted():
            raise Cancelled("stopped on request")
        now = self.clock()
        if now - self.told >= _INTERVAL:
            self.told = now
            self.tell(fraction)


def kept_detector(request: DetectRequest) -> Detector:
    """Return the detector of a request, and the same one for the next request with that model."""
    asked = DetectRequest(
        inputs=(),
        out=Path(),
        model=request.model,
        backbone_weights=request.backbone_weights,
        device=request.device,
        runtime=request.runtime,
        precision=request.precision,
    )
    return _loaded(asked, stamp_of(weights_file(request.model)))


@lru_cache(maxsize=1)
def _loaded(asked: DetectRequest, _stamp: Stamp | None) -> Detector:
    return detect_cells.detector_of(asked)
