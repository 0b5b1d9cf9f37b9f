"""The two light heads: one gives offsets, the other class logits, for every anchor point.

A head is a few residual blocks and then one 3×3 convolution that gives the one-to-many output; the
one-to-one output is a further 3×3 convolution on top of that (paper, section 6.1). Without the
one-to-many branch the first convolution gives the one-to-one output and the second is not built. The
released code has a ReLU between the two outputs of the offsets, which a head can have on request.
"""

from torch import Tensor, nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions around which the input passes (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # Batch statistics are fixed at inference, so that a tile's result depends on its neighbourhood
        # only; statistics of the tile itself (group normalisation) would show the seams of the tiling.
        self.first = nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, features: Tensor) -> Tensor:
        """Return a map of the same shape."""
        inner = functional.relu(self.first_norm(self.first(features)))
        return functional.relu(features + self.second_norm(self.second(inner)))


class Head(nn.Module):
    """Predict ``outputs`` numbers for each of ``anchors`` anchor points of a site.

    Attributes:
        rectified: whether the one-to-one output sees only what is positive of the one-to-many output.
    """

    def __init__(
        self, width: int, blocks: int, *, anchors: int, outputs: int, one_to_many: bool
    ) -> None:
        super().__init__()
        self.rectified = False
        self.outputs = outputs
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
        self.first_output = nn.Conv2d(width, anchors * outputs, kernel_size=3, padding=1)
        nn.init.normal_(self.first_output.weight, std=0.01)
        nn.init.zeros_(_bias(self.first_output))
        self.refined_output = _identity_convolution(anchors * outputs) if one_to_many else None

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return (one-to-one, one-to-many) outputs, each (B, M, outputs); the latter may be None."""
        first = self.first_output(self.blocks(features))
        if self.refined_output is None:
            return self._by_anchor(first), None
        seen = functional.relu(first) if self.rectified else first
        return self._by_anchor(self.refined_output(seen)), self._by_anchor(first)

    def _by_anchor(self, output: Tensor) -> Tensor:
        """Return (B, M, outputs) from (B, anchors · outputs, h, w), in the order of the anchor points."""
        batch, _, rows, columns = output.shape
        split = output.reshape(batch, -1, self.outputs, rows, columns)
        return split.permute(0, 3, 4, 1, 2).reshape(batch, -1, self.outputs)


def _identity_convolution(channels: int) -> nn.Conv2d:
    """Return a 3×3 convolution that starts by passing its input on, so that it refines from there."""
    convolution = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
    nn.init.dirac_(convolution.weight)
    nn.init.zeros_(_bias(convolution))
    return convolution


def _bias(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias
