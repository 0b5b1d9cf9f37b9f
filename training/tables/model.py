"""A table of scores before it has a format: rows in groups, notes, and which scores are best."""

from dataclasses import dataclass

from patherea_core.errors import ShapeError


@dataclass(frozen=True, slots=True)
class Score:
    """One F1, or the mean of several.

    Attributes:
        value: in [0, 1].
        sd: sample standard deviation over runs; None for a single run, or where none is printed.
    """

    value: float
    sd: float | None = None

    def __str__(self) -> str:
        spread = "" if self.sd is None else f" ± {self.sd:.3f}"
        return f"{self.value:.3f}{spread}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        method: what was run.
        source: where the figures come from.
        chosen_on: what the result was chosen on, in words.
        evaluated_on: the part it is evaluated on.
        runs: how many runs it sums up, in words.
        scores: one for each column of scores; None where there is none.
        may_be_best: whether it is measured as the table says, and not chosen on what it is evaluated on.
        notes: what a reader has to know before comparing.
    """

    method: str
    source: str
    chosen_on: str
    evaluated_on: str
    runs: str
    scores: tuple[Score | None, ...]
    may_be_best: bool
    notes: tuple[str, ...] = ()

    @property
    def facts(self) -> tuple[str, ...]:
        """The words between method and scores."""
        return self.source, self.chosen_on, self.evaluated_on, self.runs


#: The heads above a row's method and facts.
FACTS = ("Method", "Source", "Chosen on", "Evaluated on", "Runs")


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one origin.

    Attributes:
        title: that origin.
        rows: at least one.
    """

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Everything that a format has to show.

    Attributes:
        name: short, for addresses and labels.
        title: one line.
        protocol: how the rows are measured, unless a note says otherwise; a sentence.
        columns: heads of the columns of scores.
        groups: in order.
        remarks: sentences below the table.
    """

    name: str
    title: str
    protocol: str
    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.scores) != len(self.columns):
                raise ShapeError(
                    f"{row.method} has {len(row.scores)} scores for {len(self.columns)} columns"
                )

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads of all columns."""
        return (*FACTS, *self.columns)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of all groups."""
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of all rows, each once; the first has number 1."""
        return tuple(dict.fromkeys(note for row in self.rows for note in row.notes))

    def note_numbers(self, row: Row) -> tuple[int, ...]:
        """Return the numbers of the notes of a row, in order."""
        return tuple(sorted(self.notes.index(note) + 1 for note in row.notes))

    def is_best(self, row: Row, column: int) -> bool:
        """Return whether no comparable row shows a higher score in a column; equal ones share the place."""
        score = row.scores[column]
        if score is None or not row.may_be_best:
            return False
        rivals = [
            other.scores[column] for other in self.rows if other.may_be_best and other is not row
        ]
        # What is printed decides: a reader cannot see the fourth decimal.
        return all(
            rival is None or round(rival.value, 3) <= round(score.value, 3) for rival in rivals
        )
