"""Show what is known of a model; write it as a folder that says it to whoever it is passed on to."""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import CARD_FILE, WEIGHTS_FILE, WORDS_FILE, read_card, weights_file
from patherea_core.errors import OutputError
from patherea_core.files import partial_folder, writing
from plugin.outputs.model_card import card_page

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
        BundleError: the model cannot be read.
        OutputError: the folder cannot be written, or is there already.
    """
    card = read_card(request.model)
    if request.out is not None:
        _write_folder(request.model, card, request.out)
        log.info("the model with its card is %s", request.out)
    return card


def _write_folder(model: Path, card: BundleCard, out: Path) -> None:
    if out.exists():
        raise OutputError(f"{out} is there already; name a new folder")
    with partial_folder(out) as partial, writing(out):
        shutil.copyfile(weights_file(model), partial / WEIGHTS_FILE)
        (partial / CARD_FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (partial / WORDS_FILE).write_text(card_page(card, "markdown"), encoding="utf-8")
        partial.replace(out)
