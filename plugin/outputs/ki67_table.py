"""A Ki-67 count as lines for a terminal and for the log of a job."""

from patherea_core.evaluation.lines import aligned
from plugin.index.report import Ki67Report
from plugin.outputs.ki67_content import page_of
from plugin.outputs.ki67_words import chances_words


def ki67_table(report: Ki67Report) -> str:
    """Return the figures as a table, and below it what a person must know."""
    page = page_of(report, most_rows=len(report.count.regions) + len(report.count.spots) + 1)
    rows = [
        (row.name, row.positive, row.negative, row.index, row.interval, row.corrected, row.more)
        for row in page.rows
    ]
    lines = [f"{one.name}: {one.value} ({one.interval})" for one in page.headlines]
    lines.append(f"{page.method}.")
    if page.chances:
        lines.append(f"Grade {page.grade}, {page.grade_source}: {chances_words(page.chances)}")
    if page.raw_grade:
        lines.append(f"Grade {page.raw_grade}, as counted: {chances_words(page.raw_chances)}")
    lines.append(", ".join(f"{name} {text}" for name, text in page.counts))
    if rows:
        header = ("", "positive", "negative", "index", "interval", "corrected", "")
        lines += ["", *aligned([header, *rows]), ""]
    lines += [f"{'+' if check.met else '-'} {check.text}" for check in page.checks]
    lines += [f"! {note}" for note in page.warnings]
    lines += [f"· {fact}" for fact in page.facts]
    return "\n".join(lines) + "\n"
