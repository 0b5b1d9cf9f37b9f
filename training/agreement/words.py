"""An agreement study in words and figures: Markdown for a paper, CSV for other programs."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence

from patherea_core.data.finding import counted
from patherea_core.evaluation.agreement.limits import Estimate
from training.agreement.study import Comparison, Study, remarks
from training.tables.markdown import markdown_table

_NONE = "–"


def as_markdown(study: Study) -> str:
    """Return the figures as tables, one below the other, with the notes that they need."""
    rows = study.comparisons
    parts = [
        "**Differences from the reference**, in points of percent",
        _table(
            rows, ("slides", "bias", "lower limit", "upper limit", "within ± 20 %"), _differences
        ),
        "**Correlation and line**, the reference as x",
        _table(
            rows,
            ("ICC(2,1)", "ICC(3,1)", "slope", "intercept", "linear, p", "Deming slope"),
            _correlations,
        ),
        f"**Grades** ({', '.join(study.grades.names)})",
        _table(rows, ("same grade", "kappa", "weighted kappa"), _grades),
        *(_confusion(one, study) for one in rows),
        "\n".join(f"- {note}" for note in _notes(study)) + "\n",
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def as_csv(study: Study) -> str:
    """Return a row for each figure of each comparison, with its interval; undefined ones are empty."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("measured by", "reference", "slides", "figure", "value", "low", "high"))
    for one in study.comparisons:
        for name, estimate in _named(one):
            bounds = ("", "") if estimate.interval is None else estimate.interval.bounds
            value = "" if estimate.value is None else estimate.value
            rows.writerow((one.name, " + ".join(one.reference), one.slides, name, value, *bounds))
    return text.getvalue()


def _named(one: Comparison) -> Iterator[tuple[str, Estimate]]:
    limits, icc, counted = one.limits, one.correlations, one.counted
    yield from (("bias", limits.bias), ("lower limit", limits.lower), ("upper limit", limits.upper))
    yield from (("ICC(2,1)", icc.agreement), ("ICC(3,1)", icc.consistency))
    for name, line in (("Passing-Bablok", one.line), ("Deming", one.deming)):
        yield from ((f"{name} slope", line.slope), (f"{name} intercept", line.intercept))
    yield "CUSUM test of linearity, p", Estimate(one.line.linear_p)
    yield "Kendall's tau", Estimate(one.tau)
    yield from (("within 20 %", counted.close), ("same grade", counted.same_grade))
    yield from (("kappa", counted.kappa), ("weighted kappa", counted.weighted))


def _table(
    rows: Sequence[Comparison],
    heads: Sequence[str],
    cells: Callable[[Comparison], tuple[str, ...]],
) -> str:
    return markdown_table(
        ("measured by", "reference", *heads),
        [(one.name, " + ".join(one.reference), *cells(one)) for one in rows],
        words=2,
    )


def _differences(one: Comparison) -> tuple[str, ...]:
    limits = (one.limits.bias, one.limits.lower, one.limits.upper)
    return (str(one.slides), *(_text(limit, 1) for limit in limits), _percent(one.counted.close))


def _correlations(one: Comparison) -> tuple[str, ...]:
    line, p = one.line, one.line.linear_p
    return (
        _text(one.correlations.agreement, 3),
        _text(one.correlations.consistency, 3),
        _text(line.slope, 3),
        _text(line.intercept, 2),
        _NONE if p is None else f"{p:.2f}",
        _text(one.deming.slope, 3),
    )


def _grades(one: Comparison) -> tuple[str, ...]:
    counted = one.counted
    return _percent(counted.same_grade), _text(counted.kappa, 2), _text(counted.weighted, 2)


def _confusion(one: Comparison, study: Study) -> str:
    names = study.grades.names
    rows = [
        (name, *(str(count) for count in counts))
        for name, counts in zip(names, one.counted.grades.tolist(), strict=True)
    ]
    head = f"Slides by grade: rows {' + '.join(one.reference)}, columns {one.name}"
    return f"{head}\n\n" + markdown_table(("", *names), rows, words=1)


def _notes(study: Study) -> Iterator[str]:
    drawn = "patients" if study.by_patient else "slides"
    yield (
        f"In brackets: {100 * study.level:g} % intervals; those of shares and kappas from "
        f"2,000 draws of {drawn}."
    )
    yield "Bias and limits of agreement: Bland and Altman; who measured less the reference."
    yield (
        "Slope and intercept: Passing and Bablok 1983, with their CUSUM test of linearity; their interval of "
        "the intercept is rather narrow. Deming's line takes both to err alike."
    )
    yield (
        "Within ± 20 %: the difference is at most a fifth of the reference. Weighted kappa: linear weights. "
        f"{_NONE}: undefined."
    )
    if any(len(one.reference) > 1 for one in study.comparisons):
        yield (
            "A reference of several readers is their mean. Each of them is compared with the others, too: "
            "that is what a model can be asked for."
        )
    if study.grades.source:
        yield f"Grades: {study.grades.source}."
    left_out = [one for one in study.comparisons if one.left_out]
    yield from (
        f"{one.name} against {' + '.join(one.reference)}: "
        f"{counted(one.left_out, 'slide', 'slides')} that one of them did not measure "
        f"{'is' if one.left_out == 1 else 'are'} left out."
        for one in left_out
    )
    yield from (f"{sentence}." for sentence in remarks(study))


def _text(estimate: Estimate, digits: int) -> str:
    if estimate.value is None:
        return _NONE
    words = f"{estimate.value:z.{digits}f}"
    if estimate.interval is None:
        return words
    low, high = (f"{bound:z.{digits}f}" for bound in estimate.interval.bounds)
    return f"{words} ({low} to {high})"


def _percent(share: Estimate) -> str:
    if share.value is None:
        return _NONE
    words = f"{100 * share.value:.0f} %"
    if share.interval is None:
        return words
    return f"{words} ({100 * share.interval.low:.0f} to {100 * share.interval.high:.0f})"
