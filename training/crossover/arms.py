"""The arms that there are by name, those that somebody gives, and the plans that are made of them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from patherea_core.errors import InputError
from training.checking import checked
from training.crossover.plan import Arm
from training.recipes import experiment_named
from training.recipes.experiment import Experiment, changed
from training.recipes.small import DENSENET, MOBILENET, SCRATCH


@dataclass(frozen=True, slots=True)
class Template:
    """A plan before it has datasets and weights.

    Attributes:
        shares: of the labels.
        seeds: roots of the runs.
        training: settings that differ from those of the arms' recipes, for all arms alike.
        words: what it is for.
    """

    words: str
    shares: tuple[float, ...] = (1.0, 0.1, 0.25, 0.5)
    seeds: tuple[int, ...] = (0, 1, 2)
    training: Mapping[str, float] = field(default_factory=dict)


#: By name. All labels come first: the other ends of the scale make a figure before the middle is there.
TEMPLATES: dict[str, Template] = {
    "two-cores": Template(
        # The raw weights: in so few steps averaged ones lag behind (docs/experiments.md, ablations).
        training={"epochs": 20, "validations": 5, "ema_decay": 0.0},
        words="all arms with 20 epochs at all labels; hours on two processor cores",
    ),
    "full": Template(
        words="all arms with the whole schedule of their recipes; for a GPU, or days",
    ),
}

#: MobileNetV2 as it starts from ImageNet, but for what a start from chance needs: all of it learns at one
#: rate, and its normalisation learns its statistics.
_SCRATCH = changed(
    MOBILENET.recipe,
    network={"frozen_norm": False},
    training={
        name: getattr(SCRATCH.recipe.training, name)
        for name in ("initialisation", "backbone_rate_factor", "learning_rate")
    },
)

#: The same from a backbone that was pretrained here: statistics of its own images go on being learnt.
_PRETRAINED = changed(MOBILENET.recipe, network={"frozen_norm": False})

#: What each arm with a name of its own trains; the dataset and its division are those of the plan.
_KNOWN: dict[str, Experiment] = {
    "scratch": replace(MOBILENET, recipe=_SCRATCH, initialisation="from scratch"),
    "imagenet": MOBILENET,
    "imagenet-densenet169": DENSENET,
    "spark": replace(MOBILENET, recipe=_PRETRAINED, initialisation="SparK"),
    "spark-full-rate": replace(
        MOBILENET,
        recipe=changed(_SCRATCH, training={"initialisation": "pretrained"}),
        initialisation="SparK",
    ),
}

#: Names of those, in order; those that need weights join a plan when these are given.
KNOWN_ARMS = tuple(_KNOWN)


def known_arms(template: Template, weights: Mapping[str, Path]) -> tuple[Arm, ...]:
    """Return the arms with names of their own that can be run, with the settings of a template.

    Args:
        template: whose settings.
        weights: files of weights by arm; an arm that needs one and has none is left out.

    Raises:
        InputError: weights are given for what is no arm of the template or takes none, or cannot be read.
    """
    takers = [name for name, experiment in _KNOWN.items() if _takes_weights(experiment)]
    for name in weights:
        if name not in takers:
            raise InputError(
                f"--weights {name}=…: the arms of this plan that take weights are {', '.join(takers)};"
                " name one of them, or add an arm of your own with --arm"
            )
    return tuple(
        _arm(name, _KNOWN[name], weights.get(name), template)
        for name in KNOWN_ARMS
        if name in weights or name not in takers
    )


def given_arm(text: str, template: Template) -> Arm:
    """Return the arm that ``NAME=EXPERIMENT`` or ``NAME=EXPERIMENT:WEIGHTS`` describes.

    In place of an experiment another arm may be named, say for weights of another pretraining.

    Raises:
        InputError: it is none of these, there is no such experiment, or the weights are missing,
            superfluous or unreadable.
    """
    name, equals, rest = text.partition("=")
    recipe, colon, file = rest.partition(":")
    if not (name and equals and recipe) or (colon and not file):
        raise InputError(
            f"--arm {text!r} is not NAME=EXPERIMENT or NAME=EXPERIMENT:WEIGHTS, say"
            " mae=brca-m2c/mobilenetv2:mae.safetensors; correct it"
        )
    known = _KNOWN.get(recipe)
    experiment = known or experiment_named(recipe)
    if file and known is None:
        experiment = replace(experiment, initialisation=name)
    return _arm(name, experiment, Path(file) if file else None, template)


def _takes_weights(experiment: Experiment) -> bool:
    return experiment.recipe.training.initialisation == "pretrained"


def _arm(name: str, experiment: Experiment, weights: Path | None, template: Template) -> Arm:
    recipe = changed(experiment.recipe, training=dict(template.training))
    return checked(
        lambda: Arm(
            name=name,
            recipe=recipe,
            backbone=experiment.backbone,
            initialisation=experiment.initialisation,
            weights=None if weights is None else weights.absolute(),
            weights_sha256=None if weights is None else digest_of(weights),
        ),
        f"arm {name!r}",
        "see python -m training crossover plan --help",
    )


def digest_of(weights: Path) -> str:
    """Return the SHA-256 of a file of weights.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"the weights {weights} cannot be read ({error.strerror}); name the file that"
            " python -m training convert or a pretraining wrote"
        ) from error
