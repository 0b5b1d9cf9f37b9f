"""What a person must know of a Ki-67 count before he trusts it, and what else is told beside it. Pure."""

from collections.abc import Iterator

from patherea_core.data.finding import counted
from patherea_core.index.detector_errors import LEAST_GROUPS
from patherea_core.index.precision import FEWEST_CELLS
from patherea_core.index.stain_check import remarks
from plugin.index.checked_stain import kappa_words, share_words
from plugin.index.counting import Ki67Count
from plugin.index.report import Ki67Report
from plugin.outputs.ki67_words import interval_words, percent

#: Part of a design effect that may be taken for granted without a word.
_MUCH_ASSUMED = 0.5


def warnings_of(report: Ki67Report) -> tuple[str, ...]:
    """Return in sentences what may be amiss, or weaken the figures."""
    count = report.count
    stain = () if report.stain is None else remarks(report.stain.check)
    return (
        *report.all_notes,
        *_few(count),
        *_assumed(count),
        *_errors(count),
        *(f"Of the stain: {remark}." for remark in stain),
    )


def facts_of(report: Ki67Report) -> tuple[str, ...]:
    """Return in sentences what helps to read the figures, and is no fault of them."""
    return (*_chosen(report.count), *_ranges(report.count), *_stain(report))


def _few(count: Ki67Count) -> Iterator[str]:
    """Yield why an index of very few cells has neither chances of grades nor a hint."""
    index = count.headline.counted
    if index.precision is not None and not index.precision.known:
        cells = counted(index.tally.tumour, "tumour cell", "tumour cells")
        yield (
            f"{cells} cannot tell how far positive cells lie together, so the interval takes them for nearly"
            " independent, and neither a grade nor the number of cells still to count is given; count at the"
            f" very least {FEWEST_CELLS}."
        )


def _assumed(count: Ki67Count) -> Iterator[str]:
    """Yield that an interval of few cells in few fields rests on how positive cells usually lie."""
    index = count.headline.counted
    if index.precision is not None and index.precision.assumed > _MUCH_ASSUMED:
        fields = counted(index.regions, "field", "fields")
        yield (
            f"{index.tally.tumour:,} cells in {fields} do not show how far positive cells lie together, so"
            " the interval takes a usual part of it for granted, and can still be too narrow; more cells in"
            " each field show more of it."
        )


def _errors(count: Ki67Count) -> Iterator[str]:
    """Yield that a correction rests on too few patients to know how the model's errors differ."""
    fixed = count.headline.corrected
    if fixed is not None and fixed.value is not None and fixed.groups < LEAST_GROUPS:
        known = counted(fixed.groups, "part", "parts")
        yield (
            f"The errors of the model are known from {known} of labelled data, as if it erred alike with all"
            f" patients; evaluate it on {LEAST_GROUPS} patients or more, and name them in column patient."
        )


def _chosen(count: Ki67Count) -> Iterator[str]:
    """Yield what to know of indices that were chosen for being the highest."""
    if count.hotspots is None or not count.hotspots.found:
        return
    if count.is_hotspot:
        expected = count.hotspots.found[0].expected
        yield (
            "The hotspot was chosen for its index, so chance has a part in it; to expect of its tissue is"
            f" {percent(expected.value)} ({interval_words(expected.interval)})."
        )
    yield (
        "What to expect of a hotspot, and the chance that another is higher, take the cells of a window for"
        " independent; where positive cells lie together, as its interval allows for, both are less sure."
    )


def _ranges(count: Ki67Count) -> Iterator[str]:
    """Yield whom the ranges are for, where the page names one."""
    guideline = count.settings.method.guideline
    if count.grades is not None and guideline.bands_hold:
        yield guideline.bands_hold


def _stain(report: Ki67Report) -> Iterator[str]:
    """Yield how far the stain agrees with the cells, and where the others are."""
    if report.stain is None:
        return
    checked, where = report.stain, report.stain_listed
    check, wrong = checked.check, checked.disagreeing
    listed = f": see {where}" if wrong and where else ""
    yield (
        f"Class and stain agree for {share_words(check.agreement)} of {len(check.cells):,} tumour cells,"
        f" kappa {kappa_words(check.kappa)}; {wrong:,} clearly disagree{listed}."
    )
