"""A Ki-67 count as lines for a terminal and for the log of a job."""

from patherea_core.evaluation.lines import aligned
from plugin.index.report import Ki67Report
from plugin.outputs.ki67_content import page_of


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
        chances = ", ".join(f"{name} {100 * share:.1f} %" for name, share in page.chances)
        lines.append(f"{page.grade}, {page.grade_source}: {chances}")
    lines.append(", ".join(f"{name} {text}" for name, text in page.counts))
    if rows:
        header = ("", "positive", "negative", "index", "interval", "corrected", "")
        lines += ["", *aligned([header, *rows]), ""]
    lines += [f"{'+' if check.met else '-'} {check.text}" for check in page.checks]
    lines += [f"! {note}" for note in page.warnings]
    return "\n".join(lines) + "\n"
