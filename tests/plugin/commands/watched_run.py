"""Run folders that are sent from: the archive is stood in for, and a test moves the clock."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch

from patherea_core.errors import PathereaError
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.identity import RunIdentity
from plugin.commands.pretrain_checkpoint import AskedPretraining
from plugin.commands.pretrain_item import PICTURE, SETTINGS
from plugin.commands.pretrain_uploads import sent_of_pretraining
from plugin.commands.run_item import CURVES, METRICS
from plugin.commands.sending_beside import SendingBeside, SentRun, UploadPace
from plugin.commands.train_checkpoint import AskedTraining
from plugin.commands.train_item import DATASET, RECIPE
from plugin.commands.train_uploads import sent_of_training
from tests.core.workflow.cells import TINY

PACE = UploadPace(page=30, state=600, best=120, retry=60)


class FakeItem:
    """An item that remembers the names of what is put into it, and refuses while it should.

    Attributes:
        sent: the names.
        dropped: names of files that were removed.
        told: how the run stood, each time it was told.
        refusal: what is raised instead.
        seconds: how long it takes to put a file of a name.
        clock: seconds from any beginning.
    """

    name, known_id = "a run", "an id"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.dropped: list[str] = []
        self.told: list[Mapping[str, Any]] = []
        self.refusal: PathereaError | None = None
        self.seconds: dict[str, float] = {}
        self.clock = 1000.0

    def put(self, path: Path, name: str) -> None:
        """Remember the name."""
        assert path.exists()
        if self.refusal is not None:
            raise self.refusal
        self.clock += self.seconds.get(name, 0.0)
        self.sent.append(name)

    def drop(self, name: str) -> None:
        """Remember that it is there no more."""
        self.dropped.append(name)

    def tell(self, state: str, more: Mapping[str, Any]) -> None:
        """Remember the facts."""
        if self.refusal is not None:
            raise self.refusal
        self.told.append({"state": state, **more})

    def taken(self) -> list[str]:
        """Return what was sent since the last time."""
        sent, self.sent = self.sent, []
        return sent


class Watched(ABC):
    """A run folder that is sent from, with a clock that stands still by itself.

    Attributes:
        word: for what the run is.
        beginning: names of the files that are sent when it begins.
        shown: names of the files that are sent for people.
        item: where they are sent.
    """

    word: ClassVar[str]
    beginning: ClassVar[list[str]]
    shown: ClassVar[list[str]]

    def __init__(self, sent: SentRun) -> None:
        item: Any = FakeItem()
        self.item: FakeItem = item
        self.uploads = SendingBeside(item, sent, PACE, lambda: self.item.clock)

    @abstractmethod
    def begin(self) -> None:
        """Write what a run writes before its first epoch."""

    @abstractmethod
    def epoch(self, number: int, *, better: bool = False) -> None:
        """Write what a run writes at the end of an epoch."""

    def later(self, seconds: float) -> list[str]:
        """Return what is sent when so much time has gone by."""
        self.item.clock += seconds
        self.uploads._attempt(self.uploads._look)
        return self.item.taken()

    def end(self, *, with_state: bool = True) -> list[str]:
        """Return what is sent at the end of the run."""
        with self.uploads:
            then = (lambda: self.item.sent.append("and then")) if with_state else None
            assert self.uploads.end(10.0, then)
        return self.item.taken()

    def _write_state(self, number: int, path: Path) -> None:
        torch.save({"epoch": number - 1}, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)


class WatchedTraining(Watched):
    """A training."""

    word = "training"
    beginning: ClassVar = [RECIPE, DATASET]
    shown: ClassVar = [METRICS, CURVES]

    def __init__(self, folder: Path) -> None:
        self.run, scratch, dataset = RunFolder(folder / "run"), folder / "scratch", folder / "d.zip"
        scratch.mkdir()
        dataset.write_bytes(b"")
        super().__init__(sent_of_training(self.run, AskedTraining(), dataset, scratch))

    def begin(self) -> None:
        """Write what a run writes before its first epoch."""
        self.run.checkpoints.mkdir(parents=True)
        self.run.recipe.write_text(TINY.model_dump_json())
        identity = RunIdentity(dataset_sha256="0", classes=("a",), validation_fold=0, seed=5)
        self.run.identity.write_text(identity.model_dump_json())

    def epoch(self, number: int, *, better: bool = False) -> None:
        """Write what a run writes at the end of an epoch that is validated."""
        self.run.metrics.write_text(
            f"epoch,threshold,validation_mean_f1\n1,0.3,0.25\n{number},0.4,{0.5 if better else 0.1}\n"
        )
        self.run.curves.write_text(str(number))
        for path in [self.run.best] * better + [self.run.last]:
            self._write_state(number, path)


class WatchedPretraining(Watched):
    """A pretraining."""

    word = "pretraining"
    beginning: ClassVar = [SETTINGS]
    shown: ClassVar = [METRICS, CURVES, PICTURE]
    config = PretrainingConfig(epochs=9)

    def __init__(self, folder: Path) -> None:
        self.run = PretrainingFolder(folder / "run")
        asked = AskedPretraining(config=self.config, folder_id="f", slide_ids=("1",), fields=1)
        super().__init__(sent_of_pretraining(self.run, asked, folder))

    def begin(self) -> None:
        """Write what a run writes before its first epoch."""
        self.run.checkpoints.mkdir(parents=True)
        self.run.settings.write_text(self.config.model_dump_json())
        identity = PretrainingIdentity(tiles_sha256="0" * 64, seed=5)
        self.run.identity.write_text(identity.model_dump_json())

    def epoch(self, number: int, *, better: bool = False) -> None:  # noqa: ARG002  none is better
        """Write what a run writes at the end of an epoch."""
        self.run.metrics.write_text(f"epoch,held_out_loss\n{number},{1 / number}\n")
        self.run.curves.write_text(str(number))
        self.run.pictures.mkdir(exist_ok=True)
        (self.run.pictures / f"epoch-{number:03d}.png").write_text(str(number))
        self._write_state(number, self.run.last)
