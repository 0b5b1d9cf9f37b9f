"""A table as one HTML page that needs nothing else, for eyes and for screen readers."""

from html import escape

from training.tables.model import Group, Row, Table

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; }
ol, ul { max-width: 60rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: left; padding-bottom: .75rem; }
sup { line-height: 0; }
th, td { padding: .3rem .5rem; text-align: left; font-weight: normal; white-space: nowrap; }
td.score, th.score { text-align: right; font-variant-numeric: tabular-nums; }
thead th, tbody th.group { font-weight: 600; border-bottom: 1px solid; }
tbody th.group { padding-top: 1.2rem; }
tbody:last-of-type tr:last-child > * { border-bottom: 2px solid; }
:target { outline: 2px solid; outline-offset: 2px; }"""


def as_html(table: Table) -> str:
    """Return a whole page; every mark links to its note, and best scores are strong, not only bold."""
    title = escape(table.title)
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        '<head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        f"<style>\n{_STYLE}\n</style></head>",
        "<body>",
        f"<h1>{title}</h1>",
        # A region that scrolls has to be reachable by keyboard.
        f'<div class="wide" role="region" aria-label="{title}" tabindex="0">',
        "<table>",
        f"<caption>{escape(table.protocol)}</caption>",
        "<thead><tr>",
        *_heads(table),
        "</tr></thead>",
    ]
    for group in table.groups:
        lines += _group(table, group)
    lines += ["</table>", "</div>", *_below(table), "</body>", "</html>"]
    return "\n".join(lines) + "\n"


def _heads(table: Table) -> list[str]:
    facts = len(table.heads) - len(table.columns)
    return [f'<th scope="col">{escape(head)}</th>' for head in table.heads[:facts]] + [
        f'<th scope="col" class="score">{escape(head)}</th>' for head in table.columns
    ]


def _group(table: Table, group: Group) -> list[str]:
    span = len(table.heads)
    title = f'<th scope="rowgroup" class="group" colspan="{span}">{escape(group.title)}</th>'
    return ["<tbody>", f"<tr>{title}</tr>", *(_row(table, row) for row in group.rows), "</tbody>"]


def _row(table: Table, row: Row) -> str:
    links = ", ".join(
        f'<a href="#note-{number}" aria-label="note {number}">{number}</a>'
        for number in table.note_numbers(row)
    )
    marks = f" <sup>{links}</sup>" if links else ""
    cells = [f'<th scope="row">{escape(row.method)}{marks}</th>']
    cells += [f"<td>{escape(fact)}</td>" for fact in row.facts]
    for column, score in enumerate(row.scores):
        text = "–" if score is None else str(score)
        best = f"<strong>{text}</strong>" if table.is_best(row, column) else text
        cells.append(f'<td class="score">{best}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _below(table: Table) -> list[str]:
    notes = [
        f'<li id="note-{number}">{escape(note)}</li>' for number, note in enumerate(table.notes, 1)
    ]
    remarks = [f"<li>{escape(remark)}</li>" for remark in table.remarks]
    return [
        *(["<h2>Notes</h2>", "<ol>", *notes, "</ol>"] if notes else []),
        *(["<h2>About this table</h2>", "<ul>", *remarks, "</ul>"] if remarks else []),
    ]
