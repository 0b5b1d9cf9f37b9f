"""What determines a training, besides its recipe; a run is resumed with the same only."""

from collections.abc import Iterator
from typing import Any, Self

from patherea_core.bundle_card import BaseModelCard, InitialWeights
from patherea_core.config import Recipe, Settings
from patherea_core.data.division import Division
from patherea_core.data.manifest import Manifest

#: Characters of a digest that tell two datasets apart for a person.
_SHOWN = 12


class RunIdentity(Settings):
    """Data, division, beginning and chance of one training."""

    dataset_sha256: str
    """Digest of the dataset's manifest."""
    classes: tuple[str, ...]
    """Names of the cell classes in order."""
    validation_fold: int
    """The fold that is not trained on."""
    division: str = ""
    """Which samples serve for what, where that is not by the validation fold alone; empty where it is."""
    seed: int
    """Root of every random choice."""
    backbone_weights: InitialWeights | None = None
    """What the backbone started from; None for chance."""
    base_model: BaseModelCard | None = None
    """The model that the whole network started from; None if it started anew."""

    @classmethod
    def of(
        cls, manifest: Manifest, validation_fold: int, seed: int, division: Division | None = None
    ) -> Self:
        """Return the identity of a training on a dataset; a division takes the place of the fold."""
        return cls(
            dataset_sha256=manifest.digest(),
            classes=manifest.taxonomy.names,
            validation_fold=validation_fold,
            division="" if division is None else division.identity,
            seed=seed,
        )

    def differences(self, other: "RunIdentity") -> list[str]:
        """Return what this training has and the other has not, each as a phrase like "seed 3, not 4"."""
        found = []
        if self.classes != other.classes:
            found.append(f"classes {'/'.join(self.classes)}, not {'/'.join(other.classes)}")
        elif self.dataset_sha256 != other.dataset_sha256:
            mine, its = self.dataset_sha256[:_SHOWN], other.dataset_sha256[:_SHOWN]
            found.append(f"the dataset of digest {mine}, not {its}")
        if self.division != other.division:
            mine, its = (one.division or "by validation fold" for one in (self, other))
            found.append(f"the division {mine!r}, not {its!r}")
        elif self.validation_fold != other.validation_fold:
            found.append(f"validation fold {self.validation_fold}, not {other.validation_fold}")
        if self.seed != other.seed:
            found.append(f"seed {self.seed}, not {other.seed}")
        mine, its = (_beginning(one) for one in (self, other))
        if mine != its:
            found.append(f"{mine}, not {its}")
        return found


def _beginning(identity: RunIdentity) -> str:
    if identity.base_model is not None:
        return f"the base model of digest {identity.base_model.weights_sha256[:_SHOWN]}"
    if identity.backbone_weights is None:
        return "a backbone at random"
    return f"backbone weights of digest {identity.backbone_weights.sha256[:_SHOWN]}"


def recipe_differences(one: Recipe, other: Recipe) -> list[str]:
    """Return what one recipe has and the other has not, each as "training.epochs 40, not 50"."""
    return settings_differences(one, other)


def settings_differences(one: Settings, other: Settings, before: str = "") -> list[str]:
    """Return the same of any settings of one kind, whose names have something in front."""
    mine, its = (dict(_flat(each.model_dump(mode="json"), before)) for each in (one, other))
    names = dict.fromkeys(
        (*mine, *its)
    )  # some settings are written only where there is something to say
    return [
        f"{name} {mine.get(name)}, not {its.get(name)}"
        for name in names
        if mine.get(name) != its.get(name)
    ]


def _flat(settings: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
