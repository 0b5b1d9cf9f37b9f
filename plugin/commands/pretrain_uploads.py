"""What a pretraining leaves in the archive while it runs: curves and pictures, and states to go on from."""

from functools import partial
from pathlib import Path

from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin.commands.pretrain_checkpoint import AskedPretraining, pack_checkpoint
from plugin.commands.pretrain_item import KIND, SETTINGS, facts_of_run, shown_files
from plugin.commands.sending_beside import SentRun


def sent_of_pretraining(run: PretrainingFolder, asked: AskedPretraining, scratch: Path) -> SentRun:
    """Return what is sent of a pretraining.

    Args:
        run: its folder, which need not be there yet.
        asked: how it was asked for.
        scratch: an existing folder for what is packed.
    """
    return SentRun(
        what=KIND,
        folder=run,
        scratch=scratch,
        facts=partial(facts_of_run, run),
        staying=lambda: [(run.settings, SETTINGS)],
        shown=partial(shown_files, run),
        pack=partial(pack_checkpoint, run, asked),
    )
