"""Many runs of a plan: one after the other in this process, or several processes side by side."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

import torch

from patherea_core.errors import Cancelled, PathereaError
from training.crossover.folder import PlanFolder
from training.crossover.one_run import How, carry_out
from training.crossover.plan import Key
from training.import_dataset import BarProgress

log = logging.getLogger(__name__)

#: Seconds between two looks at whether a process has ended.
_PAUSE = 1.0


def limit_threads(threads: int) -> None:
    """Let the runs of this process have that many threads."""
    torch.set_num_threads(threads)


def one_by_one(folder: PlanFolder, keys: Sequence[Key], how: How) -> list[Key]:
    """Make runs in their order and return those that failed; a failure stops no other run.

    Raises:
        Cancelled: somebody asked to stop.
    """
    failed: list[Key] = []
    for number, key in enumerate(keys, start=1):
        log.info("run %d of %d: %s", number, len(keys), key)
        try:
            with BarProgress(str(key), sys.stderr) as progress:
                carry_out(folder, key, how, progress)
        except Cancelled:
            raise
        except PathereaError as error:
            log.error("%s: %s", key, error)  # noqa: TRY400  what the person can mend needs no traceback
            failed.append(key)
    return failed


def side_by_side(
    folder: PlanFolder, keys: Sequence[Key], how: How, jobs: int, threads: int
) -> list[Key]:
    """Make runs in their order, several at a time, each in a process of its own; return those that failed.

    What a run says is in ``log.txt`` of its folder. When this process is asked to end, so are the others.

    Args:
        folder: of the plan.
        keys: the runs.
        how: what depends on the machine.
        jobs: how many processes.
        threads: of each of them.
    """
    failed: list[Key] = []
    waiting, running = list(keys), dict[Key, subprocess.Popen[bytes]]()
    with _asked_to_end(), ExitStack() as ending:
        ending.callback(lambda: _end(list(running.values())))
        while waiting or running:
            while waiting and len(running) < jobs:
                key = waiting.pop(0)
                log.info("begins: %s (%d to come)", key, len(waiting))
                running[key] = _start(folder, key, how, threads)
            time.sleep(_PAUSE)
            for key in [key for key, process in running.items() if process.poll() is not None]:
                if running.pop(key).returncode:
                    log.error("%s failed; see %s", key, folder.run(key) / "log.txt")
                    failed.append(key)
                else:
                    log.info("done: %s", key)
    return failed


def words_of(folder: PlanFolder, key: Key, how: How, threads: int) -> list[str]:
    """Return the words after ``python -m training`` by which a process of its own makes one run."""
    words = ["crossover", "run", str(folder.path), "--only", str(key)]
    words += ["--ledger", str(how.ledger), "--device", how.device, "--threads", str(threads)]
    if how.workers is not None:
        words += ["--workers", str(how.workers)]
    return [*words, "--keep-models"] if how.keep_models else words


def _start(folder: PlanFolder, key: Key, how: How, threads: int) -> subprocess.Popen[bytes]:
    folder.run(key).mkdir(parents=True, exist_ok=True)
    with (folder.run(key) / "log.txt").open("ab") as said:
        return subprocess.Popen(  # noqa: S603  the words are our own
            [sys.executable, "-m", "training", *words_of(folder, key, how, threads)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


@contextmanager
def _asked_to_end() -> Iterator[None]:
    """Turn a signal to end into Cancelled while the block runs."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Cancelled("the runs were stopped; the same command goes on with them")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        raise Cancelled("the runs were stopped; the same command goes on with them") from None
    finally:
        signal.signal(signal.SIGTERM, before)
