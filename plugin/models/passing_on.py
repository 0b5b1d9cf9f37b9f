"""A model as a folder that says what it is to whoever it is passed on to: weights, card, card in words."""

from collections.abc import Callable
from pathlib import Path

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import CARD_FILE, WEIGHTS_FILE, WORDS_FILE
from patherea_core.errors import OutputError
from patherea_core.files import partial_folder, writing
from plugin.outputs.model_card import card_page


def require_new(out: Path) -> None:
    """Raise OutputError if something is there already."""
    if out.exists():
        raise OutputError(f"{out} is there already; name a new file or folder")


def write_model_folder(
    out: Path, card: BundleCard, write_weights: Callable[[Path], object]
) -> None:
    """Write a new folder, whole or not at all.

    Args:
        out: the folder.
        card: of the model.
        write_weights: writes the bundle's one file where it is told to.

    Raises:
        OutputError: the folder cannot be written, or is there already.
    """
    require_new(out)
    with partial_folder(out) as partial, writing(out):
        write_weights(partial / WEIGHTS_FILE)
        (partial / CARD_FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (partial / WORDS_FILE).write_text(card_page(card, "markdown"), encoding="utf-8")
        partial.replace(out)
