"""Sparse masked modelling (SparK, Tian et al. 2023) of timm's convolutional pyramids."""

from torch import Tensor

from patherea_core.pretraining.modelling import MaskedImageModel, Reconstruction
from patherea_core.pretraining.settings import PretrainingConfig


class SparseModel(MaskedImageModel):
    """A convolutional pyramid that sees the visible cells of a tile alone, and a decoder for the rest."""

    def __init__(self, config: PretrainingConfig) -> None:
        raise NotImplementedError

    def forward(self, images: Tensor, hidden: Tensor) -> Reconstruction:
        """Fill in hidden cells; arguments as in MaskedImageModel."""
        raise NotImplementedError

    def backbone_state(self) -> dict[str, Tensor]:
        """Return the tensors of the pyramid on the CPU, by the names of timm's whole model."""
        raise NotImplementedError
