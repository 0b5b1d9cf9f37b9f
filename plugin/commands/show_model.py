"""Show what is known of a model; write it as a folder that says it to whoever it is passed on to."""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import read_card, weights_file
from plugin.models.passing_on import require_new, write_model_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ShowRequest:
    """Which model to show.

    Attributes:
        model: a bundle, file or folder.
        out: a new folder for the weights, the card and the card in words; None writes nothing.
    """

    model: Path
    out: Path | None = None


def run(request: ShowRequest) -> BundleCard:
    """Return the card of a model; write the folder if one is asked for.

    Raises:
        BundleError: the model cannot be read, or what is to be passed on cannot be trusted.
        OutputError: the folder cannot be written, or is there already.
    """
    card = read_card(request.model)
    if request.out is not None:
        require_new(request.out)
        _require_sound_weights(request.model)
        write_model_folder(
            request.out, card, lambda path: shutil.copyfile(weights_file(request.model), path)
        )
        log.info("the model with its card is %s", request.out)
    return card


def _require_sound_weights(model: Path) -> None:
    from patherea_core.checkpoint import (
        load_bundle,
    )  # loads torch, which a card alone does not need

    load_bundle(model)
