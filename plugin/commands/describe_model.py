"""Say more on a model's card: its name, stain, licence and what it is owed to; the weights stay the same."""

import logging
from dataclasses import dataclass
from pathlib import Path

from patherea_core.bundle_card import BundleCard, CardWords
from patherea_core.checkpoint import ModelBundle, load_bundle, save_bundle
from patherea_core.errors import InputError, OutputError
from patherea_core.files import require_writable
from plugin.models.finding import SUFFIX
from plugin.models.passing_on import require_new, write_model_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DescribeRequest:
    """Which model to describe, and how.

    Attributes:
        model: a bundle, file or folder.
        words: what to say; what is not said here stays as it is.
        out: a new file of the described model, which ends in .safetensors, or a new folder for it.
    """

    model: Path
    words: CardWords
    out: Path


def run(request: DescribeRequest) -> BundleCard:
    """Write the described model and return its card.

    Raises:
        InputError: there is nothing to say.
        BundleError: the model cannot be trusted or read.
        OutputError: the file or folder cannot be written, is there already, or has another ending.
    """
    if request.words == CardWords():
        raise InputError("there is nothing to say; give --name, --stain, --licence or another word")
    _require_place(request.out)
    bundle = load_bundle(request.model)
    card = bundle.card.saying(request.words)
    described = ModelBundle(bundle.state, card)
    if request.out.suffix:
        save_bundle(request.out, described)
    else:
        write_model_folder(request.out, card, lambda path: save_bundle(path, described))
    log.info("the described model is %s", request.out)
    return card


def _require_place(out: Path) -> None:
    """Check before long work that the described model can be written."""
    require_new(out)
    if out.suffix not in ("", SUFFIX):
        raise OutputError(
            f"a model is a file that ends in {SUFFIX}, or a folder; {out} is neither: rename it"
        )
    if out.suffix:
        require_writable(out)
