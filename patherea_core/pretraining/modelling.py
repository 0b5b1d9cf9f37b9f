"""What every masked image model does: hide cells of tiles, fill them in, and be told how well."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from patherea_core.errors import InputError, ShapeError
from patherea_core.model.weight_faults import COUNTS, lack
from patherea_core.model.weight_fitting import INITIAL_WEIGHTS
from patherea_core.pretraining.masking import (
    as_cells,
    as_images,
    drawn_cells,
    require_whole_cells,
)

#: Added to the variance of a cell, so that one of a single colour can be divided by its deviation.
_LEAST_VARIANCE = 1e-6

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Reconstruction:
    """Tiles with their hidden cells filled in.

    Attributes:
        picture: (B, 3, H, W) in the frame of the images: hidden cells as predicted, the others as they are;
            without gradient. Mean and deviation of a hidden cell are the true ones, which a model is not
            asked for.
        loss: 0-dimensional, the mean squared error over the hidden cells.
    """

    picture: Tensor
    loss: Tensor


class MaskedImageModel(nn.Module):
    """A backbone that learns by filling in hidden cells, and what it needs for that alone.

    Attributes:
        cell: side of a cell in pixels; sides of tiles must be multiples of it.
        hidden_share: share of the cells that ``masks`` hides.
        mean: (1, 3, 1, 1) of the colours in [0, 1] that the backbone expects.
        std: (1, 3, 1, 1), their standard deviation.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, cell: int, hidden_share: float, statistics: tuple[Colour, Colour]) -> None:
        """Take mean and standard deviation of the colours as statistics."""
        super().__init__()
        self.cell = cell
        self.hidden_share = hidden_share
        for name, values in zip(("mean", "std"), statistics, strict=True):
            # Known from the backbone's name, so that no checkpoint need keep them.
            self.register_buffer(name, torch.tensor(values).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor, hidden: Tensor) -> Reconstruction:
        """Fill in hidden cells.

        Args:
            images: (B, 3, H, W) float, normalised.
            hidden: (B, H / cell, W / cell) bool, True for a cell that is hidden.

        Raises:
            ShapeError: the sides are no multiples of the cell, or the cells are of another number; or images
                hide different numbers of cells, or all of them.
        """
        self.require_fitting(images, hidden)
        return reconstruction(images, hidden, self.predicted(images, hidden), self.cell)

    @abstractmethod
    def predicted(self, images: Tensor, hidden: Tensor) -> Tensor:
        """Return the (B, N, 3 · cell²) pixels of all N cells that visible ones alone let expect.

        They are less the mean of their cell, and divided by its deviation; arguments as in ``forward``.
        """

    @abstractmethod
    def backbone_tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the backbone themselves, by the names of timm's whole model."""

    def backbone_state(self) -> dict[str, Tensor]:
        """Return copies of the tensors of the backbone on the CPU, by the names of timm's whole model.

        How many batches a norm has seen is left out: no detector starts from that.
        """
        return {
            name: tensor.detach().cpu().contiguous().clone()
            for name, tensor in self.backbone_tensors().items()
            if not name.endswith(COUNTS)
        }

    @torch.no_grad()
    def load_backbone_state(self, state: Mapping[str, Tensor]) -> None:
        """Set the backbone to tensors by timm's names; those that it does not have are left alone.

        Raises:
            InputError: a tensor is missing, or of another shape.
        """
        own = self.backbone_tensors()
        wanted = [name for name in own if not name.endswith(COUNTS)]
        lacking = [name for name in wanted if name not in state]
        if lacking:
            raise InputError(f"the weights to start from {lack(lacking, wanted, INITIAL_WEIGHTS)}")
        for name, tensor in own.items():
            given = state.get(name, tensor)
            if given.shape != tensor.shape:
                raise InputError(
                    f"{name} of the weights to start from is {tuple(given.shape)}, not"
                    f" {tuple(tensor.shape)}; name a file of this backbone, with the same options, with"
                    " --initial-weights"
                )
            tensor.copy_(given)

    def masks(self, count: int, side: int, random: np.random.Generator) -> Tensor:
        """Return (count, side / cell, side / cell) bool, True for hidden, for tiles of that side in pixels.

        Raises:
            ShapeError: the side is no multiple of the cell.
            InputError: a tile has too few cells to hide some and show some.
        """
        self.require_cells(side, side)
        return drawn_cells(count, side // self.cell, self.hidden_share, random)

    def normalised(self, images: Tensor) -> Tensor:
        """Return (B, 3, H, W) float in the frame of the backbone from uint8 RGB."""
        return (images.float() / 255 - self.mean) / self.std

    def require_cells(self, height: int, width: int) -> None:
        """Raise ShapeError unless tiles of these sides in pixels have a whole number of cells."""
        require_whole_cells(self.cell, height, width)

    def require_fitting(self, images: Tensor, hidden: Tensor) -> None:
        """Raise ShapeError unless these cells are those of these images."""
        batch, _, height, width = images.shape
        self.require_cells(height, width)
        wanted = (batch, height // self.cell, width // self.cell)
        if hidden.shape != wanted or hidden.dtype != torch.bool:
            raise ShapeError(
                f"hidden must be {wanted} of bool for these tiles, not {tuple(hidden.shape)} of"
                f" {hidden.dtype}"
            )


def reconstruction(images: Tensor, hidden: Tensor, predicted: Tensor, cell: int) -> Reconstruction:
    """Return predicted cells as a picture, and their loss.

    What is to be predicted are pixels less their mean over the cell, divided by their deviation there (He et
    al. 2022, section 4.1): the texture of a cell rather than its colour.

    Args:
        images: (B, 3, H, W) normalised.
        hidden: (B, R, C) bool.
        predicted: (B, R · C, 3 · cell²), of all cells; those of visible ones count for nothing.
        cell: side of a cell in pixels.
    """
    cells, predicted = as_cells(images.float(), cell), predicted.float()
    mean = cells.mean(dim=2, keepdim=True)
    deviation = (cells.var(dim=2, keepdim=True) + _LEAST_VARIANCE).sqrt()
    errors = (predicted - (cells - mean) / deviation).square().mean(dim=2)
    counted = hidden.flatten(1)
    # With nothing hidden there is nothing to learn: zero, and no division by it.
    loss = errors.masked_fill(~counted, 0).sum() / counted.sum().clamp(min=1)
    filled = torch.where(counted[..., None], predicted.detach() * deviation + mean, cells)
    return Reconstruction(as_images(filled, hidden.shape[1], cell), loss)
