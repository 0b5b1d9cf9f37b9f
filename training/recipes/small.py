"""Experiments that train in hours on two processor cores, and the ablations that are made with them.

All start from ``BASE``, which users have as the recipe small-pretrained: its settings are in
``patherea_core/recipes.py``, and a change there is a change of all.
"""

from dataclasses import replace
from typing import Any

from patherea_core.bundle_card import CardWords
from patherea_core.recipes import SMALL_PRETRAINED, as_model
from training.recipes import paper
from training.recipes.experiment import DivisionRule, Experiment, changed

BASE = SMALL_PRETRAINED

_BRCA_NOTICES = (
    "Trained on BRCA-M2C (Abousamra et al., ICCV 2021), BSD-3-Clause, © 2022 TopoXLab; its images come from"
    " the open-access tier of TCGA.",
)

MOBILENET = Experiment(
    name="brca-m2c/mobilenetv2",
    dataset="brca-m2c",
    recipe=BASE,
    division=DivisionRule(test="val"),
    backbone="MobileNetV2",
    initialisation="ImageNet",
    two_cores=True,
    note="Trained on the published train part, but for a fifth of its patients, which choose epoch and"
    " threshold; the published val part is looked at once.",
    words=CardWords(
        name="he-breast-mobilenetv2",
        stain="H&E",
        tissue="breast cancer",
        licence="BSD-3-Clause",
        intended_use="Research: counting lymphocytes, epithelial and stromal cells in H&E at 20x.",
        notices=(
            *_BRCA_NOTICES,
            "The backbone started from MobileNetV2 weights of Google Coral, Apache-2.0.",
        ),
        limitations=(
            "It learnt from 63 images of breast cancer from TCGA, each a quarter of a millimetre wide.",
        ),
    ),
)


def _like_mobilenet(name: str, **changes: Any) -> Experiment:  # noqa: ANN401  of the fields' own types
    """Return an experiment that differs from the first in what is given; its card has no words yet."""
    return replace(MOBILENET, name=name, words=CardWords(), **changes)


def _ablation(name: str, note: str, **settings: dict[str, Any]) -> Experiment:
    return _like_mobilenet(f"ablation/{name}", recipe=changed(BASE, **settings), note=note)


DENSENET = _like_mobilenet(
    "brca-m2c/densenet169",
    recipe=changed(
        BASE,
        network={"backbone": "densenet169", "backbone_options": {}, "coarsest_stride": 32},
    ),
    backbone="DenseNet-169",
    note=f"{MOBILENET.note} The weights of its backbone may not be shipped, nor what is trained from them.",
)
SCRATCH = _like_mobilenet(
    "brca-m2c/scratch",
    recipe=changed(
        BASE,
        network={"backbone": "resnet10t", "backbone_options": {}, "frozen_norm": False},
        training={
            "initialisation": "scratch",
            "backbone_rate_factor": 1.0,
            "learning_rate": 1.5e-3,
        },
    ),
    backbone="ResNet-10-T",
    initialisation="from scratch",
)
FCRN = _like_mobilenet(
    "brca-m2c/fcrn-mobilenetv2",
    recipe=as_model(BASE, "fcrn"),
    method=paper.FCRN,
    note=f"{MOBILENET.note} The recipe of brca-m2c/mobilenetv2 but for the kind of network: what"
    " patherea train --recipe small-pretrained --model fcrn trains.",
)
CONSEP = _like_mobilenet(
    "consep/mobilenetv2",
    dataset="consep",
    division=DivisionRule(test="own fold 1 of 3", own_folds=3, several=True),
    note="The recipe of brca-m2c/mobilenetv2, unchanged; three folds of our own by image, since patients are"
    " unknown. Its images may not be shipped, nor what is trained on them.",
)

EXPERIMENTS: tuple[Experiment, ...] = (
    MOBILENET,
    DENSENET,
    SCRATCH,
    FCRN,
    CONSEP,
    _ablation("base", "What the other ablations differ from."),
    _ablation("beta-1", "One-to-one only.", network={"one_to_many": False}),
    _ablation(
        "beta-1-hybrid",
        "Hybrid with one proposal a target.",
        assignment={"proposals_per_target": 1},
    ),
    _ablation("beta-4", "Four proposals a target.", assignment={"proposals_per_target": 4}),
    _ablation("relu", "A ReLU before the one-to-one offsets.", network={"rectified_offsets": True}),
    _ablation(
        "paper-normalisation",
        "Equations 2 and 3 to the letter.",
        loss={"normalisation": "paper"},
    ),
    _ablation("no-stain-jitter", "Stains as they are.", training={"stain_jitter": 0.0}),
    _ablation("no-ema", "The raw weights are kept.", training={"ema_decay": 0.0}),
)
