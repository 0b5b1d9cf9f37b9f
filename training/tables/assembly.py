"""The table of a dataset: the published rows, then the runs of the ledger, with the notes that they need."""

from collections.abc import Sequence

from patherea_core.errors import InputError
from training.protocol import CHOSEN_WORDS, MATCHING_WORDS, Chosen, Protocol, may_be_best
from training.published_results import Benchmark, PublishedRow
from training.run_record import RunRecord
from training.tables.model import Group, Row, Score, Table
from training.tables.runs import Experiment, experiments

_CHOSEN_NOTES: dict[Chosen, str] = {
    "evaluated": "Chosen on the part that it is evaluated on, so the score is too good; never bold.",
    "unstated": "What it was chosen on is not stated; never bold.",
}
_BOLD = (
    "Bold: best in its column among rows that are measured as the table says and not chosen on what they are "
    "evaluated on."
)
_DEVIATION = (
    "±: standard deviation over seeds; over folds where there are several. Runs of ours: sample standard "
    "deviation (n - 1); a single run has none."
)


def benchmark_table(benchmark: Benchmark, records: Sequence[RunRecord]) -> Table:
    """Return the table of a dataset.

    Args:
        benchmark: the dataset with its published rows.
        records: runs of ours on that dataset; may be empty.

    Raises:
        InputError: a run has other classes than the benchmark.
    """
    for record in records:
        require_classes(benchmark, record)
    # The paper prints no score whatever the class: without runs of ours that column would be empty.
    unprinted = (None,) if records else ()
    groups = (
        Group("Published", tuple(_published(benchmark, row, unprinted) for row in benchmark.rows)),
        Group("This project", tuple(_own(benchmark, runs) for runs in experiments(records))),
    )
    return Table(
        name=benchmark.name,
        title=f"F1 on {benchmark.title}",
        protocol=_protocol_sentence(benchmark),
        columns=(
            *(benchmark.heads or benchmark.classes),
            "mean F1",
            *("any class" for _ in unprinted),
        ),
        groups=tuple(group for group in groups if group.rows),
        remarks=(_BOLD, _DEVIATION, *benchmark.remarks),
    )


def require_classes(benchmark: Benchmark, record: RunRecord) -> None:
    """Make sure that a run has the classes of the benchmark.

    Raises:
        InputError: it has others, so its mean is the mean of something else.
    """
    if set(record.classes) != set(benchmark.classes):
        raise InputError(
            f"a run of {record.method!r} on {record.dataset} has the classes "
            f"{', '.join(record.classes)}, but its table has {', '.join(benchmark.classes)}; "
            "evaluate with --classes"
        )


def benchmark_of(records: Sequence[RunRecord]) -> Benchmark:
    """Return a benchmark without published rows, measured as the first of some records is."""
    first = records[0]
    return Benchmark(
        name=first.dataset,
        title=first.dataset,
        classes=tuple(first.classes),
        protocol=first.protocol,
        split=first.split,
        evaluated_on=first.evaluated_on,
    )


def _published(benchmark: Benchmark, row: PublishedRow, unprinted: tuple[None, ...]) -> Row:
    differences = _sentence((row.protocol or benchmark.protocol).differences(benchmark.protocol))
    classes = row.f1 or (None,) * len(benchmark.classes)
    return Row(
        method=row.method,
        source=row.source,
        chosen_on=CHOSEN_WORDS[row.chosen],
        evaluated_on=benchmark.evaluated_on,
        runs=row.runs,
        scores=(
            *(None if f1 is None else Score(f1) for f1 in classes),
            None if row.mean_f1 is None else Score(row.mean_f1, row.sd),
            *unprinted,
        ),
        may_be_best=may_be_best(row.chosen) and not differences,
        notes=(*differences, *_chosen_note(row.chosen), *row.notes),
    )


def _own(benchmark: Benchmark, runs: Experiment) -> Row:
    first = runs.first
    differences = _sentence(_differences(benchmark, runs))
    return Row(
        method=f"{first.method}, {first.backbone}, {first.initialisation}",
        source=first.recipe,
        chosen_on=CHOSEN_WORDS[first.chosen_on],
        evaluated_on=first.evaluated_on,
        runs=runs.runs,
        scores=(
            *(
                runs.score(lambda record, name=name: record.classes[name].f1)  # type: ignore[misc]
                for name in benchmark.classes
            ),
            runs.score(lambda record: record.mean_f1),
            runs.score(lambda record: record.detection.f1),
        ),
        may_be_best=first.reportable and not differences,
        notes=(*differences, *_chosen_note(first.chosen_on), _origin(runs), *_interval(runs)),
    )


def _differences(benchmark: Benchmark, runs: Experiment) -> tuple[str, ...]:
    first = runs.first
    found = list(first.protocol.differences(benchmark.protocol))
    if first.split != benchmark.split:
        found.append(f"split {first.split!r}")
    if first.evaluated_on != benchmark.evaluated_on:
        found.append(f"evaluated on {first.evaluated_on}")
    if benchmark.folds is not None and runs.folds != benchmark.folds:
        found.append(f"{runs.folds} of {benchmark.folds} folds")
    return tuple(found)


def _sentence(differences: Sequence[str]) -> tuple[str, ...]:
    if not differences:
        return ()
    return (f"Not measured as the other rows: {'; '.join(differences)}; never bold.",)


def _chosen_note(chosen: Chosen) -> tuple[str, ...]:
    return () if may_be_best(chosen) else (_CHOSEN_NOTES[chosen],)


def _origin(runs: Experiment) -> str:
    first = runs.first
    sizes = sorted({(record.images, record.cells) for record in runs.records})
    evaluated = " or ".join(f"{images} images with {cells} cells" for images, cells in sizes)
    border = f" Border: {first.protocol.border}." if first.protocol.border else ""
    return (
        f"Recipe {first.recipe} ({first.recipe_digest[:8]}), {first.program}, dataset "
        f"{first.dataset_digest[:8]}; a run is evaluated on {evaluated}.{border}"
    )


def _interval(runs: Experiment) -> tuple[str, ...]:
    interval = runs.first.mean_f1_interval
    if len(runs.records) > 1 or interval is None:
        return ()
    low, high = interval
    return (f"95 % interval of the mean F1 of this one run: {low:.3f} to {high:.3f}.",)


def _protocol_sentence(benchmark: Benchmark) -> str:
    protocol: Protocol = benchmark.protocol
    pairing = MATCHING_WORDS[protocol.matching]
    folds = f", {benchmark.folds} folds" if benchmark.folds else ""
    return (
        f"Protocol: {protocol.radius_words}; {pairing}; counts of each class summed over images, then F1. "
        f"Split: {benchmark.split}{folds}; evaluated on {benchmark.evaluated_on}."
    )
