"""An evaluation as plain text: a row for each class, and what the figures mean."""

from collections.abc import Iterator, Sequence

from patherea_core.evaluation.comparison import Comparison
from patherea_core.evaluation.lines import HEADER, aligned, as_text, interval_text
from patherea_core.evaluation.report import Evaluation
from patherea_core.evaluation.scores import ClassCounts, mean_f1

#: With fewer groups, percentile intervals hold the truth clearly less often than they say.
_FEW_GROUPS = 20

#: A class that fewer groups have has an interval far too narrow, and so has the mean: simulated ones of a
#: class in two of 20 groups held the true mean in 62 % of cases, in one group in 12 %.
_FEW_OF_CLASS = 6

#: With fewer groups, exchanging two models cannot give a p value below 5 %.
_LEAST_TO_COMPARE = 6


def evaluation_table(evaluation: Evaluation) -> str:
    """Return an aligned plain-text table with a row for each class, and notes below."""
    rows = [
        HEADER,
        *(line.cells() for line in evaluation.lines),
        mean_cells(evaluation),
        evaluation.any_class.cells(),
    ]
    return "\n".join([*aligned(rows), "", *evaluation_notes(evaluation)]) + "\n"


def mean_cells(evaluation: Evaluation) -> tuple[str, ...]:
    """Return the mean over classes as text, under the titles of ``HEADER``."""
    return (
        "mean",
        *[""] * 7,
        as_text(evaluation.mean_f1),
        interval_text(evaluation.intervals.mean_f1),
        as_text(evaluation.chance.mean),
        "",
    )


def comparison_table(comparison: Comparison, names: Sequence[str]) -> str:
    """Return how much better the model is than the one it is compared with, as plain text."""
    rows = [
        ("difference of F1", "value", "95 % interval", "p"),
        *difference_cells(comparison, names),
    ]
    return "\n".join([*aligned(rows), "", *comparison_notes(comparison)]) + "\n"


def comparison_notes(comparison: Comparison) -> tuple[str, ...]:
    """Return what a reader of a comparison must know, a sentence or two each."""
    groups = comparison.groups
    notes = [
        f"This model less the other, on the same {groups} groups; "
        "p: that the two are interchangeable."
    ]
    if groups < 2:
        return *notes, "Intervals and p: not known, since there are fewer than two groups."
    if groups < _FEW_GROUPS:
        notes.append(_narrow("groups"))
    if groups < _LEAST_TO_COMPARE:
        least = 2 / 2**groups
        notes.append(
            f"With {groups} groups p is at least about {least:.2g}: no difference can be shown."
        )
    if comparison.draws_of_mean < comparison.draws:
        notes.append(_draws_of_mean(comparison.draws_of_mean, comparison.draws))
    return tuple(notes)


def difference_cells(
    comparison: Comparison, names: Sequence[str]
) -> list[tuple[str, str, str, str]]:
    """Return a row for each class, the mean and any class: name, difference, interval and p."""
    return [
        (
            name,
            "–" if difference.value is None else f"{difference.value:+.3f}",
            interval_text(difference.interval),
            "–" if difference.p_value is None else f"{difference.p_value:.4f}",
        )
        for name, difference in (
            *zip(names, comparison.per_class, strict=True),
            ("mean", comparison.mean_f1),
            ("any class", comparison.any_class),
        )
    ]


def evaluation_notes(evaluation: Evaluation) -> tuple[str, ...]:
    """Return what a reader must know, a sentence or two each."""
    return tuple(_notes(evaluation))


def _notes(evaluation: Evaluation) -> Iterator[str]:
    yield (
        f"Radius: {evaluation.radius:g} {evaluation.unit}, inclusive. "
        f"Regions: {len(evaluation.regions)}."
    )
    if evaluation.own_radii:
        yield f"{evaluation.own_radii} points have a radius of their own, which counts instead."
    yield (
        "Pairing: one to one and as many pairs as possible, within each class, and across classes for "
        '"any class". Counts are summed over regions, then scored.'
    )
    yield _interval_note(evaluation)
    intervals = evaluation.intervals
    if intervals.groups >= 2 and intervals.draws_of_mean < intervals.draws:
        yield _draws_of_mean(intervals.draws_of_mean, intervals.draws)
    yield from _rare_classes(evaluation)
    yield (
        "Chance F1: as many detections of each class at random places in the same area; mean of "
        f"{evaluation.chance.draws} draws."
    )
    yield "Counting error: detections less points; in brackets, summed over regions without signs."
    yield _mean_note(evaluation)
    yield _flawed_note(evaluation)
    if evaluation.fields_without_area:
        yield (
            f"Regions of unknown outline: {evaluation.fields_without_area}; chance is taken in the "
            "bounding box of their points and detections, the radius wider on every side, there."
        )
    left_out = evaluation.left_out
    if left_out.points or left_out.detections:
        yield (
            f"Left out, since they lie outside of the regions: {left_out.points} points, "
            f"{left_out.detections} detections."
        )


def _interval_note(evaluation: Evaluation) -> str:
    groups, kind = evaluation.intervals.groups, evaluation.grouped_by
    if groups < 2:
        return f"Intervals: not known, since there are fewer than two {kind}."
    notes = [f"Intervals: bootstrap over {groups} {kind}, {evaluation.intervals.draws} draws."]
    if kind == "images":
        unknown = evaluation.images_without_patient
        notes.append(
            "Patients are unknown, so they may be too narrow."
            if unknown == groups
            else f"{unknown} of {groups} images have no patient, so images are drawn: intervals may be "
            "too narrow."
        )
    if groups < _FEW_GROUPS:
        notes.append(_narrow(kind))
    return " ".join(notes)


def _rare_classes(evaluation: Evaluation) -> Iterator[str]:
    """Name the classes that few groups have, though there may be many groups."""
    groups = evaluation.groups
    found = {
        name: sum(group.per_class[row].occurs for group in groups)
        for row, name in enumerate(evaluation.taxonomy.names)
    }
    rare = [
        f"{name} ({count})"
        for name, count in found.items()
        if 0 < count < min(_FEW_OF_CLASS, len(groups))
    ]
    if rare:
        yield (
            f"In few {evaluation.grouped_by} only: {', '.join(rare)}; intervals of these classes, and of "
            "the mean, are far too narrow."
        )


def _narrow(kind: str) -> str:
    return f"With fewer than {_FEW_GROUPS} {kind}, intervals are too narrow."


def _draws_of_mean(kept: int, draws: int) -> str:
    return (
        f"Interval of the mean: over the {kept} of {draws} draws in which all classes occur that occur "
        "here."
    )


def _mean_note(evaluation: Evaluation) -> str:
    absent = evaluation.absent_classes
    left_out = f", so without {', '.join(absent)}" if absent else ""
    return f"Mean: over the classes that occur{left_out}. –: undefined."


def _flawed_note(evaluation: Evaluation) -> str:
    hungarian, many = evaluation.flawed.distance_hungarian, evaluation.flawed.one_to_many
    low = (
        _both(hungarian) if hungarian is not None else "not computed, for there are too many cells"
    )
    return (
        "Flawed protocols of the literature, for comparison only, mean F1 and F1 of any class: "
        f"Hungarian on distances {low}; one to many {_both(many)}."
    )


def _both(counts: ClassCounts) -> str:
    return f"{as_text(mean_f1(counts.per_class))} and {as_text(counts.any_class.f1)}"
