"""What a pretraining is asked to do, as a person says it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from plugin.pretraining.settings_choice import SettingsWishes


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneRequest:
    """How to pretrain, wherever the tiles come from.

    Attributes:
        out: the folder of the run.
        wishes: what is said of the settings.
        initial_weights: a file of weights that the backbone starts from, or "hub" to fetch them by its name;
            None starts it at random.
        accepted_licences: names of the foundation models whose licence was accepted.
        device: auto, cpu or cuda.
        devices: how many GPUs train together; 0 takes all there are.
        workers: processes that read tiles; None takes what suits the machine.
        seed: root of all random choices.
        resume: go on with the run in ``out``.
        licence: terms of the slides, and so of what is learnt from them; None says nothing of them.
        backbone_out: a second place for the backbone.
    """

    out: Path
    wishes: SettingsWishes = field(default_factory=SettingsWishes)
    initial_weights: Path | Literal["hub"] | None = None
    accepted_licences: tuple[str, ...] = ()
    device: str = "auto"
    devices: int = 1
    workers: int | None = None
    seed: int = 0
    resume: bool = False
    licence: str | None = None
    backbone_out: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRequest:
    """What to pretrain on, and how.

    Attributes:
        sources: images, slides, folders or lists of them, datasets.
        backbone: how.
        slide_mpp: micrometres per base pixel of what does not say.
        without_folds: folds of datasets that are left out.
    """

    sources: tuple[Path, ...]
    backbone: BackboneRequest
    slide_mpp: float | None = None
    without_folds: tuple[str, ...] = ()
