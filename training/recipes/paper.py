"""Settings that the paper's experiments share (sections 6.1 to 6.3), before a dataset adds its own.

Where paper and released code differ, or both are silent, ``NOTES`` say what is done here.
"""

from typing import Any

from patherea_core.config import Recipe
from patherea_core.recipes import PAPER
from training.recipes.experiment import DivisionRule, Experiment, changed

#: Names of backbones, and of where their weights come from, as the tables of published results have them.
CONVNEXT, VIT = "ConvNeXt-B", "ViT-B"
IMAGENET, HIBOU, SCRATCH = "ImageNet", "Hibou frozen", "from scratch"

#: Validations of a training of 1000 epochs; the paper scores every epoch, as far as it says.
_VALIDATIONS = 100

NOTES = {
    CONVNEXT: "Which ImageNet weights are meant is not stated: take convnext_base of timm.",
    VIT: "Which ImageNet weights are meant is not stated: take vit_base_patch16_224 of timm. Adapter as in"
    " the ViT-Adapter paper; with a feature pyramid, as the paper says, which the released code leaves out.",
    HIBOU: "Frozen, with an adapter that is trained. Hibou-B is a DINOv2 with registers and SwiGLU, for which"
    " timm's name is that of a larger model.",
    SCRATCH: "The learning rate is that of fine-tuning; the paper states no other.",
}


def public(**settings: dict[str, Any]) -> Recipe:
    """Return the recipe of the public datasets of 20x, with ConvNeXt-B, and other settings on top."""
    common = changed(
        PAPER,
        assignment={"proposals_per_target": 2},
        training={
            "initialisation": "pretrained",
            "epochs": 1000,
            "validations": _VALIDATIONS,
            "precision": "bf16-mixed",
        },
        decoding={"score_threshold": 0.9},
    )
    return changed(common.model_copy(update={"radius_um": 3.0}), **settings)


def patherea(**settings: dict[str, Any]) -> Recipe:
    """Return the recipe of the Patherea dataset of 40x, with ConvNeXt-B, and other settings on top.

    After a fixed number of epochs nothing is chosen: the last state is validated, and is the model.
    """
    common = changed(
        PAPER,
        assignment={"proposals_per_target": 6},
        training={
            "initialisation": "pretrained",
            "epochs": 100,
            "validations": 1,
            "precision": "bf16-mixed",
            "stain": "H-DAB",
        },
        decoding={"score_threshold": 0.5},
    )
    return changed(common.model_copy(update={"radius_um": 3.68}), **settings)


def with_vit(recipe: Recipe) -> Recipe:
    """Return a recipe with ViT-B, an adapter, and a pyramid and heads as wide as the transformer."""
    return changed(recipe, network={"backbone": "vit_base_patch16_224", "fpn_channels": 768})


def with_hibou(recipe: Recipe) -> Recipe:
    """Return a recipe with Hibou-B, frozen, and an adapter."""
    return changed(
        recipe,
        network={
            "backbone": "vit_giant_patch14_reg4_dinov2",
            "backbone_options": {
                "img_size": 224,
                "embed_dim": 768,
                "depth": 12,
                "num_heads": 12,
            },
            "fpn_channels": 768,
            "frozen_backbone": True,
        },
    )


def from_scratch(recipe: Recipe) -> Recipe:
    """Return a recipe whose backbone starts at random."""
    return changed(recipe, training={"initialisation": "scratch"})


def rows_of_public(
    dataset: str, *, table: str, best_of_many: str, division: DivisionRule, remark: str = ""
) -> tuple[Experiment, ...]:
    """Return the experiments that the paper ran on each public dataset of 20x.

    Args:
        dataset: its name, which begins the names of the experiments.
        table: the paper's table of the dataset.
        best_of_many: its table of the best of many seeds.
        division: what serves for what.
        remark: about the dataset, after each note.
    """

    def experiment(
        name: str, tables: tuple[str, ...], recipe: Recipe, backbone: str, start: str
    ) -> Experiment:
        return Experiment(
            name=f"{dataset}/{name}",
            dataset=dataset,
            tables=tables,
            recipe=recipe,
            division=division,
            backbone=backbone,
            initialisation=start,
            note=f"{NOTES.get(start, NOTES[backbone])} {remark}".rstrip(),
        )

    vit = with_vit(public())
    return (
        experiment("convnext-b", (table, best_of_many), public(), CONVNEXT, IMAGENET),
        experiment("vit-b", (table,), vit, VIT, IMAGENET),
        experiment("hibou-b", (table,), with_hibou(public()), VIT, HIBOU),
        experiment("vit-b-scratch", ("Table 9",), from_scratch(vit), VIT, SCRATCH),
    )
