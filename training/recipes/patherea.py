"""The Patherea dataset (LNET, GNET, and Breast by two pathologists): tables 5 to 9; three folds."""

from dataclasses import replace

from patherea_core.config import Recipe
from training.recipes import paper
from training.recipes.experiment import DivisionRule, Experiment, changed
from training.recipes.paper import CONVNEXT, HIBOU, IMAGENET, NOTES, RESNET, SCRATCH, VIT

_CLASSES = ("positive_tumor_cell", "negative_tumor_cell", "others_positive", "others_negative")

#: A tenth is validated on, once, at the end: nothing is chosen.
_FOLDS = DivisionRule(test="fold_1", parts=10, several=True)

_NOTE = (
    "One run for each of fold_1, fold_2 and fold_3 (--fold). The last epoch is the model, as in the paper; a"
    " tenth of the training images is not trained on, which tells how the training went. Normal cells are"
    " learnt, since the network is to know them, but not scored: the paper says no more than that they"
    " take no part."
)


def _experiment(
    part: str, name: str, table: str, recipe: Recipe, said: tuple[str, str, str]
) -> Experiment:
    backbone, start, variant = said
    return Experiment(
        name=f"patherea-{part}/{name}",
        dataset=f"patherea-{part}",
        tables=(table,),
        recipe=recipe,
        division=_FOLDS,
        radius_px=16.0,
        classes=_CLASSES,
        method=paper.FCRN if backbone == RESNET else paper.P2P,
        backbone=backbone,
        initialisation=start,
        variant=variant,
        note=f"{NOTES.get(start, NOTES[backbone])} {_NOTE}",
    )


_WITH_VIT = paper.with_vit(paper.patherea())

#: Nothing is chosen in these rows, nor is the threshold, which the paper states for the other method alone.
_FCRN = paper.with_fcrn(paper.patherea(), radius=paper.RADIUS_40X, threshold=0.5)


def _each_method(part: str, table: str) -> tuple[Experiment, ...]:
    return (
        _experiment(part, "convnext-b", table, paper.patherea(), (CONVNEXT, IMAGENET, "")),
        _experiment(part, "vit-b", table, _WITH_VIT, (VIT, IMAGENET, "")),
        _experiment(part, "fcrn-resnet34", table, _FCRN, (RESNET, IMAGENET, "")),
    )


def _of_beta(proposals: int) -> Experiment:
    # With one proposal there is nothing to match one to many: the branch is left out.
    recipe = changed(
        _WITH_VIT,
        assignment={"proposals_per_target": proposals},
        network={"one_to_many": proposals > 1},
    )
    variant = f"{proposals} proposal{'s' if proposals > 1 else ''} a target"
    return _experiment(
        "lnet", f"vit-b-beta-{proposals}", "Table 8", recipe, (VIT, IMAGENET, variant)
    )


def _hybrid_of_one() -> Experiment:
    """Return what the first column of table 8 would be with the branch of all its other columns."""
    plain = _of_beta(1)
    return replace(
        plain,
        name=f"{plain.name}-hybrid",
        tables=(),
        recipe=changed(plain.recipe, network={"one_to_many": True}),
        variant=f"{plain.variant}, with the one-to-many branch",
    )


# Table 8 has 1, 2, 4 and 6 proposals; those with 6 are the row of table 5.
EXPERIMENTS: tuple[Experiment, ...] = (
    *_each_method("lnet", "Table 5"),
    _experiment("lnet", "hibou-b", "Table 9", paper.with_hibou(paper.patherea()), (VIT, HIBOU, "")),
    _experiment(
        "lnet", "vit-b-scratch", "Table 9", paper.from_scratch(_WITH_VIT), (VIT, SCRATCH, "")
    ),
    *(_of_beta(proposals) for proposals in (1, 2, 4)),
    _hybrid_of_one(),
    *_each_method("gnet", "Table 6"),
    *_each_method("breast-p1", "Table 7"),
    *_each_method("breast-p2", "Table 7"),
)
