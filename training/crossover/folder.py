"""The folder of a plan: what is to be run, and for each run a folder that one process at a time uses."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from patherea_core.errors import InputError, OutputError
from patherea_core.files import write_whole
from training.checking import checked
from training.crossover.plan import Key, Plan, percent
from training.crossover.row import CrossoverRow

#: How far a run is.
State: TypeAlias = Literal["done", "begun", "open"]


@dataclass(frozen=True, slots=True)
class PlanFolder:
    """Where the files of a plan lie."""

    path: Path

    @property
    def file(self) -> Path:
        """The plan, as JSON."""
        return self.path / "plan.json"

    def read(self) -> Plan:
        """Return the plan.

        Raises:
            InputError: there is none, or it is damaged.
        """
        try:
            content = self.file.read_bytes()
        except OSError as error:
            raise InputError(
                f"{self.file} cannot be read ({error.strerror}); make a plan with"
                " python -m training crossover plan"
            ) from error
        return checked(
            lambda: Plan.model_validate_json(content), f"the plan {self.file}", "make it anew"
        )

    def keep(self, plan: Plan) -> Plan:
        """Write a plan, or extend the one that is there, and return what is written.

        Raises:
            InputError: the plan there is another one.
            OutputError: the folder cannot be written.
        """
        whole = self.read().extended(plan) if self.file.exists() else plan
        self._make(self.path)
        write_whole(self.file, whole.model_dump_json(indent=1).encode())
        return whole

    def run(self, key: Key) -> Path:
        """Return the folder of a run."""
        return (
            self.path / key.dataset / key.arm / f"{percent(key.share)}-percent" / f"seed-{key.seed}"
        )

    def row_file(self, key: Key) -> Path:
        """Return the file of a run that says that it is done."""
        return self.run(key) / "row.json"

    def row(self, key: Key) -> CrossoverRow | None:
        """Return the row of a run that is done, else None.

        Raises:
            InputError: it is damaged.
        """
        path = self.row_file(key)
        if not path.exists():
            return None
        return checked(
            lambda: CrossoverRow.model_validate_json(path.read_bytes()),
            f"the row {path}",
            "remove the folder of that run, which is then made again",
        )

    def state(self, key: Key) -> State:
        """Return how far a run is."""
        if self.row_file(key).exists():
            return "done"
        return "begun" if (self.run(key) / "recipe.json").exists() else "open"

    @contextmanager
    def at_work(self, key: Key) -> Iterator[bool]:
        """Yield whether the run is this process's until the block ends; another one may be at it.

        Raises:
            OutputError: its folder cannot be made.
        """
        self._make(self.run(key))
        handle = os.open(self.run(key), os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            os.close(handle)

    def labels(self, key: Key) -> Path:
        """Return where a run may make the dataset folder that it learns from."""
        return self.run(key) / "labels"

    def drop_what_is_large(self, key: Key) -> None:
        """Remove what takes space in the folder of a run that is done: its images, states and model."""
        for folder in (self.run(key) / "checkpoints", self.labels(key)):
            shutil.rmtree(folder, ignore_errors=True)
        (self.run(key) / "model.safetensors").unlink(missing_ok=True)

    @staticmethod
    def _make(folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{folder} cannot be made ({error.strerror}); name a folder that can be written"
            ) from error
