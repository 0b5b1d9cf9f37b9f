"""Hibou-B, a DINOv2 with registers that was pretrained on pathology, from its published files.

https://huggingface.co/histai/hibou-b publishes it under Hugging Face's names, with the normalisation of
the input in ``preprocessor_config.json``; Nechaev et al., https://arxiv.org/abs/2406.05074.
"""

from pathlib import Path

from torch import Tensor

from patherea_core.errors import InputError
from patherea_core.model.weight_files import BackboneCard, read_weight_file
from patherea_core.model.weight_names import timm_names
from training.converters.published import Layout

#: timm has the same parts under the name of a larger model; the number of heads shows in no shape.
LAYOUT = Layout(
    architecture="vit_giant_patch14_reg4_dinov2",
    options={"embed_dim": 768, "depth": 12, "num_heads": 12},
    folded_norm=False,
    mean=(0.7068, 0.5755, 0.722),
    std=(0.195, 0.2316, 0.1816),
    absent=(),
)
_ORIGIN = "https://huggingface.co/histai/hibou-b"


def read(source: Path) -> tuple[dict[str, Tensor], BackboneCard]:
    """Return the weights by timm's names, and their card.

    Raises:
        InputError: the file cannot be read, or is of another network.
    """
    file = read_weight_file(source)
    model = LAYOUT.model()
    state = timm_names(file.content, LAYOUT.architecture, model)
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    found = {name: tensor.shape for name, tensor in state.items()}
    # Positions may be of another grid; they are resampled where the network is built.
    if "pos_embed" in found:
        found["pos_embed"] = shapes["pos_embed"]
    wrong = sorted(
        name for name in found.keys() | shapes.keys() if found.get(name) != shapes.get(name)
    )
    if wrong:
        raise InputError(
            f"{source} is not Hibou-B: {len(wrong)} tensors are missing, too many or of other shapes,"
            f" {', '.join(wrong[:3])}; name the file of {_ORIGIN}"
        )
    card = BackboneCard(
        architecture=LAYOUT.architecture,
        backbone_options=dict(LAYOUT.options),
        mean=LAYOUT.mean,
        std=LAYOUT.std,
        licence=f"that of {_ORIGIN}, which is Apache-2.0, if the file is from there",
        origin=f"a file named {source.name} with the tensors of {_ORIGIN}",
        source_sha256=file.sha256,
    )
    return state, card
