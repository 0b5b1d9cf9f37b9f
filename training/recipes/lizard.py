"""Lizard: tables 3, 9 and A.10 of the paper; fold 3 for training, 2 for validation, 1 for test."""

from training.recipes import paper
from training.recipes.experiment import DivisionRule

EXPERIMENTS = paper.rows_of_public(
    "lizard",
    table="Table 3",
    best_of_many="Table A.10",
    division=DivisionRule(test="fold_1", validation="fold_2"),
)
