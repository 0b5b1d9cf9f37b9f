"""What a training is asked to do."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patherea_core.config import Recipe
from patherea_core.data.division import Division


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """What to train on, how, and where to.

    Attributes:
        dataset: a dataset folder.
        run: the folder of the run; must not hold a complete epoch yet unless ``resume``.
        recipe: all settings.
        validation_fold: the fold that is not trained on; the best state is chosen by it.
        division: which samples serve for what; None validates on ``validation_fold`` and trains on the rest.
        device: auto, cpu or cuda.
        seed: root of every random choice.
        resume: continue the run in the folder after its last complete epoch; without one, start afresh.
        provenance: further entries for the model card.
    """

    dataset: Path
    run: Path
    recipe: Recipe
    validation_fold: int = 0
    division: Division | None = None
    device: str = "auto"
    seed: int = 0
    resume: bool = False
    provenance: dict[str, Any] = field(default_factory=dict)
