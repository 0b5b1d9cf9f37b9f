"""Every setting of a network and of its training: frozen, validated, the paper's value as default.

Unknown keys are errors, so that a misspelt setting never passes in silence. Symbols in brackets are
the paper's.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Probability = Annotated[float, Field(ge=0, le=1)]

#: The kinds of networks: point to point, and fully convolutional regression.
Model = Literal["p2p", "fcrn"]


class Settings(BaseModel):
    """Base of all settings: a frozen value that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AdapterConfig(Settings):
    """The ViT-Adapter around a plain vision transformer (Chen et al. 2023); unused by other backbones."""

    interactions: Count = 4
    """How often features are exchanged, spread evenly over the transformer's blocks."""
    spatial_channels: Count = 64
    """Width of the first convolutions of the spatial prior."""
    attention_heads: Count = 12
    """Heads of the deformable attention; must divide the transformer's width."""
    sampling_points: Count = 4
    """Positions that a head of the deformable attention reads on each level."""
    value_ratio: Probability = 0.5
    """Width of the values of the deformable attention as a share of the transformer's width."""


class ProximityConfig(Settings):
    """The maps of a Patherea-FCRN, and how they are learnt (Xie et al. 2018)."""

    radius: Positive = 8.0
    """Working pixels from a cell at which its proximity has fallen to 0 (d)."""
    decay: Positive = 3.0
    """How steeply it falls from 1 (α); the larger, the more pointed."""
    cell_weight: NotNegative = 10.0
    """What an error at a cell weighs more than one on the background, whose weight is 1."""


