"""Ki-67 across laboratories: trained on one side of the small sets at hand, looked at on the other.

The fields may not be shipped, nor what is trained on them; models serve development only.
"""

from dataclasses import replace

from patherea_core.bundle_card import CardWords
from training.recipes.experiment import DivisionRule, Experiment, changed
from training.recipes.small import BASE

_NOTE = (
    "Fields of three laboratories at 0.5 µm, one of which says its pixel size. Epoch and threshold are chosen"
    " on fields of the side that is trained on, the other side is looked at once. Neither the fields nor what"
    " is trained on them may be shipped."
)

#: Stains, scanners and scales differ more between laboratories than within one.
_RECIPE = changed(
    BASE,
    training={
        "stain": "H-DAB",
        "stain_jitter": 0.4,
        "colour_jitter": 0.25,
        "scale_jitter": 0.3,
    },
).model_copy(update={"radius_um": 4.0})


def _across(name: str, division: DivisionRule, tissue: str) -> Experiment:
    return Experiment(
        name=f"ki67/{name}",
        dataset="ki67-laboratories",
        recipe=_RECIPE,
        division=division,
        backbone="MobileNetV2",
        initialisation="ImageNet",
        two_cores=True,
        note=_NOTE,
        words=CardWords(
            name=f"ki67-{name}-mobilenetv2",
            stain="H-DAB",
            tissue=tissue,
            licence="none: for development only, never to be passed on",
            intended_use="Development: Ki-67 positive and negative cells at 20x.",
            notices=("The backbone started from MobileNetV2 weights of Google Coral, Apache-2.0.",),
        ),
    )


#: Fields of the second of three patients choose; the first has most of all fields.
FROM_SHIDC = _across("from-shidc", DivisionRule(test="elsewhere", parts=2), "breast cancer")
#: One case of glioma and one field of lung cancer choose, so that both laboratories do.
TO_SHIDC = _across(
    "to-shidc", DivisionRule(test="shidc", part=1), "glioma; bladder, lung and breast cancer"
)


def _at_one_rate(
    experiment: Experiment, suffix: str, initialisation: str, *, weights: bool
) -> Experiment:
    """Return the experiment from another start: everything learns at one rate, statistics of colours too."""
    return replace(
        experiment,
        name=f"{experiment.name}-{suffix}",
        initialisation=initialisation,
        words=CardWords(),
        recipe=changed(
            experiment.recipe,
            network={"frozen_norm": False},
            training={
                "initialisation": "pretrained" if weights else "scratch",
                "backbone_rate_factor": 1.0,
            },
        ),
    )


def _from_scratch(experiment: Experiment) -> Experiment:
    """Return the experiment without weights to start from."""
    return _at_one_rate(experiment, "scratch", "from scratch", weights=False)


def _from_fields(experiment: Experiment) -> Experiment:
    """Return the experiment from a backbone that looked at Ki-67 fields, labelled or not.

    Fields of laboratories that the experiment is tested in are not among them.
    """
    return _at_one_rate(experiment, "spark", "SparK on Ki-67 fields", weights=True)


EXPERIMENTS: tuple[Experiment, ...] = (
    FROM_SHIDC,
    TO_SHIDC,
    _from_scratch(FROM_SHIDC),
    _from_scratch(TO_SHIDC),
    _from_fields(FROM_SHIDC),
    _from_fields(TO_SHIDC),
)
