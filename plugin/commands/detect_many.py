"""Detect cells on many slides, each with results of its own, on as many workers as there are."""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from distributed import Client

from patherea_core.errors import Cancelled, IncompleteError, InputError
from patherea_core.files import (
    at_work_on,
    remove_abandoned,
    require_writable,
    temporaries_of,
    writing,
)
from patherea_core.progress import Progress, in_words
from plugin.commands.detect_cells import require_model
from plugin.commands.detect_request import DetectRequest
from plugin.many.board import DEFAULT_RETRIES, Board, SlideEntry, State
from plugin.many.cluster import local_cluster, running_cluster, visible_gpus
from plugin.many.dispatch import Dispatch
from plugin.many.naming import named, require_apart, slide_names, table_beside
from plugin.many.seal import seal, settings_digest, stamp_of
from plugin.many.table import SummaryTable, sealed_before
from plugin.outputs.cell_files import form_of
from plugin.slides.inputs import listed_slides

log = logging.getLogger(__name__)

#: Seconds for which one waits for a slide to end, before one looks at the workers again.
_STEP = 0.5

#: Seconds for which one waits for workers to finish the tiles they are at, when one is asked to stop.
_FAREWELL = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectManyRequest:
    """On which slides to detect cells, how, and where.

    Attributes:
        each: what is done on each slide. Its inputs are all slides, and the names of its results say
            {slide} where the name of a slide is to stand.
        scheduler: address of a dask scheduler, or its file; None starts workers on this machine.
        workers: how many; None for one for each GPU, or a single one.
        retries: how often a slide is tried again whose failure may pass.
        summary: the table of all slides; None puts it beside the results.
    """

    each: DetectRequest
    scheduler: str | None = None
    workers: int | None = None
    retries: int = DEFAULT_RETRIES
    summary: Path | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers must be 1 or more, not {self.workers}")
        if self.workers is not None and self.scheduler is not None:
            raise InputError(
                "--workers starts workers on this machine; leave it or --scheduler out"
            )
        if self.retries < 0:
            raise InputError(f"--retries must be 0 or more, not {self.retries}")

    @property
    def table(self) -> Path:
        """The table of all slides."""
        return self.summary or table_beside(self.each.out)


def run(request: DetectManyRequest, progress: Progress) -> tuple[SlideEntry, ...]:
    """Detect on each slide, keep a table of what has become of all, and return its rows.

    The same request again leaves out what is done, and goes on with the rest.

    Raises:
        InputError: the slides, the model or a setting cannot serve, or there is no worker.
        OutputError: the table cannot be written.
        IncompleteError: a slide is not done; the table says why.
        Cancelled: the progress asked to stop.
    """
    started = time.monotonic()
    with writing(request.table):
        request.table.parent.mkdir(parents=True, exist_ok=True)
    require_writable(request.table)
    with at_work_on(request.table):
        remove_abandoned(request.table.parent, temporaries_of(request.table))
        prepared = _prepared(request)
        board = prepared.board
        try:
            _work(request, prepared, progress)
        finally:
            prepared.table.show(board.slides, now=True)
    told = summary(board, time.monotonic() - started)
    progress.advance(1.0, told)
    log.info("%s; see %s", told, request.table)
    _require_done(board, request.table)
    return tuple(board.slides)


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """What is known before there is a worker.

    Attributes:
        board: the slides.
        table: of them.
        request_of: gives what is asked of each.
        settings: digest of what is asked of all.
    """

    board: Board
    table: SummaryTable
    request_of: Callable[[int], DetectRequest]
    settings: str


