"""What an experiment is: a recipe, the dataset it is for, how that is divided, and what is said of it."""

from dataclasses import dataclass, field, replace
from typing import Any

from patherea_core.bundle_card import CardWords
from patherea_core.config import Recipe
from patherea_core.data.division import Division, dealt_anew, fold_called, holding_out
from patherea_core.data.label_share import LabelShare
from patherea_core.data.manifest import Manifest
from patherea_core.seeding import Seed
from training.protocol import Chosen

#: Names of the parts of a published split, which are no folds of a cross-validation.
_PARTS = ("train", "val", "validation", "test")

#: Root of how patients are dealt into parts and own folds; the same for every run, whatever its own seed.
_DEALING = Seed(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionRule:
    """How a dataset is divided.

    Attributes:
        test: the fold that is looked at once, at the end.
        validation: the fold that the best state is chosen on; None for a part of the other patients.
        parts: into how many parts those are dealt.
        part: which of them is validated on, counted from zero.
        own_folds: into how many folds by patient the dataset is dealt anew; None keeps those it has.
        several: whether every fold is the test of a run of its own.
        remark: how it differs from the experiment's own rule, for the ledger.
        labels: the share of the labels that is trained on; None for all.
    """

    test: str
    validation: str | None = None
    parts: int = 5
    part: int = 0
    own_folds: int | None = None
    several: bool = False
    remark: str = ""
    labels: LabelShare | None = None

    @property
    def split(self) -> str:
        """What the ledger calls it."""
        name = "published" if self.own_folds is None else f"{self.own_folds} own folds"
        return name + self.remark

    def testing(self, fold: str) -> "DivisionRule":
        """Return the rule with another fold kept for the end."""
        return replace(
            self,
            test=fold,
            validation=None if fold == self.validation else self.validation,
            several=self.several or fold not in {self.test, *_PARTS},
        )

    def validating(self, part: int, parts: int) -> "DivisionRule":
        """Return the rule that validates on another part of the patients, counted from zero."""
        if (self.validation, self.part, self.parts) == (None, part, parts):
            return self
        remark = f", validated on part {part + 1} of {parts}"
        return replace(self, validation=None, part=part, parts=parts, remark=remark)

    def labelled(self, share: float, seed: Seed) -> "DivisionRule":
        """Return the rule that trains on a share of the labels, drawn by a seed."""
        labels = LabelShare(share, seed)
        return replace(self, labels=labels, remark=f"{self.remark}, {labels.words}")

    def divide(self, manifest: Manifest) -> Division:
        """Return the division of a dataset.

        Raises:
            DatasetError: the dataset lacks a fold that the rule names, or a part of it is empty.
        """
        if self.own_folds is not None:
            manifest = dealt_anew(manifest, self.own_folds, _DEALING)
        division = holding_out(
            manifest,
            fold_called(manifest, self.test),
            validation_fold=(
                None if self.validation is None else fold_called(manifest, self.validation)
            ),
            parts=self.parts,
            part=self.part,
            seed=_DEALING,
        )
        return division if self.labels is None else self.labels.of(manifest, division)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One row of a table, made again; or one of our own.

    Attributes:
        name: what it is called on the command line and in the ledger.
        dataset: the dataset it is for, as importers and ledger call it.
        tables: the paper's tables that have its row; none for an experiment of our own.
        recipe: all settings of network and training.
        division: which part of the dataset serves for what.
        radius_px: accepted distance of the test in pixels; None takes that of validation.
        classes: the classes that are scored; none for all.
        method: as the ledger calls it.
        backbone: as the ledger calls it.
        initialisation: where the backbone's weights come from before the training.
        variant: what else the row says; empty for nothing.
        two_cores: whether it trains in hours on two processor cores.
        note: what has to be known before its figure stands beside the paper's.
        words: what the card of its model says.
    """

    name: str
    dataset: str
    tables: tuple[str, ...] = ()
    recipe: Recipe
    division: DivisionRule
    radius_px: float | None = None
    classes: tuple[str, ...] = ()
    method: str = "Patherea-P2P"
    backbone: str
    initialisation: str
    variant: str = ""
    two_cores: bool = False
    note: str = ""
    words: CardWords = field(default_factory=CardWords)

    @property
    def line(self) -> str:
        """What the published results call its row."""
        said = (self.method, self.backbone, self.initialisation, self.variant)
        return ", ".join(word for word in said if word)

    @property
    def chosen_on(self) -> Chosen:
        """What epoch and threshold are chosen on."""
        if (
            self.recipe.training.validations == 1
            and self.recipe.decoding.score_threshold is not None
        ):
            return "nothing"
        return "training" if self.division.validation is None else "validation"


def changed(recipe: Recipe, **parts: dict[str, Any]) -> Recipe:
    """Return a recipe with other settings: ``changed(recipe, training={"epochs": 3})``.

    Raises:
        ValidationError: a setting is unknown or out of its range, which copying would let pass.
    """
    values: dict[str, Any] = recipe.model_dump()
    for name, settings in parts.items():
        values[name] = values[name] | settings
    return Recipe.model_validate(values)
