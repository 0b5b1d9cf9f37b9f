"""Sparse masked modelling (SparK, Tian et al. 2023) of timm's convolutional pyramids.

The pyramid sees the visible cells alone, as if the others did not exist; a light decoder, which is thrown
away in the end, fills them in from all of its levels.
"""

from typing import Any

import torch
from torch import Tensor

from patherea_core.errors import InputError
from patherea_core.model.pretrained import built_name
from patherea_core.model.timm_models import described, family, input_statistics, require_known
from patherea_core.model.timm_pyramid import Level, channels_first, chosen_levels, timm_pyramid
from patherea_core.pretraining.masking import as_cells, visible_cells
from patherea_core.pretraining.modelling import MaskedImageModel
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.pretraining.spark_decoder import PyramidDecoder
from patherea_core.pretraining.sparse import Visibility, make_sparse

#: Modules of timm whose networks are convolutions throughout, and are tested here.
_FAMILIES = (
    *("convnext", "densenet", "efficientnet", "mobilenetv3", "regnet", "resnet", "resnetv2"),
    "vgg",
)

_FINEST, _COARSEST = 4, 32


class SparseModel(MaskedImageModel):
    """A convolutional pyramid that sees the visible cells of a tile alone, and a decoder for the rest.

    Attributes:
        pyramid: timm's, of all levels from stride 4 on; what is pretrained.
        strides: of its levels, rising; the last is the side of a cell.
        decoder: from the levels to the pixels of all cells.
    """

    def __init__(self, config: PretrainingConfig) -> None:
        """Build both with random weights.

        Raises:
            InputError: the backbone is no convolutional pyramid of known layers, or the settings do not suit
                it.
        """
        name, options = config.backbone, config.backbone_options
        levels = _levels(config)
        super().__init__(levels[-1].stride, config.hidden_share, input_statistics(name))
        self.visibility = Visibility()
        self.strides = tuple(level.stride for level in levels)
        self.pyramid = timm_pyramid(name, options, levels)
        make_sparse(self.pyramid, self.visibility)
        built = self.pyramid.state_dict()
        whole = described(name, options).state_dict()
        self.names = {built_name(of_whole, built): of_whole for of_whole in whole}
        self.decoder = PyramidDecoder(levels, config.decoder_width, self.visibility)
        self._require_apart(name)

    def predicted(self, images: Tensor, hidden: Tensor) -> Tensor:
        """Return the pixels of all cells; see MaskedImageModel."""
        # Layers that see all sites of a tile are given equally many of each.
        visible_cells(hidden)
        with self.visibility.hiding(hidden):
            image = self.decoder(self._seen(images), self.visibility)
        return as_cells(image, self.cell)

    def features(self, images: Tensor, hidden: Tensor) -> dict[int, Tensor]:
        """Return the (B, C, H / stride, W / stride) maps of the strides, zero where hidden.

        Args:
            images: (B, 3, H, W), normalised.
            hidden: (B, H / cell, W / cell) bool, equally many in each image.
        """
        with self.visibility.hiding(hidden):
            return self._seen(images)

    def _seen(self, images: Tensor) -> dict[int, Tensor]:
        # The order in which convolutions are fastest, and in which sites are picked without a copy.
        images = images.clone(memory_format=torch.channels_last)
        hidden = self.visibility.hidden_sites(*images.shape[2:])
        pyramid: Any = self.pyramid
        maps = channels_first(pyramid, pyramid(images.masked_fill_(hidden[:, None], 0)))
        return dict(zip(self.strides, maps, strict=True))

    def backbone_tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the pyramid themselves, by the names of timm's whole model.

        What comes after the last level is lacking, as the head.
        """
        return {self.names[name]: tensor for name, tensor in self.pyramid.state_dict().items()}

    def _require_apart(self, name: str) -> None:
        """Refuse a backbone that lets something into hidden sites, for whatever reason."""
        side = 2 * self.cell
        hidden = torch.eye(2, dtype=torch.bool)[None]
        self.pyramid.eval()
        with torch.no_grad():
            maps = self.features(torch.ones(1, 3, side, side), hidden)
        self.pyramid.train()
        for stride, level in maps.items():
            cells = as_cells(level, self.cell // stride)
            if level.shape[2] != side // stride or cells[hidden.flatten(1)].any():
                raise InputError(
                    f"SparK cannot keep hidden cells out of the level of stride {stride} of {name!r};"
                    " name another --backbone"
                )


def coarsest_stride(config: PretrainingConfig) -> int:
    """Return the coarsest stride of the backbone, which is the side of a cell and need not be built for that.

    Raises:
        InputError: the backbone is no convolutional pyramid of known layers.
    """
    return _levels(config)[-1].stride


def _levels(config: PretrainingConfig) -> list[Level]:
    _require_convolutional(config.backbone)
    return chosen_levels(config.backbone, config.backbone_options, _FINEST, _COARSEST)


def _require_convolutional(name: str) -> None:
    require_known(name, "--backbone")
    if family(name) not in _FAMILIES:
        raise InputError(
            f"SparK pretrains convolutional networks of timm's families {', '.join(_FAMILIES)}, and {name!r}"
            " is of another; name one of them, or take the method mae (--method mae) for a"
            " plain vision transformer"
        )
