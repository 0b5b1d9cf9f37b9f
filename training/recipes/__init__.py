"""One experiment for each row of the paper's tables, and experiments of our own, by name."""

from patherea_core.errors import InputError
from training.recipes import bcdata, brca_m2c, ki67, lizard, patherea, small
from training.recipes.experiment import DivisionRule, Experiment

__all__ = ["EXPERIMENTS", "DivisionRule", "Experiment", "experiment_named"]

#: By name, in the order of the tables.
EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for module in (lizard, brca_m2c, bcdata, patherea, small, ki67)
    for experiment in module.EXPERIMENTS
}


def experiment_named(name: str) -> Experiment:
    """Return an experiment by its name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in EXPERIMENTS:
        raise InputError(
            f"there is no recipe {name!r}; `python -m training run --list` lists those there are"
        )
    return EXPERIMENTS[name]