class NetworkConfig(Settings):
    """The shape of the network (paper, sections 3.1 to 3.3 and 6.1)."""

    backbone: str = "convnext_base"
    """A timm model that offers a feature pyramid, or a plain vision transformer, which gets an adapter."""
    backbone_options: dict[str, bool | int | float | str] = {}
    """Further arguments of the timm model, say ``{"drop_path_rate": 0.1}``."""
    feature_stride: Literal[1, 2, 4, 8, 16] = 8
    """Input pixels along the side of one site of the heads' feature map, or of a proximity map (s)."""
    coarsest_stride: Literal[8, 16, 32] = 32
    """Stride of the coarsest level of the backbone that is built; what lies beyond is left out."""
    fpn: bool = True
    """Whether a feature pyramid merges the levels; without it the level of ``feature_stride`` alone,
    brought to the width of the heads, feeds them."""
    fpn_channels: Count = 256
    """Width of the feature pyramid; of a proximity decoder at stride 8 and beyond, and half as much at each
    finer stride."""
    head_channels: Count | None = None
    """Width of the heads; None takes that of the feature pyramid."""
    head_blocks: Count = 2
    """Residual blocks of each head, before its two output convolutions."""
    anchors_per_side: Count = 2
    """Anchor points along each side of a site; its square is the paper's K."""
    one_to_many: bool = True
    """Whether the network has the one-to-many branch of hybrid matching; without it, it is P2PNet's form."""
    rectified_offsets: bool = False
    """Whether a ReLU lies between the one-to-many and the one-to-one offsets, as in the released code."""
    frozen_backbone: bool = False
    """Whether the backbone stays as it was pretrained, so that only adapter, pyramid and heads learn."""
    frozen_norm: bool = False
    """Whether batch normalisation of the backbone keeps the statistics it was pretrained with."""
    adapter: AdapterConfig = AdapterConfig()
    proximity: ProximityConfig | None = None
    """The proximity maps of a Patherea-FCRN, which this network is then: of the rest it heeds the backbone
    and its strides, the width and what is frozen. None for the point-to-point network."""

    @property
    def model(self) -> Model:
        """What kind of network this is."""
        return "p2p" if self.proximity is None else "fcrn"

    @model_serializer(mode="wrap")
    def _as_before(self, serialised: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what a point-to-point network had no word for before, so that digests stay."""
        said: dict[str, Any] = serialised(self)
        if self.proximity is None:
            said.pop("proximity", None)  # it is missing where defaults are left out
        return said


class AssignmentConfig(Settings):
    """How proposals are assigned to targets during training (paper, equation 1 and section 3.2)."""

    distance_weight: NotNegative = 0.05
    """Cost of one working pixel of distance against one unit of probability (τ)."""
    proposals_per_target: Count = 6
    """Proposals that each target claims in the one-to-many assignment (β)."""


class LossConfig(Settings):
    """How the losses are weighted (paper, equations 2 to 5)."""

    background_weight: Positive = 0.5
    """Class weight of proposals without a target (λ_t of background)."""
    cell_weight: Positive = 10.0
    """Class weight of proposals with a target (λ_t of every cell class)."""
    regression_weight: NotNegative = 2e-3
    """Weight of the squared distance against the classification loss (λ_reg)."""
    one_to_many_weight: NotNegative = 0.5
    """Weight of the one-to-many loss against the one-to-one loss (λ_one2many)."""
    focal_gamma: NotNegative = 0.0
    """Exponent by which what is already classified well counts less (Lin et al. 2017); 0 for none."""
    logit_adjustment: NotNegative = 0.0
    """How much of the log frequency of each cell class is added to its logit in training, so that rare
    classes are not given up (Menon et al. 2021); 0 for none."""
    normalisation: Literal["released", "paper"] = "released"
    """"released": divide by the summed class weights and halve the squared distance, as the code that gave
    the published figures did; "paper": equations 2 and 3 to the letter."""


class TrainingConfig(Settings):
    """How the network is trained (paper, section 6.1)."""

    initialisation: Literal["scratch", "pretrained"] = "scratch"
    """Whether the backbone starts from weights that have to be given, or at random."""
    epochs: Count = 100
    """Passes over the training area."""
    batch_size: Count = 16
    """Tiles a forward pass, on each device."""
    accumulated_batches: Count = 1
    """Forward passes a step; their gradients are averaged."""
    tile_size: Annotated[int, Field(ge=32, multiple_of=32)] = 224
    """Side of a training tile in working pixels; a multiple of the backbone's largest stride."""
    learning_rate: Positive = 1e-4
    """Peak learning rate of AdamW."""
    backbone_rate_factor: Positive = 1.0
    """Learning rate of the backbone as a multiple of that of the rest."""
    weight_decay: NotNegative = 2e-3
    """Weight decay of AdamW."""
    warmup_fraction: Probability = 0.05
    """Share of all steps during which the learning rate rises from zero; then it falls as a cosine."""
    ema_decay: Probability = 0.0
    """Decay a step of the averaged weights that are validated and saved; 0 takes the raw weights."""
    gradient_clip: NotNegative = 0.0
    """Largest norm of the gradient; 0 for no limit."""
    colour_jitter: Probability = 0.0
    """Largest relative change of brightness, contrast and saturation of a training tile."""
    stain: Literal["H&E", "H-DAB"] = "H&E"
    """The two stains that ``stain_jitter`` separates."""
    stain_jitter: NotNegative = 0.0
    """Largest relative change of the amount of each stain in a training tile."""
    scale_jitter: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Largest relative change of a training tile's scale."""
    blur: NotNegative = 0.0
    """Largest standard deviation in working pixels by which a training tile is blurred."""
    class_balanced_crops: Probability = 0.0
    """Share of the training tiles that lie around a cell of a class drawn with equal chances; the others
    lie anywhere in the labelled area."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Arithmetic of the network; the loss is always computed in 32 bits."""
    validations: Count = 10
    """How often in a training the validation fold is scored, spread evenly; the best state is kept."""
    patience: Annotated[int, Field(ge=0)] = 0
    """Validations in a row without a better score after which the training ends; 0 for never."""


class DecodingConfig(Settings):
    """How proposals become detections (paper, section 3.1)."""

    score_threshold: Probability | None = 0.5
    """Least probability of a detection (c_thresh); None takes the best one on the validation fold."""
    least_distance_um: NotNegative = 0.0
    """Micrometres below which two detections are one cell, so that the likelier one alone stays; 0 keeps
    all, as in the paper."""


class Recipe(Settings):
    """Everything that, with a dataset and a seed, determines a training."""

    network: NetworkConfig = NetworkConfig()
    assignment: AssignmentConfig = AssignmentConfig()
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()
    decoding: DecodingConfig = DecodingConfig()
    radius_um: Positive = 4.0
    """Accepted distance of validation in micrometres (r: 16 pixels of 0.25 µm)."""
