"""BRCA-M2C: tables 4, 9 and A.11 of the paper; the published split."""

from patherea_core.config import Recipe
from training.recipes import paper
from training.recipes.experiment import DivisionRule, Experiment
from training.recipes.paper import CONVNEXT, HIBOU, IMAGENET, NOTES, SCRATCH, VIT

_SPLIT = DivisionRule(test="test", validation="val")
_LEAK = (
    "Two patients have images in train and in val; those of train are left out here, which the paper does not"
    " say. Without the test part, --fold val keeps val for the end and validates on a part of train."
)


def _experiment(
    name: str, tables: tuple[str, ...], recipe: Recipe, backbone: str, start: str
) -> Experiment:
    return Experiment(
        name=f"brca-m2c/{name}",
        dataset="brca-m2c",
        tables=tables,
        recipe=recipe,
        division=_SPLIT,
        backbone=backbone,
        initialisation=start,
        note=f"{NOTES.get(start, NOTES[backbone])} {_LEAK}",
    )


_WITH_VIT = paper.with_vit(paper.public())

EXPERIMENTS: tuple[Experiment, ...] = (
    _experiment("convnext-b", ("Table 4", "Table A.11"), paper.public(), CONVNEXT, IMAGENET),
    _experiment("vit-b", ("Table 4",), _WITH_VIT, VIT, IMAGENET),
    _experiment("hibou-b", ("Table 4",), paper.with_hibou(paper.public()), VIT, HIBOU),
    _experiment("vit-b-scratch", ("Table 9",), paper.from_scratch(_WITH_VIT), VIT, SCRATCH),
)
