"""What a table of published results holds: its protocol, its rows as printed, and where each is printed."""

from dataclasses import dataclass

from patherea_core.errors import InputError
from training.protocol import Chosen, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One row of a published table, as printed.

    Attributes:
        method: the method, its backbone and where its weights came from, as far as that is stated.
        source: number of the table.
        f1: F1 of each class in the benchmark's order; None where none is printed, empty if no class is.
        mean_f1: its mean as printed; None if none is.
        sd: standard deviation of that mean as printed; None if none is.
        runs: how many runs the row sums up, and how.
        chosen: what epoch and run were chosen on.
        protocol: how it was measured; None for the benchmark's own protocol.
        notes: what a reader has to know before comparing.
    """

    method: str
    source: str
    f1: tuple[float | None, ...]
    mean_f1: float | None
    sd: float | None = None
    runs: str
    chosen: Chosen
    protocol: Protocol | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A dataset with the protocol of its published table.

    Attributes:
        name: as on the command line and in the ledger.
        title: for people.
        classes: the dataset's own names, in the order of the columns.
        heads: what stands above their columns; empty for the names themselves.
        protocol: how the rows are measured, unless a row says otherwise.
        split: the division of the dataset, as the ledger calls it.
        evaluated_on: the part that is evaluated.
        folds: how many folds are averaged; None for a single division.
        rows: in the order of the tables.
        remarks: what holds for all rows.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    heads: tuple[str, ...] = ()
    protocol: Protocol
    split: str
    evaluated_on: str = "test"
    folds: int | None = None
    rows: tuple[PublishedRow, ...] = ()
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if row.f1 and len(row.f1) != len(self.classes):
                raise InputError(
                    f"{self.name}: {row.method} has {len(row.f1)} scores for {len(self.classes)} classes"
                )
