"""What a training is asked to do, as a person says it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from patherea_core.bundle_card import CardWords
from patherea_core.config import Model
from plugin.commands.foundation_choice import FoundationChoice
from plugin.commands.recipe_file import DEFAULT_RECIPE, PRETRAINED_RECIPE


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """What to train on, and how.

    Attributes:
        dataset: a dataset, as a folder or as one file.
        out: the folder of the run.
        recipe: name of the settings, or a JSON file of them like a run's recipe.json; None takes those
            of the base model, without one those that suit the backbone weights, and without these those of
            the small network.
        model: kind of network, p2p or fcrn; None takes the recipe's.
        foundation: a foundation model that takes the place of the recipe's backbone, and accepted licences.
        backbone: what timm calls a backbone that takes the place of the recipe's; None takes the recipe's,
            and without a recipe the one that the backbone weights say they are of.
        epochs: passes over the dataset; None takes the recipe's.
        backbone_weights: what the backbone starts from, for a recipe that starts from pretrained weights: a
            file, or "hub" to fetch them by the backbone's name.
        base_model: a trained model, the bundle, whose weights the whole network starts from; None trains
            anew.
        device: auto, cpu or cuda.
        devices: how many GPUs train together; 0 takes all there are.
        workers: processes that prepare tiles; None takes what suits the machine.
        seed: root of all random choices.
        resume: go on with the run in ``out``.
        fold: the part of the dataset that chooses the best state, by its number or name; None takes the
            one that is named for it, else the first.
        words: what the model's card says in words; its stain is also what the stain jitter separates.
        model_out: a second place for the model; likewise the next two.
        curves_out: for the picture of the training.
        metrics_out: for the table of the training.
    """

    dataset: Path
    out: Path
    recipe: str | None = None
    model: Model | None = None
    foundation: FoundationChoice = field(default_factory=FoundationChoice)
    backbone: str | None = None
    epochs: int | None = None
    backbone_weights: Path | Literal["hub"] | None = None
    base_model: Path | None = None
    device: str = "auto"
    devices: int = 1
    workers: int | None = None
    seed: int = 0
    resume: bool = False
    fold: int | str | None = None
    words: CardWords = field(default_factory=CardWords)
    model_out: Path | None = None
    curves_out: Path | None = None
    metrics_out: Path | None = None

    @property
    def goes_by_weights(self) -> bool:
        """Whether no recipe is named but weights are, which may say themselves what starts from them."""
        unsaid = self.recipe is None and self.foundation.name is None and self.base_model is None
        return unsaid and self.backbone_weights is not None

    @property
    def recipe_said(self) -> str | None:
        """Name or file of the recipe that is taken; None for that of the base model."""
        named = self.foundation.recipe_or(self.recipe)
        if named is not None or self.base_model is not None:
            return named
        return PRETRAINED_RECIPE if self.goes_by_weights else DEFAULT_RECIPE

    @property
    def recipe_name(self) -> str:
        """What the recipe is called, in words."""
        if self.recipe_said is None:
            return "of the base model"
        name = Path(self.recipe_said).name
        if self.backbone is not None:
            return f"{name} on {self.backbone}"
        if self.goes_by_weights:
            return f"{name} on the backbone in {Path(self.backbone_weights or '').name}"
        return name

    @property
    def run_files(self) -> tuple[tuple[Path, Path | None], ...]:
        """Files of the run folder, the model first, and where else they go."""
        return (
            (self.out / "model.safetensors", self.model_out),
            (self.out / "curves.png", self.curves_out),
            (self.out / "metrics.csv", self.metrics_out),
        )
