"""What a pretraining that is complete was made of, for a person who asks to go on with it."""

import logging
import shlex
from collections.abc import Sequence

from patherea_core.data.finding import counted
from patherea_core.errors import InputError
from patherea_core.model.pretraining_card import PretrainingCard
from patherea_core.model.weight_files import read_backbone_card
from patherea_core.workflow.pretraining.folder import PretrainingFolder

log = logging.getLogger(__name__)

#: Words before those that say what is looked at, and the option after them.
_BEFORE, _AFTER = 2, "--out"


def say_what_it_learnt_from(run: PretrainingFolder, command: Sequence[str]) -> None:
    """Say that a run is complete and of what; warn if the command names something else to look at.

    Its slides may be gone, so they are not looked at: what the card of the backbone says is all that counts.

    Args:
        run: that is complete.
        command: the words that would be on the card of such a run.
    """
    card = _card_of(run)
    if card is None:
        log.info("the run in %s is complete: nothing is left to train", run.path)
        return
    log.info(
        "the run in %s is complete: it learnt from %s in %s%s; nothing is left to train",
        run.path,
        card.tiles,
        counted(card.epochs, "epoch", "epochs"),
        "" if card.held_out == "the same" else f", with {card.held_out} held out",
    )
    before = _looked_at(shlex.split(str(card.provenance.get("command", ""))))
    now = _looked_at(command)
    if before and now != before:
        log.warning(
            "this command says to look at %s, but the run in %s was made of %s and stays as it is; name"
            " another --out to learn from something else",
            shlex.join(now),
            run.path,
            shlex.join(before),
        )


def _card_of(run: PretrainingFolder) -> PretrainingCard | None:
    """Return how the backbone of a run was learnt, if its file says so."""
    try:
        card = read_backbone_card(run.backbone)
    except InputError:  # who trains from it is told
        return None
    return None if card is None else card.pretraining


def _looked_at(command: Sequence[str]) -> list[str]:
    """Return the words of a command that say what is looked at, and with which pixel size and folds."""
    words = list(command)
    return words[_BEFORE : words.index(_AFTER)] if _AFTER in words else []
