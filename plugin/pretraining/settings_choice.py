"""From the few words that people say of a pretraining to all of its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from patherea_core.errors import InputError
from patherea_core.model.timm_models import require_known
from patherea_core.model.vit_adapter import is_plain_transformer
from patherea_core.model.weight_files import read_backbone_card
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.recipes import RECIPES
from patherea_core.refusals import refusal

#: What is pretrained where nothing is named: the backbone of the recipe small-pretrained, at its pixel size.
DEFAULT_BACKBONE = "mobilenetv2_100"
DEFAULT_MPP = 0.5

#: What is taken where the person says nothing else; the arithmetic is that of all recipes.
_USUAL: Mapping[str, Any] = {"mpp": DEFAULT_MPP, "precision": "bf16-mixed"}

#: What suits the default backbone, which is small: so is what is needed beside it for the pretraining alone,
#: and it learns faster (docs/pretraining.md).
_SMALL: Mapping[str, Any] = {"decoder_width": 256, "batch_size": 32, "learning_rate": 1e-3}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsWishes:
    """What a person says of a pretraining; None leaves a setting as is usual.

    Attributes:
        backbone: what timm calls it.
        method: spark or mae; None takes what suits the backbone.
        mpp: micrometres per pixel of the tiles.
        tile_size: side of a tile in pixels.
        epochs: how often ``tiles_per_epoch`` tiles are drawn.
        tiles_per_epoch: on all devices together.
        batch_size: tiles of a step on each device.
        mask_ratio: share of a tile that is hidden.
        learning_rate: the highest.
    """

    backbone: str = DEFAULT_BACKBONE
    method: str | None = None
    mpp: float | None = None
    tile_size: int | None = None
    epochs: int | None = None
    tiles_per_epoch: int | None = None
    batch_size: int | None = None
    mask_ratio: float | None = None
    learning_rate: float | None = None


def chosen_settings(
    wishes: SettingsWishes, options: Mapping[str, Any] | None = None
) -> PretrainingConfig:
    """Return all settings of a pretraining.

    Args:
        wishes: what is said of the settings.
        options: of the backbone; None takes those of the recipe for detectors that start from it, so that
            what is pretrained is what they build.

    Raises:
        InputError: timm knows no such backbone, or a setting is none.
    """
    require_known(wishes.backbone, option_of("backbone"))
    options = _usual_options(wishes.backbone) if options is None else dict(options)
    suiting = "mae" if is_plain_transformer(wishes.backbone, options) else "spark"
    said = {
        name: value
        for name in SettingsWishes.__dataclass_fields__
        if (value := getattr(wishes, name)) is not None
    }
    size = _SMALL if _untagged(wishes.backbone) == DEFAULT_BACKBONE else {}
    settings = {**_USUAL, **size, "backbone_options": options, "method": suiting, **said}
    try:
        return PretrainingConfig.model_validate(settings)
    except ValidationError as error:
        setting = str(error.errors()[0]["loc"][0])
        words = refusal(error, PretrainingConfig).replace(setting, option_of(setting), 1)
        raise InputError(
            f"the pretraining cannot be set up so: {words}; give another value"
        ) from error


def option_of(setting: str) -> str:
    """Return the option of the shell that a setting is said with."""
    return "--tile" if setting == "tile_size" else f"--{setting.replace('_', '-')}"


def options_of(weights: Path | Literal["hub"], backbone: str) -> Mapping[str, Any] | None:
    """Return the options of a backbone that weights were learnt with; None if they are of another one.

    Args:
        weights: a file, or "hub" for those that timm publishes. These need none, and so does a file that
            does not say what it is, which will be one of them.
        backbone: what timm calls it.

    Raises:
        InputError: the file cannot be read.
    """
    if weights == "hub":
        return {}
    card = read_backbone_card(weights)
    if card is None:
        return {}
    return card.backbone_options if card.architecture == _untagged(backbone) else None


def _usual_options(backbone: str) -> dict[str, Any]:
    """Return the options of a backbone in the recipe that starts from weights of it; none without one."""
    for recipe in RECIPES.values():
        if (
            recipe.network.backbone == _untagged(backbone)
            and recipe.training.initialisation == "pretrained"
        ):
            return dict(recipe.network.backbone_options)
    return {}


def _untagged(backbone: str) -> str:
    """Return a backbone's name without the tag by which timm tells its published weights apart."""
    return backbone.split(".")[0]
