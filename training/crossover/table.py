"""The figures of a cross-over as Markdown: scores, differences, what they say, and what was not run."""

from collections.abc import Iterator, Sequence

from training.crossover.draws import Estimate
from training.crossover.plan import percent
from training.crossover.summary import Summary
from training.tables.markdown import markdown_table

_NONE = "–"


def crossover_text(found: Sequence[Summary]) -> str:
    """Return a section for each plan and dataset; says so where there is none."""
    if not found:
        return "No run is in the ledger yet.\n"
    return "\n".join(_section(one) for one in found)


def _section(one: Summary) -> str:
    said = "".join(f"- {sentence}\n" for sentence in (*verdicts(one), *gaps(one)))
    parts = (
        f"### {one.first.run.dataset}, plan {one.first.plan}\n",
        _measured(one),
        _scores(one),
        _differences(one) if one.pairs() else "",
        said,
    )
    return "\n".join(part for part in parts if part)


def _measured(one: Summary) -> str:
    run = one.first.run
    fold = f", {run.fold}" if run.fold else ""
    expected = len(one.arms) * len(one.shares) * len(one.seeds)
    return (
        f"{len(one.rows)} of {expected} runs; {run.images} images of {len(one.first.patients)} patients"
        f" ({run.evaluated_on}{fold}), {run.protocol.radius_words}. Mean of the seeds, 95 % interval in"
        " brackets.\n"
    )


def _scores(one: Summary) -> str:
    rows = []
    for share in one.shares:
        for arm in one.arms:
            scores = one.scores(arm, share)
            if scores is None:
                rows.append((_percent(share), arm, "0", *[_NONE] * (len(one.classes) + 2)))
                continue
            rows.append(
                (
                    _percent(share),
                    arm,
                    str(scores[-1].seeds),
                    _points(one, arm, share),
                    *(_plain(score) for score in scores[:-1]),
                    _with_interval(scores[-1], ".3f"),
                )
            )
    heads = ("labels", "arm", "seeds", "cells learnt from", *one.classes, "mean F1")
    return markdown_table(heads, rows, words=2)


def _differences(one: Summary) -> str:
    rows = []
    for arm, other in one.pairs():
        for share in one.shares:
            found = one.differences(arm, other, share)
            if found is not None:
                rows.append(
                    (
                        f"{arm} less {other}",
                        _percent(share),
                        str(found[-1].seeds),
                        *(_with_interval(score, "+.3f") for score in found),
                    )
                )
    return markdown_table(("", "labels", "seeds", *one.classes, "mean F1"), rows, words=2)


def verdicts(one: Summary) -> Iterator[str]:
    """Yield a sentence for each pair of arms: where one is ahead, as far as the intervals tell."""
    for arm, other in one.pairs():
        found = {share: one.differences(arm, other, share) for share in one.shares}
        means = {share: scores[-1] for share, scores in found.items() if scores is not None}
        ahead = [share for share, mean in means.items() if mean.apart and (mean.value or 0) > 0]
        behind = [share for share, mean in means.items() if mean.apart and (mean.value or 0) < 0]
        level = [share for share, mean in means.items() if not mean.apart]
        said = [
            f"{words} at {_listed(shares)}"
            for words, shares in (
                (f"is ahead of {other}", ahead),
                (f"is behind {other}", behind),
                (f"is not told apart from {other}", level),
            )
            if shares
        ]
        if said:
            yield f"**{arm}** {'; '.join(said)}."


def gaps(one: Summary) -> Iterator[str]:
    """Yield a sentence for each arm that lacks runs: which."""
    for arm in one.arms:
        missing = {share: one.missing(arm, share) for share in one.shares}
        lacking = {share: seeds for share, seeds in missing.items() if seeds}
        if not lacking:
            continue
        if all(seeds == one.seeds for seeds in missing.values()):
            yield f"Not run: {arm}."
            continue
        told = "; ".join(
            f"{_percent(share)} with seed {', '.join(map(str, seeds))}"
            for share, seeds in lacking.items()
        )
        yield f"Not run yet: {arm} at {told}."


def _points(one: Summary, arm: str, share: float) -> str:
    points = sorted(row.trained_on.points for row in one.of(arm, share).values())
    return str(points[0]) if points[0] == points[-1] else f"{points[0]} to {points[-1]}"


def _with_interval(score: Estimate, form: str) -> str:
    if score.value is None:
        return _NONE
    if score.interval is None:
        return f"{score.value:{form}}"
    low, high = score.interval.bounds
    return f"{score.value:{form}} ({low:{form}} to {high:{form}})"


def _plain(score: Estimate) -> str:
    return _NONE if score.value is None else f"{score.value:.3f}"


def _percent(share: float) -> str:
    return f"{percent(share)} %"


def _listed(shares: Sequence[float]) -> str:
    *most, last = (_percent(share) for share in shares)
    return f"{', '.join(most)} and {last}" if most else last
