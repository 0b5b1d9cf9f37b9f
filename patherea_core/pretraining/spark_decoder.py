"""The decoder of sparse masked modelling: from the levels of a pyramid back to pixels."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.model.timm_pyramid import Level
from patherea_core.pretraining.sparse import Visibility, make_sparse


class PyramidDecoder(nn.Module):
    """Fills the hidden sites of every level, and doubles the coarsest until it has a site a pixel.

    On the way each finer level is added where it fits (Tian et al. 2023, equations 2 to 4).
    """

    def __init__(self, levels: Sequence[Level], width: int, visibility: Visibility) -> None:
        """Take the levels of the pyramid, rising, and the width of the coarsest stage.

        Raises:
            InputError: that width cannot be halved at every doubling.
        """
        super().__init__()
        self.coarsest = coarsest = levels[-1].stride
        if width % coarsest:
            raise InputError(f"decoder_width must be a multiple of {coarsest}, not {width}")
        strides = [coarsest >> step for step in range(coarsest.bit_length() - 1)]
        widths = {stride: width * stride // coarsest for stride in strides}
        self.norms = nn.ModuleDict({_key(at.stride): nn.BatchNorm2d(at.channels) for at in levels})
        make_sparse(self.norms, visibility)
        # What stands in the hidden sites of a level.
        self.embeddings = nn.ParameterDict(
            {_key(at.stride): torch.randn(1, at.channels, 1, 1) * 0.02 for at in levels}
        )
        self.bridges = nn.ModuleDict(
            {
                _key(at.stride): nn.Conv2d(at.channels, widths[at.stride], 3, padding=1)
                for at in levels
            }
        )
        self.stages = nn.ModuleDict({_key(stride): _stage(widths[stride]) for stride in strides})
        self.pixels = nn.Conv2d(width // coarsest, 3, 1)
        # Near the mean of each cell, which is a better first guess than chance.
        nn.init.trunc_normal_(self.pixels.weight, std=0.02)

    def forward(self, maps: Mapping[int, Tensor], visibility: Visibility) -> Tensor:
        """Return the (B, 3, H, W) image of the (B, C, H / stride, W / stride) maps of strides."""
        decoded: Tensor | None = None
        for key, stage in self.stages.items():
            if int(key) in maps:
                bridged = self.bridges[key](self._filled(key, maps[int(key)], visibility))
                decoded = bridged if decoded is None else decoded + bridged
            decoded = stage(decoded)
        image: Tensor = self.pixels(decoded)
        return image

    def _filled(self, key: str, level: Tensor, visibility: Visibility) -> Tensor:
        hidden = visibility.hidden_sites(*level.shape[2:])[:, None]
        return torch.where(hidden, self.embeddings[key], self.norms[key](level))


def _stage(width: int) -> nn.Sequential:
    """Return what doubles the sides of a map, and halves its width."""
    half = width // 2
    return nn.Sequential(
        nn.ConvTranspose2d(width, width, 4, stride=2, padding=1),
        # Norms follow, so that no bias is needed.
        nn.Conv2d(width, half, 3, padding=1, bias=False),
        nn.BatchNorm2d(half),
        nn.ReLU(),
        nn.Conv2d(half, half, 3, padding=1, bias=False),
        nn.BatchNorm2d(half),
    )


def _key(stride: int) -> str:
    return str(stride)
