"""What is wrong with tensors that are to be a backbone's: which are foreign, lacking or of another shape."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from patherea_core.errors import InputError
from patherea_core.model.foundation.checks import BESIDE_THE_BACKBONE
from patherea_core.model.weight_fitting import BACKBONE_WEIGHTS, WeightsOption

#: Batches that a norm has seen; published files may hold them, and no network needs them.
COUNTS = "num_batches_tracked"


def require_known(
    used: Collection[str], known: Collection[str], path: Path, option: WeightsOption
) -> None:
    """Refuse tensors that a model does not have, but for heads and what else is never used.

    Args:
        used: names in the file.
        known: names of the whole timm model.
        path: the file, for the message.
        option: how a person names it, for the message.

    Raises:
        InputError: which tensors are foreign, and which of the model's are lacking.
    """
    foreign = _of_the_backbone(sorted({*used} - {*known}))
    if not foreign:
        return
    lacking = _of_the_backbone([name for name in known if name not in used])
    besides = f", and lacks some that it has ({len(lacking)}), {_few(lacking)}" if lacking else ""
    options = ", or set network.backbone_options as they were when these were learnt"
    raise InputError(
        f"{path} holds tensors that the backbone does not have ({len(foreign)}), {_few(foreign)}{besides};"
        f" name weights of this backbone with {option}{options if option == BACKBONE_WEIGHTS else ''}"
    )


def _of_the_backbone(names: Sequence[str]) -> list[str]:
    return [
        name
        for name in names
        if not name.startswith(BESIDE_THE_BACKBONE) and not name.endswith(COUNTS)
    ]


def require_all(found: Mapping[str, Tensor], built: Mapping[str, Tensor]) -> None:
    """Refuse weights that lack a tensor of what is built, or have one of another shape.

    Args:
        found: the weights by the names of what is built.
        built: its tensors, in its order.

    Raises:
        InputError: which tensors, and what is likely the matter.
    """
    missing = [name for name in built if name not in found]
    if missing:
        raise InputError(f"the weights {lack(missing, [*built])}")
    wrong = [
        f"{name} is {tuple(found[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in built.items()
        if found[name].shape != tensor.shape
    ]
    if wrong:
        raise InputError(
            f"the weights have other shapes than the backbone: {'; '.join(wrong[:3])}; they are of another"
            " network, or of one with other backbone_options"
        )


def lack(missing: list[str], names: list[str], option: WeightsOption = BACKBONE_WEIGHTS) -> str:
    """Return in words which tensors weights lack, what is likely the matter, and what to do.

    Args:
        missing: names of what they lack, in the order of ``names``.
        names: of all that is wanted.
        option: how a person names the weights.
    """
    return (
        f"lack {len(missing)} of {len(names)} tensors of the backbone, {_few(missing)};"
        f" {_why_lacking(missing, names, option)}"
    )


def _why_lacking(missing: list[str], names: list[str], option: WeightsOption) -> str:
    if len(missing) == len(names):
        return f"they are of another network: name weights of this one with {option}"
    if missing == names[-len(missing) :]:
        shorter = (
            ", or, of a pyramid, set network.coarsest_stride in a recipe file to the coarsest maps that they"
            " reach"
        )
        return (
            f"they end after {names[-len(missing) - 1]}: name the whole file with {option}"
            f"{shorter if option == BACKBONE_WEIGHTS else ''}"
        )
    return (
        "the file was saved in part, or is of another form of this network: name the whole one with"
        f" {option}"
    )


def require_none_left(left: Collection[str], built: Collection[str]) -> None:
    """Refuse tensors of layers that are built: then the layers are not what they were.

    Args:
        left: names of the weights that nothing is built for.
        built: names of what is built.

    Raises:
        InputError: which tensors.
    """
    layers = {name.rpartition(".")[0] for name in built} - {""}
    used = sorted(name for name in left if name.rpartition(".")[0] in layers)
    if used:
        raise InputError(
            f"the backbone is built without {len(used)} tensors of the weights, {_few(used)}; set its"
            " backbone_options as they were in pretraining"
        )


def _few(names: Collection[str]) -> str:
    return ", ".join([*names][:3])
