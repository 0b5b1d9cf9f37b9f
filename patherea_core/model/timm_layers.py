"""The layers of timm's convolutional networks by how they treat the sites of a feature map."""

from timm.layers.activations import GELU, GELUTanh, HardMish, HardSwish, Mish, QuickGELU, Swish
from timm.layers.blur_pool import BlurPool2d
from timm.layers.conv_bn_act import ConvNormAct
from timm.layers.drop import DropPath
from timm.layers.eca import EcaModule
from timm.layers.global_context import GlobalContext
from timm.layers.grn import GlobalResponseNorm
from timm.layers.layer_scale import LayerScale2d
from timm.layers.mixed_conv2d import MixedConv2d
from timm.layers.mlp import ConvMlp, GlobalResponseNormMlp, Mlp
from timm.layers.norm import (
    LayerNorm2d,
    LayerNorm2dFp32,
    RmsNorm,
    RmsNorm2d,
    SimpleNorm,
    SimpleNorm2d,
)
from timm.layers.norm_act import LayerNormAct2d
from timm.layers.squeeze_excite import EffectiveSEModule, SEModule
from timm.models._efficientnet_blocks import SqueezeExcite
from torch import nn

#: Their result at a site depends on that site alone, and is zero where it is zero.
KEEP_ZERO = (
    *(nn.Identity, nn.Dropout, DropPath, LayerScale2d),
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SiLU, nn.GELU, nn.Hardswish, nn.Mish),
    *(GELU, GELUTanh, QuickGELU, Swish, HardSwish, Mish, HardMish),
)

#: Their result depends on the set of all sites, wherever these are; maps are (B, C, H, W).
OVER_ALL_SITES = (
    *(nn.BatchNorm2d, nn.SyncBatchNorm, nn.GroupNorm, nn.InstanceNorm2d),
    *(SEModule, SqueezeExcite, EffectiveSEModule, EcaModule, GlobalContext),
)

#: Their result depends on a site, its neighbours, or the norm of each channel, and maps are (B, C, H, W).
CHANNELS_FIRST = (
    *(nn.Conv2d, BlurPool2d),
    *(LayerNorm2d, LayerNorm2dFp32, LayerNormAct2d, RmsNorm2d, SimpleNorm2d),
)

#: The same of maps that are (B, H, W, C); those of the other order, some of which are their kin, come first.
CHANNELS_LAST = (nn.Linear, nn.LayerNorm, RmsNorm, SimpleNorm)

#: Largest and mean values around a site; maps are (B, C, H, W).
LARGEST_AROUND = (nn.MaxPool2d,)
MEAN_AROUND = (nn.AvgPool2d,)

_CONTAINERS = (nn.Sequential, ConvMlp, ConvNormAct, GlobalResponseNormMlp, MixedConv2d, Mlp)


def is_channels_first(layer: nn.Module) -> bool:
    """Return whether a layer is one of CHANNELS_FIRST, or a response norm of such maps."""
    if isinstance(layer, GlobalResponseNorm):
        return layer.channel_dim == 1
    return isinstance(layer, CHANNELS_FIRST)


def is_channels_last(layer: nn.Module) -> bool:
    """Return whether a layer is one of CHANNELS_LAST, or a response norm of such maps."""
    if isinstance(layer, GlobalResponseNorm):
        return layer.channel_dim == -1
    return isinstance(layer, CHANNELS_LAST) and not is_channels_first(layer)


def is_only_its_parts(layer: nn.Module) -> bool:
    """Return whether a module does nothing to a map but what its parts do, sums and splits aside."""
    if isinstance(layer, _CONTAINERS):
        return True
    # timm's own layers with parts of theirs are mostly attention, which is more.
    return any(layer.children()) and not type(layer).__module__.startswith("timm.layers")
