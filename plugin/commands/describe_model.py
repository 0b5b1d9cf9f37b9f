"""Say more on a model's card: its name, stain, licence and what it is owed to; the weights stay the same."""

import logging
from dataclasses import dataclass
from pathlib import Path

from patherea_core.bundle_card import BundleCard, CardWords
from patherea_core.checkpoint import ModelBundle, load_bundle, save_bundle
from patherea_core.errors import InputError
from patherea_core.files import require_writable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DescribeRequest:
    """Which model to describe, and how.

    Attributes:
        model: a bundle, file or folder.
        words: what to say; what is not said here stays as it is.
        out: the file of the described model.
    """

    model: Path
    words: CardWords
    out: Path


def run(request: DescribeRequest) -> BundleCard:
    """Write the described model and return its card.

    Raises:
        InputError: there is nothing to say.
        BundleError: the model cannot be trusted or read.
        OutputError: the file cannot be written.
    """
    if request.words == CardWords():
        raise InputError("there is nothing to say; give --name, --stain, --licence or another word")
    require_writable(request.out)
    bundle = load_bundle(request.model)
    card = bundle.card.saying(request.words)
    save_bundle(request.out, ModelBundle(bundle.state, card))
    log.info("the described model is %s", request.out)
    return card
