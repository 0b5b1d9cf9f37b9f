"""A tiny table that has one of everything a format must show."""

from training.tables.model import Group, Row, Score, Table


def row(method: str, *scores: Score | None, best: bool = True, notes: tuple[str, ...] = ()) -> Row:
    """Return a row of a method."""
    return Row(
        method=method,
        source="Table 1",
        chosen_on="validation",
        evaluated_on="test",
        runs="5 seeds",
        scores=scores,
        may_be_best=best,
        notes=notes,
    )


TABLE = Table(
    name="tiny",
    title="F1 on Tiny & Co",
    protocol="Radius 6 px.",
    columns=("a_b", "mean F1"),
    groups=(
        Group(
            "Published",
            (
                row("One", Score(0.5), Score(0.6, 0.007)),
                row("Two", None, Score(0.9), best=False, notes=("Chosen <badly>.", "Old.")),
            ),
        ),
        Group("This project", (row("Three|x", Score(0.4), Score(0.62), notes=("Old.",)),)),
    ),
    remarks=("50 % of it.",),
)
