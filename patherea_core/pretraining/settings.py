"""Every setting of the pretraining of a backbone by masked image modelling."""

from typing import Annotated, Literal

from pydantic import Field

from patherea_core.config import Count, NotNegative, Positive, Probability, Settings

#: Share of the cells that is hidden where the settings leave it to the method, as published.
_PUBLISHED_RATIOS = {"mae": 0.75, "spark": 0.6}


class PretrainingConfig(Settings):
    """How a backbone learns to fill in the hidden parts of tiles without labels."""

    method: Literal["mae", "spark"] = "spark"
    """"mae" for plain vision transformers (He et al. 2022), "spark" for convolutional pyramids (Tian et al.
    2023)."""
    backbone: str = "convnext_base"
    """The timm model that is pretrained."""
    backbone_options: dict[str, bool | int | float | str] = Field(default_factory=dict)
    """Further arguments of the timm model; a detector that starts from it needs the same."""
    mpp: Positive = 0.25
    """Micrometres a working pixel, so that of a tile as the backbone sees it."""
    tile_size: Annotated[int, Field(ge=32)] = 224
    """Side of a tile in working pixels; a multiple of the side of a cell, which is the patch of a
    transformer and the coarsest stride of a convolutional network."""
    mask_ratio: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the cells of a tile that is hidden; None takes what was published: 0.75 for MAE, 0.6 for
    SparK."""
    decoder_width: Count = 512
    """Width of the decoder's transformer, or of the coarsest stage of a convolutional decoder, which halves
    it at every doubling."""
    decoder_depth: Count = 8
    """Blocks of the decoder's transformer; a convolutional decoder has a stage for every doubling."""
    decoder_heads: Count = 16
    """Attention heads of the decoder's transformer; must divide its width."""
    epochs: Count = 100
    """Passes, each of ``tiles_per_epoch`` tiles."""
    tiles_per_epoch: Count = 10_000
    """Tiles that are drawn anew in every epoch, on all devices together."""
    batch_size: Count = 64
    """Tiles a forward pass, on each device."""
    learning_rate: Positive = 1.5e-4
    """Peak learning rate of AdamW."""
    weight_decay: NotNegative = 0.05
    """Weight decay of AdamW."""
    warmup_fraction: Probability = 0.05
    """Share of all steps during which the learning rate rises from zero; then it falls as a cosine."""
    gradient_clip: NotNegative = 0.0
    """Largest norm of the gradient; 0 for no limit."""
    colour_jitter: Probability = 0.0
    """Largest relative change of brightness, contrast and saturation of a tile."""
    stain: Literal["H&E", "H-DAB"] = "H&E"
    """The two stains that ``stain_jitter`` separates."""
    stain_jitter: NotNegative = 0.0
    """Largest relative change of the amount of each stain in a tile."""
    blur: NotNegative = 0.0
    """Largest standard deviation in working pixels by which a tile is blurred."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Arithmetic of the network; the loss is always computed in 32 bits."""

    @property
    def hidden_share(self) -> float:
        """The share of the cells that is hidden: that of the settings, or the method's own."""
        return self.mask_ratio if self.mask_ratio is not None else _PUBLISHED_RATIOS[self.method]
