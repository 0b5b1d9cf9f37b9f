"""Verify a model bundle: are the weights those of the card, does the network run, is the card complete?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import CARD_FILE, WrittenCard, read_card_file, written_card
from patherea_core.checkpoint import ModelBundle, build_network, load_bundle
from patherea_core.errors import BundleError, InputError
from patherea_core.model.detector_network import DetectorNetwork


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        problem: what is wrong; empty if nothing is.
        grave: whether the model must not be used as it is; what a card leaves unsaid is not grave.
    """

    name: str
    problem: str = ""
    grave: bool = True

    @property
    def failed(self) -> bool:
        """Whether something grave is wrong."""
        return self.grave and bool(self.problem)


def verify_bundle(
    path: Path, backbone_weights: Path | Literal["hub"] | None = None
) -> tuple[Check, ...]:
    """Return what was looked at; it ends with the first grave problem.

    Args:
        path: a bundle, file or folder.
        backbone_weights: the backbone's pretrained weights, for a bundle that leaves them out.

    Raises:
        BundleError: there is no bundle, or it has no card that can be read.
    """
    written = written_card(path)
    found: list[Check] = []
    for check in _checks(path, written, backbone_weights):
        found.append(check)
        if check.failed:
            break
    return tuple(found)


def _checks(
    path: Path, written: WrittenCard, backbone_weights: Path | Literal["hub"] | None
) -> Iterator[Check]:
    yield _card_check(written)
    card = written.read()
    if path.is_dir():
        yield _tried(
            f"{CARD_FILE} says what the weights' header says", lambda: _same_cards(path, card)
        )
    bundles: list[ModelBundle] = []
    yield _tried(
        "the weights have the digest that the card names", lambda: bundles.append(load_bundle(path))
    )
    (bundle,) = bundles
    networks: list[DetectorNetwork] = []
    yield _tried(
        "the network can be built from them",
        lambda: networks.append(build_network(bundle, backbone_weights)),
    )
    yield _tried("it answers for a tile of noise", lambda: _answer(networks[0], bundle))
    unsaid = bundle.card.unsaid()
    problem = f"it does not say {', '.join(unsaid)}" if unsaid else ""
    yield Check("the card is complete", problem, grave=False)


def _card_check(written: WrittenCard) -> Check:
    name = "the card has the digest that was written beside it"
    if written.sha256 is None:
        problem = "older versions wrote none, so nobody can tell whether the card was changed"
        return Check(name, problem, grave=False)
    return _tried(name, written.require_whole)


def _tried(name: str, action: Callable[[], None]) -> Check:
    try:
        action()
    except InputError as error:
        return Check(name, str(error))
    return Check(name)


def _same_cards(folder: Path, card: BundleCard) -> None:
    beside = read_card_file(folder)
    if beside is None:
        return  # a folder with the weights alone, such as that of a run
    different = [
        name for name in type(card).model_fields if getattr(card, name) != getattr(beside, name)
    ]
    if different:
        raise BundleError(
            f"{folder / CARD_FILE} and the header of the weights differ in {', '.join(different)};"
            " the header counts: write the folder again"
        )


@torch.inference_mode()
def _answer(network: DetectorNetwork, bundle: ModelBundle) -> None:
    side = 2 * network.largest_stride
    random = torch.Generator().manual_seed(0)
    tile = torch.randint(0, 256, (1, 3, side, side), dtype=torch.uint8, generator=random)
    outputs = network(tile)
    if not all(torch.isfinite(one).all() for one in outputs.numbers()):
        raise BundleError("what the network proposes is no finite number")
    if outputs.class_count != len(bundle.taxonomy):
        raise BundleError(
            f"the network tells {outputs.class_count} classes apart, the card names"
            f" {len(bundle.taxonomy)}"
        )
