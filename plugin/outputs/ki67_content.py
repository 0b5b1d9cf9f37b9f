"""What a page of a Ki-67 count says, in words, for every form of the page alike. Pure."""

from collections.abc import Iterator

from patherea_core.index.guidelines import Grading
from patherea_core.index.ki67 import Index
from patherea_core.index.stopping import MoreCells
from plugin.index.counting import Estimated, Ki67Count
from plugin.index.methods import window_in_words
from plugin.index.report import Ki67Report
from plugin.outputs.ki67_remarks import facts_of, warnings_of
from plugin.outputs.ki67_words import NONE, Check, Headline, Page, Row, interval_words, percent

#: Rows of the table on one page; all of them are in the JSON.
_MOST_ROWS = 9


def page_of(report: Ki67Report, most_rows: int = _MOST_ROWS) -> Page:
    """Return the words of a page, with so many rows of its table at the most."""
    count, guideline = report.count, report.count.settings.method.guideline
    rows = tuple(_rows(count))
    grades = count.grades
    raw = None if count.headline.best is count.headline.counted else count.raw_grades
    return Page(
        title=report.name,
        made=f"{report.made.get('program', '')}, {report.made.get('created', '')}",
        method=f"{guideline.name}; index of {_place(report)}",
        source=guideline.source,
        headlines=tuple(_headlines(count.headline)),
        counts=_counts(count.headline.counted),
        grade="" if grades is None else grades.grade,
        grade_source=_grade_source(count),
        chances=_chances(grades),
        raw_grade="" if raw is None else raw.grade,
        raw_chances=_chances(raw),
        rows=rows[:most_rows],
        left_out=max(0, len(rows) - most_rows),
        checks=tuple(_checks(count)),
        warnings=warnings_of(report),
        facts=facts_of(report),
        origin=tuple(_origin(report)),
        signer=report.signer,
    )


def _place(report: Ki67Report) -> str:
    count = report.count
    if count.is_hotspot and count.hotspots is not None:
        return f"hotspot 1 ({window_in_words(count.hotspots.kind)})"
    regions = len(count.regions)
    if regions and not any(slide.regions for slide in report.slides):
        return f"{regions} images"
    return {0: "all cells of the slide", 1: "one region"}.get(regions, f"{regions} regions")


def _headlines(headline: Estimated) -> Iterator[Headline]:
    raw, fixed = headline.counted, headline.corrected
    level = f"{100 * raw.level:g} % interval"
    yield Headline(
        "Ki-67 index, as counted",
        percent(raw.value),
        raw.undefined_because or f"{level}: {interval_words(raw.interval)}",
    )
    if fixed is None:
        yield Headline(
            "Corrected for model errors",
            NONE,
            "not corrected: no evaluation of the model was given",
        )
    else:
        yield Headline(
            "Corrected for model errors",
            percent(fixed.value),
            f"not corrected: {fixed.refused_because}"
            if fixed.refused_because
            else f"{level}: {interval_words(fixed.interval)}",
        )


def _counts(index: Index) -> tuple[tuple[str, str], ...]:
    worth = index.precision
    return (
        ("positive tumour cells", f"{index.tally.positive:,}"),
        ("negative tumour cells", f"{index.tally.negative:,}"),
        ("tumour cells", f"{index.tally.tumour:,}"),
        ("worth independent cells", NONE if worth is None else f"{worth.effective_cells:,.0f}"),
        ("not counted", f"{index.tally.not_counted:,}"),
    )


def _grade_source(count: Ki67Count) -> str:
    if count.grades is None:
        return ""
    if count.headline.best is count.headline.counted:
        return "of the index as counted"
    return "of the corrected index"


def _chances(grades: Grading | None) -> tuple[tuple[str, float], ...]:
    return () if grades is None else tuple((one.name, one.probability) for one in grades.chances)


def _rows(count: Ki67Count) -> Iterator[Row]:
    if len(count.regions) > 1 or count.is_hotspot:
        yield _row("all that was counted", count.whole, "")
    for region in count.regions:
        yield _row(region.counted.name, region, "")
    found = count.hotspots.found if count.hotspots else ()
    for number, (spot, estimated) in enumerate(zip(found, count.spots, strict=True), start=1):
        chance = spot.chance_another_is_higher
        more = f"expect {percent(spot.expected.value)}"
        more += "" if chance is None else f"; another higher: {100 * chance:.0f} %"
        yield _row(f"hotspot {number}", estimated, more)


def _row(name: str, estimated: Estimated, more: str) -> Row:
    index, fixed = estimated.counted, estimated.corrected
    return Row(
        name,
        f"{index.tally.positive:,}",
        f"{index.tally.negative:,}",
        percent(index.value),
        interval_words(index.interval),
        NONE if fixed is None else percent(fixed.value),
        more,
    )


def _checks(count: Ki67Count) -> Iterator[Check]:
    guideline = count.settings.method.guideline
    if not count.lacks:
        cells = count.headline.counted.tally.tumour
        yield Check(
            met=True,
            text=f"{cells:,} tumour cells counted; {guideline.name} asks for"
            f" {guideline.least_cells:,} at least",
        )
    for lack in count.lacks:
        yield Check(met=False, text=f"{_begun(lack, count)}.")
    if count.more is not None:
        yield Check(met=not count.more.more, text=_more(count.more, is_hotspot=count.is_hotspot))


def _begun(sentence: str, count: Ki67Count) -> str:
    """Return a sentence with a capital, but the name of a file as it is spelt."""
    if not count.is_hotspot and sentence.startswith(f"{count.headline.counted.name} "):
        return sentence
    return sentence[0].upper() + sentence[1:]


def _more(more: MoreCells, *, is_hotspot: bool) -> str:
    points = f"± {100 * more.half_width:g} points"
    if not more.more:
        return f"The interval is no wider than {points}."
    if is_hotspot:
        return (
            f"For {points} a hotspot of about {more.more:,} more cells would be needed; all cells of this one"
            " are counted, so widen it with --window."
        )
    return f"For {points} count about {more.more:,} more cells of the same kind of area."


def _origin(report: Ki67Report) -> Iterator[tuple[str, str]]:
    origin = report.origin
    yield from origin.sources.items()
    model = origin.model
    if model:
        digest = str(model.get("weights_sha256") or "")[:16]
        least = model.get("threshold")
        said = [str(model.get("name") or "without a name"), str(model.get("backbone") or "")]
        said += [f"weights {digest}"] if digest else []
        said += [] if least is None else [f"threshold {least:g}"]
        yield "model", ", ".join(part for part in said if part)
    if origin.errors:
        labelled = f"; {origin.labelled_cells:,} labelled cells"
        yield "errors of the model from", ", ".join(origin.errors) + labelled
    yield "cells changed by", ", ".join(origin.reviewers) or "nobody, as far as is known"
    yield "pixel size", _pixels(report)
    kinds = (
        f"{name}: {kind.name.lower().replace('_', ' ')}" for name, kind in report.classes.items()
    )
    yield "classes", ", ".join(kinds)
    yield "count", f"{report.run_id}, seed {report.count.settings.seed.value}"


def _pixels(report: Ki67Report) -> str:
    sizes = {slide.mpp for slide in report.slides}
    known = sorted(size for size in sizes if size is not None)
    if not known:
        return "not known"
    words = f"{known[0]:g} µm" if len(known) == 1 else f"{known[0]:g} to {known[-1]:g} µm"
    return f"{words}, of some images not known" if None in sizes else words
