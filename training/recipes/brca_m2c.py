"""BRCA-M2C: tables 4, 9 and A.11 of the paper; the published split."""

from training.recipes import paper
from training.recipes.experiment import DivisionRule

EXPERIMENTS = paper.rows_of_public(
    "brca-m2c",
    table="Table 4",
    best_of_many="Table A.11",
    division=DivisionRule(test="test", validation="val"),
    remark="Two patients have images in train and in val; those of train are left out here, which the paper"
    " does not say. Without the test part, --fold val keeps val for the end and validates on a part of"
    " train.",
)
