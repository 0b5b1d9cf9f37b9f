"""Lizard: tables 3, 9 and A.10 of the paper; fold 3 for training, 2 for validation, 1 for test."""

from patherea_core.config import Recipe
from training.recipes import paper
from training.recipes.experiment import DivisionRule, Experiment
from training.recipes.paper import CONVNEXT, HIBOU, IMAGENET, NOTES, SCRATCH, VIT

_FOLDS = DivisionRule(test="fold_1", validation="fold_2")


def _experiment(
    name: str, tables: tuple[str, ...], recipe: Recipe, backbone: str, start: str
) -> Experiment:
    return Experiment(
        name=f"lizard/{name}",
        dataset="lizard",
        tables=tables,
        recipe=recipe,
        division=_FOLDS,
        backbone=backbone,
        initialisation=start,
        note=NOTES.get(start, NOTES[backbone]),
    )


_WITH_VIT = paper.with_vit(paper.public())

EXPERIMENTS: tuple[Experiment, ...] = (
    _experiment("convnext-b", ("Table 3", "Table A.10"), paper.public(), CONVNEXT, IMAGENET),
    _experiment("vit-b", ("Table 3",), _WITH_VIT, VIT, IMAGENET),
    _experiment("hibou-b", ("Table 3",), paper.with_hibou(paper.public()), VIT, HIBOU),
    _experiment("vit-b-scratch", ("Table 9",), paper.from_scratch(_WITH_VIT), VIT, SCRATCH),
)
