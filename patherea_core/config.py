"""Every setting of a network and of its training: frozen, validated, the paper's value as default.

Unknown keys are errors, so that a misspelt setting never passes in silence. Symbols in brackets are
the paper's.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Probability = Annotated[float, Field(ge=0, le=1)]


class Settings(BaseModel):
    """Base of all settings: a frozen value that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NetworkConfig(Settings):
    """The shape of the network (paper, sections 3.1 to 3.3 and 6.1)."""

    backbone: str = "convnext_base"
    """A timm model that offers a feature pyramid."""
    feature_stride: Literal[4, 8, 16] = 8
    """Input pixels along the side of one site of the heads' feature map (s)."""
    fpn_channels: Count = 256
    """Width of the feature pyramid and of the heads."""
    head_blocks: Count = 2
    """Residual blocks of each head, before its two output convolutions."""
    anchors_per_side: Count = 2
    """Anchor points along each side of a site; its square is the paper's K."""
    one_to_many: bool = True
    """Whether the network has the one-to-many branch of hybrid matching; without it, it is P2PNet's form."""


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
    normalisation: Literal["released", "paper"] = "released"
    """"released": divide by the summed class weights and halve the squared distance, as the code that gave
    the published figures did; "paper": equations 2 and 3 to the letter."""


class TrainingConfig(Settings):
    """How the network is trained (paper, section 6.1)."""

    epochs: Count = 100
    """Passes over the training area."""
    batch_size: Count = 16
    """Tiles a step."""
    tile_size: Annotated[int, Field(ge=32, multiple_of=32)] = 224
    """Side of a training tile in working pixels; a multiple of the backbone's largest stride."""
    learning_rate: Positive = 1e-4
    """Peak learning rate of AdamW."""
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
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Arithmetic of the network; the loss is always computed in 32 bits."""
    validations: Count = 10
    """How often in a training the validation fold is scored, spread evenly; the best state is kept."""


class DecodingConfig(Settings):
    """How proposals become detections (paper, section 3.1)."""

    score_threshold: Probability | None = 0.5
    """Least probability of a detection (c_thresh); None takes the best one on the validation fold."""


class Recipe(Settings):
    """Everything that, with a dataset and a seed, determines a training."""

    network: NetworkConfig = NetworkConfig()
    assignment: AssignmentConfig = AssignmentConfig()
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()
    decoding: DecodingConfig = DecodingConfig()
    radius_um: Positive = 4.0
    """Accepted distance of validation in micrometres (r: 16 pixels of 0.25 µm)."""
