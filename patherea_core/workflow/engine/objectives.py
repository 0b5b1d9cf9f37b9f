"""What a network of each kind is to learn, as one function from what it says of a batch to a loss."""

from collections.abc import Callable, Mapping

from torch import Tensor

from patherea_core.batch import Batch, Outputs, Proposals
from patherea_core.config import Model, Recipe
from patherea_core.objective import hybrid, proximity
from patherea_core.objective.hybrid import hybrid_loss
from patherea_core.objective.proximity import proximity_loss
from patherea_core.objective.terms import Terms
from patherea_core.proximity_maps import ProximityMaps
from patherea_core.workflow.engine.losses import LOSS

#: Loss of what a network says of a batch, both on one device.
Objective = Callable[[Outputs, Batch], Terms]


def objective_of(recipe: Recipe, class_log_prior: Tensor | None = None) -> Objective:
    """Return the objective of a recipe.

    Args:
        recipe: all settings.
        class_log_prior: (T,) log frequency of each class in the training data, for an objective that
            adjusts logits by it; None where it is not known.
    """
    return _KINDS[recipe.network.model](recipe, class_log_prior)


def terms_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the loss and of its parts, in order."""
    return (LOSS, *_PARTS[recipe.network.model])


def reach_of(recipe: Recipe) -> float:
    """Return from how many tile pixels away a cell beyond the edge of a tile has a say in what is wanted.

    A point-to-point network is not asked for it; a map is the nearer to 1, the nearer any cell is.
    """
    settings = recipe.network.proximity
    return 0.0 if settings is None else settings.radius


def _points(recipe: Recipe, class_log_prior: Tensor | None) -> Objective:
    prior = () if class_log_prior is None else (class_log_prior,)

    def loss(outputs: Outputs, batch: Batch) -> Terms:
        assert isinstance(outputs, Proposals)
        return hybrid_loss(outputs, batch, recipe.assignment, recipe.loss, *prior)

    return loss


def _maps(recipe: Recipe, _class_log_prior: Tensor | None) -> Objective:
    settings = recipe.network.proximity
    assert settings is not None

    def loss(outputs: Outputs, batch: Batch) -> Terms:
        assert isinstance(outputs, ProximityMaps)
        return proximity_loss(outputs, batch, settings.cell_weight)

    return loss


_PARTS: Mapping[Model, tuple[str, ...]] = {"p2p": hybrid.PARTS, "fcrn": proximity.PARTS}

_KINDS: Mapping[Model, Callable[[Recipe, Tensor | None], Objective]] = {
    "p2p": _points,
    "fcrn": _maps,
}
