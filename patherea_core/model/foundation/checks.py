"""Whether a file is a foundation model, whole and as published; if not, one sentence says what differs."""

import logging
from collections.abc import Iterable, Mapping
from math import isqrt
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.model.foundation.published import Foundation
from patherea_core.model.foundation.registry import known_foundation

log = logging.getLogger(__name__)

#: What stands in published files beside the transformer: heads, and what pretraining needs besides.
BESIDE_THE_BACKBONE = (
    *("head", "fc", "classifier", "mask_token", "decoder", "projector", "pooler"),
    *("dino_head", "ibot_head"),
)

#: Factor between pixel sizes from which on tissue looks like that of another magnification.
_OTHER_MAGNIFICATION = 1.5

#: Tensors that a message names of each kind.
_MOST_NAMED = 3


def require_whole(
    foundation: Foundation, state: Mapping[str, Tensor], model: nn.Module, path: Path
) -> None:
    """Refuse tensors that are not all of a foundation model, or more, or of other shapes.

    Args:
        foundation: what they are to be.
        state: the tensors by timm's names; heads do not matter.
        model: the timm model; its numbers do not matter.
        path: their file, for the message.

    Raises:
        InputError: which tensors are missing, too many or of which other shapes.
    """
    wanted, found = _of_the_transformer(model.state_dict()), _of_the_transformer(state)
    faults = [
        *_named("it lacks", [name for name in wanted if name not in found], len(wanted)),
        *_named("it has besides", [name for name in found if name not in wanted], len(found)),
        *_named("of other shapes are", _other_shapes(wanted, found, model), len(wanted)),
    ]
    if faults:
        raise InputError(
            f"{path} is not {foundation.title} as {foundation.page} publishes it: {'; '.join(faults)}. It"
            f" has {_form(found)}, and {foundation.name} has {_form(wanted)}; name the file"
            f" {foundation.download}, or another foundation model"
        )


def tell_digest(foundation: Foundation, sha256: str, path: Path, *, fetched: bool) -> None:
    """Log whether a file is the published one, as far as that is known.

    Raises:
        InputError: it was fetched from where it is published, and is another.
    """
    if foundation.sha256 is None:
        log.info(
            "%s has the sha256 %s, to which no published one is known; the model's card keeps it",
            path,
            sha256,
        )
    elif sha256 == foundation.sha256:
        log.info("%s is the published file of %s", path, foundation.title)
    elif fetched:
        raise InputError(
            f"what was fetched as {foundation.title} has the sha256 {sha256}, not {foundation.sha256}:"
            f" remove {path} and try again, or bring the file from {foundation.download}"
        )
    else:
        log.warning(
            "%s is not the published file of %s: its sha256 is %s, not %s; it may have been saved anew",
            path,
            foundation.title,
            sha256,
            foundation.sha256,
        )


def tell_pixels(backbone: str, mpp: float) -> None:
    """Warn if a foundation model was pretrained on pixels of quite another size than a dataset has."""
    foundation = known_foundation(backbone)
    if foundation is None or not foundation.mpp:
        return
    if min(max(mpp / one, one / mpp) for one in foundation.mpp) < _OTHER_MAGNIFICATION:
        return
    log.warning(
        "%s was pretrained on pixels of %s µm, and the dataset has pixels of %g µm; a dataset of the"
        " former may suit it better",
        foundation.title,
        " and ".join(f"{one:g}" for one in foundation.mpp),
        mpp,
    )


def origin_of(foundation: Foundation, sha256: str, path: Path) -> str:
    """Return where weights come from, in words: the paper, the page, and the file that was given."""
    if sha256 == foundation.sha256:
        return f"{foundation.title} ({foundation.citation}), {foundation.download}"
    return (
        f"{foundation.title} ({foundation.citation}) of {foundation.page}, if the file named {path.name} is"
        " from there"
    )


def _of_the_transformer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor
        for name, tensor in state.items()
        if not name.split(".")[0].startswith(BESIDE_THE_BACKBONE)
    }


def _other_shapes(
    wanted: Mapping[str, Tensor], found: Mapping[str, Tensor], model: nn.Module
) -> list[str]:
    """Return the tensors of other shapes; positions may be of another square grid."""
    both = [name for name in wanted if name in found]
    return [
        f"{name}, which is {tuple(found[name].shape)}, not {tuple(wanted[name].shape)}"
        for name in both
        if found[name].shape != wanted[name].shape
        and not (name == "pos_embed" and _resampleable(found[name], wanted[name], model))
    ]


def _resampleable(found: Tensor, wanted: Tensor, model: Any) -> bool:  # noqa: ANN401  timm's loose types
    """Return whether positions are those of a square grid, and of the class token where it has one."""
    if found.ndim != wanted.ndim or found.shape[2] != wanted.shape[2]:
        return False
    sites = found.shape[1] - (0 if model.no_embed_class else model.num_prefix_tokens)
    return sites > 0 and isqrt(sites) ** 2 == sites


def _named(what: str, names: Iterable[str], of: int) -> list[str]:
    named = list(names)
    if not named:
        return []
    return [f"{what} {len(named)} of {of} tensors, {', '.join(named[:_MOST_NAMED])}"]


def _form(state: Mapping[str, Tensor]) -> str:
    """Return the form of a vision transformer as its tensors show it, in words."""
    patches, registers = state.get("patch_embed.proj.weight"), state.get("reg_token")
    if patches is None or patches.ndim != 4:
        return "no patches of a vision transformer"
    rows = {name.split(".")[1] for name in state if name.startswith("blocks.")}
    count = 0 if registers is None else registers.shape[1]
    return (
        f"patches of {patches.shape[-1]}, {patches.shape[0]} channels, {len(rows)} blocks and"
        f" {count} registers"
    )
