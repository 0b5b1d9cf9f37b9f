"""The agreement of observers as plain text: tables for people, and what the figures mean."""

from collections.abc import Iterator, Sequence

from patherea_core.evaluation.agreement.axis import AgreementOfPairs, Spread
from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.evaluation.agreement.quantities import QuantityAgreement
from patherea_core.evaluation.agreement.report import Agreement
from patherea_core.evaluation.intervals import Interval
from patherea_core.evaluation.lines import aligned, as_text


def agreement_table(agreement: Agreement) -> str:
    """Return all figures as aligned tables, one below the other."""
    tables = [
        _pairs(agreement),
        *([rows] if len(rows := _axis(agreement)) > 1 else []),
        _shared(agreement),
        _correlations(agreement),
        _limits(agreement),
    ]
    paragraphs = ["\n".join(aligned(rows)) for rows in tables]
    return "\n\n".join([*paragraphs, "\n".join(_notes(agreement))]) + "\n"


def _pairs(agreement: Agreement) -> list[Sequence[str]]:
    names = agreement.taxonomy.names
    rows: list[Sequence[str]] = [
        ("F1 of two observers", *names, "mean", "any class", "paired cells", "Cohen's kappa")
    ]
    for pair in agreement.pairs:
        scores = [counts.f1 for counts in pair.counts.per_class]
        figures = (pair.mean_f1, pair.counts.any_class.f1, pair.paired_cells, pair.kappa)
        rows.append((f"{pair.first} – {pair.second}", *map(as_text, (*scores, *figures))))
    return rows


def _axis(agreement: Agreement) -> list[Sequence[str]]:
    axis = agreement.axis
    rows: list[Sequence[str]] = [("mean of pairs", "pairs", "mean F1", "any class", "kappa")]
    for name, found in (("between people", axis.people), ("model to people", axis.model)):
        if found is not None:
            rows.append((name, str(found.pairs), *_spreads(found)))
    if axis.difference.value is not None:
        rows.append(("model less people", "", _estimate(axis.difference), "", ""))
    return rows


def _spreads(found: AgreementOfPairs) -> Iterator[str]:
    for spread in (found.mean_f1, found.any_class_f1, found.kappa):
        yield _spread(spread)


def _spread(spread: Spread) -> str:
    if spread.mean is None:
        return as_text(None)
    return _estimate(Estimate(spread.mean, spread.interval))


def _shared(agreement: Agreement) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [("cells that all marked", "observers", "cells", "Fleiss' kappa")]
    for name, found in (("people", agreement.people), ("with the model", agreement.everybody)):
        if found is not None:
            rows.append((name, str(found.observers), str(found.cells), as_text(found.kappa)))
    return rows


def _correlations(agreement: Agreement) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [("per region", "observers", "regions", "ICC(2,1)", "ICC(3,1)")]
    for quantity in agreement.quantities:
        found = {} if quantity.people is None else {"people": quantity.people}
        for pair in quantity.pairs:
            if pair.with_model:
                found[f"{pair.first} – {pair.second}"] = pair.correlations
        rows += [
            (
                quantity.name,
                who,
                str(icc.regions),
                _estimate(icc.agreement),
                _estimate(icc.consistency),
            )
            for who, icc in found.items()
        ]
    return rows


def _limits(agreement: Agreement) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [
        ("difference per region", "observers", "regions", "bias", "lower limit", "upper limit")
    ]
    for quantity in agreement.quantities:
        rows += _limits_of(quantity)
    return rows


def _limits_of(quantity: QuantityAgreement) -> Iterator[Sequence[str]]:
    digits = 1 if quantity.unit else 3
    for pair in quantity.pairs:
        limits = pair.limits
        estimates = (limits.bias, limits.lower, limits.upper)
        yield (
            quantity.name,
            f"{pair.first} – {pair.second}",
            str(limits.regions),
            *(_estimate(estimate, digits) for estimate in estimates),
        )


def _estimate(estimate: Estimate, digits: int = 3) -> str:
    if estimate.value is None:
        return as_text(None)
    value = f"{estimate.value:z.{digits}f}"
    return value if estimate.interval is None else f"{value} {_bounds(estimate.interval, digits)}"


def _bounds(interval: Interval, digits: int) -> str:
    return f"[{interval.low:z.{digits}f}, {interval.high:z.{digits}f}]"


def _notes(agreement: Agreement) -> list[str]:
    left_out = {
        quantity.name: most
        for quantity in agreement.quantities
        if (most := max(quantity.left_out, *(pair.left_out for pair in quantity.pairs), 0))
    }
    notes = [
        f"Radius: {agreement.radius:g} px, inclusive. Regions: {agreement.regions}. In brackets: "
        f"{100 * agreement.level:g} % intervals; those of F1 from draws of {agreement.groups} "
        f"{agreement.grouped_by}.",
        "F1: one to one, as many pairs as possible, within each class, and across classes for any class; "
        "both observers count alike.",
        "Kappa: about the classes of the cells that both (Cohen) or all (Fleiss) marked, paired whatever the "
        "class; cells that one of them did not mark take no part.",
        "Per region: ICC(2,1) is absolute agreement, ICC(3,1) consistency; both are higher the more the "
        "regions differ, so they compare observers of the same regions only.",
        "Difference: the first observer less the second, and the limits between which "
        f"{100 * agreement.level:g} % of the differences lie if they are normal (Bland, Altman). "
        "–: undefined.",
    ]
    notes += [
        f"{name}: up to {count} regions are left out, where it is undefined for an observer."
        for name, count in left_out.items()
    ]
    return notes