def _prepared(request: DetectManyRequest) -> _Prepared:
    """Check what can be checked, and find out which slides are done."""
    each = _absolute(request.each)
    listed = listed_slides(each.inputs)
    names = slide_names([slide.path for slide in listed])
    outs = [out for out, _ in each.outputs]
    for out, form in each.outputs:
        form_of(out, form)
    require_apart(outs, names, request.table)
    card = require_model(each.model, each.classes)
    each.settings.thresholds(card)  # refused before there is a worker

    def request_of(row: int) -> DetectRequest:
        slide, name = listed[row], names[row]
        return replace(
            each,
            inputs=(slide.path,),
            out=named(each.out, name),
            also=tuple(named(out, name) for out in each.also),
            mpp=slide.mpp or each.mpp,
        )

    settings = settings_digest(each, card)
    before = sealed_before(request.table, card.taxonomy.names)
    entries = []
    for row, name in enumerate(names):
        asked = request_of(row)
        sealed = seal(asked, settings, stamp_of(asked.inputs[0])) if before else ""
        entries.append(before.get(sealed) or SlideEntry(name=name, path=asked.inputs[0]))
    table = SummaryTable(request.table, card.taxonomy.names)
    return _Prepared(Board(entries, request.retries), table, request_of, settings)


def _absolute(each: DetectRequest) -> DetectRequest:
    """Return the request with paths that mean the same in every folder."""
    weights = each.backbone_weights
    return replace(
        each,
        inputs=tuple(path.absolute() for path in each.inputs),
        out=each.out.absolute(),
        also=tuple(path.absolute() for path in each.also),
        model=each.model.absolute(),
        backbone_weights=weights.absolute() if isinstance(weights, Path) else weights,
    )


def _cluster(request: DetectManyRequest) -> AbstractContextManager[Client]:
    if request.scheduler is not None:
        return running_cluster(request.scheduler)
    gpus = visible_gpus(request.each.device)
    return local_cluster(request.workers or max(1, len(gpus)), gpus)


def _work(request: DetectManyRequest, prepared: _Prepared, progress: Progress) -> None:
    """Let workers do slides until none is left."""
    board, table = prepared.board, prepared.table
    table.show(board.slides, now=True)
    if not board.open:
        return
    log.info("%d of %d slides are to be done", board.count(State.WAITING), len(board.slides))
    with _cluster(request) as client:
        dispatch = Dispatch(client, board, prepared.request_of, prepared.settings)
        line = partial(_line, board, time.monotonic(), board.count(State.DONE_BEFORE))
        try:
            while board.open:
                dispatch.step(_STEP)
                table.show(board.slides)
                progress.advance(*line(dispatch.fraction))
        except Cancelled as error:
            dispatch.stop(_FAREWELL)
            done = board.count(State.DONE, State.DONE_BEFORE)
            raise Cancelled(
                f"stopped on request: {done} of {len(board.slides)} slides are done; the same command goes on"
            ) from error
        finally:
            dispatch.stop()


def _line(board: Board, started: float, before: int, running: float) -> tuple[float, str]:
    """Return the fraction of all slides that is done, and words; only what is done now tells of the pace."""
    total = len(board.slides)
    ended = total - board.count(State.WAITING, State.RUNNING)
    area, cells = board.totals
    words = f"{ended} of {total} slides, {area:.3g} mm², {cells:,} cells"
    now, todo = ended - before + running, total - ended - running
    if now > 0 and todo > 0:
        left = (time.monotonic() - started) / now * todo
        words += f", about {in_words(left)} left"
    return (ended + running) / total, words


def summary(board: Board, seconds: float) -> str:
    """Return in words what has become of the slides, and in which time."""
    counted = [(state, board.count(state)) for state in State]
    states = ", ".join(f"{count} {state}" for state, count in counted if count)
    area, cells = board.totals
    return f"{states}; {area:.4g} mm², {cells:,} cells in {in_words(seconds)}"


def _require_done(board: Board, table: Path) -> None:
    """Raise IncompleteError if a slide is not done."""
    missing = [slide for slide in board.slides if not slide.state.good]
    if missing:
        first = missing[0]
        raise IncompleteError(
            f"{len(missing)} of {len(board.slides)} slides are not done, first {first.name}: {first.message};"
            f" {table.name} says it of all, and the same command tries them again"
        )
