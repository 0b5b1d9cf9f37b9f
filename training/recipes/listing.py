"""The list of experiments as text."""

from collections.abc import Iterable

from training.recipes.experiment import Experiment

_HEADER = ("recipe", "dataset", "row of", "backbone", "from", "epochs", "two cores")


def listing(experiments: Iterable[Experiment]) -> str:
    """Return an aligned table with a line for each experiment."""
    rows = [
        _HEADER,
        *(
            (
                one.name,
                one.dataset,
                ", ".join(one.tables) or "-",
                one.backbone,
                one.initialisation,
                str(one.recipe.training.epochs),
                "yes" if one.two_cores else "no",
            )
            for one in experiments
        ),
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"
