"""How far down a backbone weights reach that were published to some stage only, as their card says."""

from typing import Final, Literal

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.pretrained import built_name, described_part
from patherea_core.model.timm_models import described
from patherea_core.model.weight_files import BackboneCard

Coarsest = Literal[8, 16, 32]

#: Strides at which a backbone may end, the coarsest first.
_COARSEST: Final[tuple[Coarsest, ...]] = (32, 16, 8)


def within_reach(network: NetworkConfig, card: BackboneCard) -> NetworkConfig:
    """Return a network whose backbone ends where its weights do; one that they suffice for stays as it is.

    Args:
        network: on the backbone that the weights are of.
        card: of the weights.

    Raises:
        InputError: they lack what each detector on this backbone needs.
    """
    if not card.absent:
        return network
    whole = described(network.backbone, network.backbone_options).state_dict()
    lacking = [name for name in whole if _is_absent(name, card.absent)]
    for coarsest in _COARSEST:
        if coarsest > network.coarsest_stride:
            continue
        shorter = network.model_copy(update={"coarsest_stride": coarsest})
        built = described_part(shorter).state_dict().keys()
        if not any(built_name(name, built) in built for name in lacking):
            return shorter
    raise InputError(
        f"the weights lack {', '.join(card.absent)} of {network.backbone}, which a detector needs; name a"
        " file that has more of it"
    )


def _is_absent(name: str, absent: tuple[str, ...]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in absent)
