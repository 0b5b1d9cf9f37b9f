"""What a worker says of a slide that fails, and when it tells and stops; and what workers share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from patherea_core.errors import (
    BundleError,
    Cancelled,
    InputError,
    OutputError,
    PathereaError,
    PixelFormatError,
    ScaleError,
    SlideError,
)
from plugin.many.board import State
from plugin.many.cluster import environments, visible_gpus
from plugin.many.slide_task import Reporting, failure, not_there


def caused(error: PathereaError, cause: Exception) -> PathereaError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (SlideError("cannot be read at (0, 0)"), True),
        (OSError("stale file handle"), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (caused(InputError("memory does not suffice"), torch.OutOfMemoryError("x")), True),
        (InputError("the region lies outside"), False),
        (ScaleError("no resolution"), False),
        (PixelFormatError("16 bits"), False),
        (BundleError("a pickle"), False),
        (caused(OutputError("the disk is full"), OSError("no space")), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, may_pass: bool) -> None:
    outcome = failure(error)
    assert (outcome.state, outcome.may_pass) == (State.FAILED, may_pass)
    assert outcome.message
    assert "\n" not in outcome.message


def test_only_another_machine_may_see_a_slide_that_one_does_not() -> None:
    here = not_there(Path("a.svs"), "tls://127.0.0.1:41009")
    assert (here.message, here.may_pass) == ("a.svs is not there; check its path", False)
    far = not_there(Path("a.svs"), "tcp://10.0.0.7:41009")
    assert "worker 10.0.0.7:41009 does not see a.svs" in far.message
    assert (far.may_pass, far.elsewhere) == (True, True)


def reporting(wanted: Callable[[], bool], times: list[float]) -> tuple[Reporting, list[float]]:
    told: list[float] = []
    return Reporting(told.append, wanted, clock=lambda: times.pop(0)), told


def test_a_worker_tells_once_a_second() -> None:
    progress, told = reporting(lambda: True, [0.0, 0.5, 0.99, 1.0, 1.5])
    for fraction in (0.1, 0.2, 0.3, 0.4, 0.5):
        progress.advance(fraction)
    assert told == [0.1, 0.4]


def test_a_worker_stops_when_its_slide_is_not_wanted_any_more() -> None:
    answers = [True, False]
    progress, _ = reporting(lambda: answers.pop(0), [0.0])
    progress.advance(0.5)
    with pytest.raises(Cancelled):
        progress.advance(0.6)


@pytest.mark.parametrize(("workers", "cores", "threads"), [(1, 16, 16), (3, 16, 5), (4, 2, 1)])
def test_workers_share_the_cores(workers: int, cores: int, threads: int) -> None:
    shared = environments(workers, (), cores)
    assert [each[0] for each in shared] == [threads] * workers
    assert all(each[1]["OMP_NUM_THREADS"] == str(threads) for each in shared)
    assert not any("CUDA_VISIBLE_DEVICES" in each[1] for each in shared)


def test_each_worker_has_one_gpu() -> None:
    pinned = [each[1]["CUDA_VISIBLE_DEVICES"] for each in environments(3, ("2", "GPU-5"), 8)]
    assert pinned == ["2", "GPU-5", "2"]


def test_gpus_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert visible_gpus("auto") == ("0", "1")
    assert visible_gpus("cpu") == ()
    monkeypatch.setitem(os.environ, "CUDA_VISIBLE_DEVICES", "3, GPU-7")
    assert visible_gpus("cuda") == ("3", "GPU-7")
