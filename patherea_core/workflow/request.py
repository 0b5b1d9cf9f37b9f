"""What a training is asked to do."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from patherea_core.bundle_card import CardWords
from patherea_core.config import Recipe
from patherea_core.data.division import Division, by_fold
from patherea_core.data.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """What to train on, how, and where to.

    Attributes:
        dataset: a dataset folder.
        run: the folder of the run; must not hold a complete epoch yet unless ``resume``.
        recipe: all settings.
        validation_fold: the fold that is not trained on; the best state is chosen by it.
        division: which samples serve for what; None validates on ``validation_fold`` and trains on the rest.
        backbone_weights: a file of weights that the backbone starts from, or "hub" to fetch them by the
            backbone's name; None for a recipe that starts from scratch.
        base_model: a model bundle whose weights the whole network starts from, its recipe having the same
            network; None trains anew. If it leaves its backbone out, ``backbone_weights`` is that.
        accepted_licences: names of the foundation models whose licence was accepted.
        device: auto, cpu or cuda.
        devices: how many GPUs train together; 0 for all there are.
        workers: processes that prepare tiles beside the training; None takes what suits the machine.
        seed: root of every random choice.
        resume: continue the run in the folder after its last complete epoch; without one, start afresh.
        provenance: further entries for the model card.
        words: what the model card says in words.
    """

    dataset: Path
    run: Path
    recipe: Recipe
    validation_fold: int = 0
    division: Division | None = None
    backbone_weights: Path | Literal["hub"] | None = None
    base_model: Path | None = None
    accepted_licences: tuple[str, ...] = ()
    device: str = "auto"
    devices: int = 1
    workers: int | None = None
    seed: int = 0
    resume: bool = False
    provenance: dict[str, Any] = field(default_factory=dict)
    words: CardWords = field(default_factory=CardWords)

    def division_of(self, manifest: Manifest) -> Division:
        """Return which samples of a dataset serve for what.

        Raises:
            DatasetError: there is nothing to train or to validate on.
        """
        return self.division or by_fold(manifest, self.validation_fold)
