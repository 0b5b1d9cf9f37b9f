"""What a training leaves in the archive while it runs: curves for people, and states to go on from."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from patherea_core.data.store import pack
from patherea_core.workflow.run.folder import RunFolder
from plugin.commands.run_item import curves_of
from plugin.commands.sending_beside import SentRun
from plugin.commands.train_checkpoint import AskedTraining, pack_checkpoint
from plugin.commands.train_item import DATASET, KIND, RECIPE, facts_of_run


def sent_of_training(
    run: RunFolder, asked: AskedTraining, dataset: Path | None, scratch: Path
) -> SentRun:
    """Return what is sent of a training.

    Args:
        run: its folder, which need not be there yet.
        asked: how it was asked for.
        dataset: what is to lie with the run, a folder or one file; None if the archive has it already.
        scratch: an existing folder for what is packed.
    """

    def staying() -> Iterator[tuple[Path, str]]:
        yield run.recipe, RECIPE
        if dataset is not None:
            yield _packed(dataset, scratch), DATASET

    return SentRun(
        what=KIND,
        folder=run,
        scratch=scratch,
        facts=partial(facts_of_run, run),
        staying=staying,
        shown=partial(curves_of, run),
        pack=partial(pack_checkpoint, run, asked),
        best=run.best,
    )


def _packed(dataset: Path, scratch: Path) -> Path:
    """Return a dataset as one file, which is made once if it is a folder."""
    if not dataset.is_dir():
        return dataset
    packed = scratch / DATASET
    if not packed.exists():
        pack(dataset, packed)
    return packed
