"""Settings that the paper's experiments share (sections 6.1 to 6.3), before a dataset adds its own.

Where paper and released code differ, or both are silent, ``NOTES`` say what is done here.
"""

from typing import Any

from patherea_core.config import Recipe
from patherea_core.recipes import PAPER, PAPER_FCRN
from training.recipes.experiment import DivisionRule, Experiment, changed

#: Names of backbones, and of where their weights come from, as the tables of published results have them.
CONVNEXT, VIT, RESNET = "ConvNeXt-B", "ViT-B", "ResNet-34"
IMAGENET, HIBOU, SCRATCH = "ImageNet", "Hibou frozen", "from scratch"

#: The methods, as those tables have them.
P2P, FCRN = "Patherea-P2P", "FCRN"

#: Pixels at which the proximity to a cell has fallen to 0, at 20x and at 40x: 4 µm, as far as a nucleus goes.
_RADIUS_20X, RADIUS_40X = 8.0, 16.0

#: Validations of a training of 1000 epochs; the paper scores every epoch, as far as it says.
_VALIDATIONS = 100

NOTES = {
    CONVNEXT: "Which ImageNet weights are meant is not stated: take convnext_base of timm.",
    VIT: "Which ImageNet weights are meant is not stated: take vit_base_patch16_224 of timm. Adapter as in"
    " the ViT-Adapter paper; with a feature pyramid, as the paper says, which the released code leaves out.",
    HIBOU: "Frozen, with an adapter that is trained. Hibou-B is a DINOv2 with registers and SwiGLU, for which"
    " timm's name is that of a larger model.",
    RESNET: "The paper states the method and the backbone. Maps as fine as the pixels, which fall from 1 at a"
    " cell to 0 at a radius, as in the publication that it names; decoder, radius, weights of the loss, least"
    " distance of two cells and threshold are ours.",
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


def with_fcrn(recipe: Recipe, *, radius: float, threshold: float | None = None) -> Recipe:
    """Return a recipe of Patherea-FCRN with ResNet-34.

    Args:
        recipe: of the dataset, for the point-to-point network.
        radius: working pixels at which the proximity to a cell has fallen to 0.
        threshold: least score; None takes the best one on the validation fold.
    """
    network = PAPER_FCRN.network.model_dump()
    network["proximity"]["radius"] = radius
    apart = PAPER_FCRN.decoding.least_distance_um
    return changed(
        recipe,
        network=network,
        decoding={"score_threshold": threshold, "least_distance_um": apart},
    )


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
            method=FCRN if backbone == RESNET else P2P,
            backbone=backbone,
            initialisation=start,
            note=f"{NOTES.get(start, NOTES[backbone])} {remark}".rstrip(),
        )

    vit, fcrn = with_vit(public()), with_fcrn(public(), radius=_RADIUS_20X)
    return (
        experiment("convnext-b", (table, best_of_many), public(), CONVNEXT, IMAGENET),
        experiment("vit-b", (table,), vit, VIT, IMAGENET),
        experiment("hibou-b", (table,), with_hibou(public()), VIT, HIBOU),
        experiment("vit-b-scratch", ("Table 9",), from_scratch(vit), VIT, SCRATCH),
        experiment("fcrn-resnet34", (table, best_of_many), fcrn, RESNET, IMAGENET),
    )
