"""A table as Markdown."""

from collections.abc import Sequence

from training.tables.model import Row, Table


def as_markdown(table: Table) -> str:
    """Return a table as Markdown, its groups parted by a row of their own, its notes numbered below."""
    alignment = ["---"] * (len(table.heads) - len(table.columns)) + ["--:"] * len(table.columns)
    lines = [f"**{_escaped(table.title)}**", "", _escaped(table.protocol), ""]
    lines += [_line([_escaped(head) for head in table.heads]), _line(alignment)]
    for group in table.groups:
        lines.append(_line([f"*{_escaped(group.title)}*", *[""] * (len(table.heads) - 1)]))
        lines += [_line(_cells(table, row)) for row in group.rows]
    lines += ["", *(f"{number}. {_escaped(note)}" for number, note in enumerate(table.notes, 1))]
    if table.notes:
        lines.append("")
    lines += [f"- {_escaped(remark)}" for remark in table.remarks]
    return "\n".join(lines) + "\n"


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int) -> str:
    """Return a plain table as Markdown.

    Args:
        heads: above the columns.
        rows: as many cells each.
        words: how many columns at the left are of words; the others are of numbers.
    """
    alignment = ["---"] * words + ["--:"] * (len(heads) - words)
    lines = [[_escaped(head) for head in heads], alignment, *(map(_escaped, row) for row in rows)]
    return "\n".join(_line([*line]) for line in lines) + "\n"


def _cells(table: Table, row: Row) -> list[str]:
    numbers = ", ".join(str(number) for number in table.note_numbers(row))
    marks = f" <sup>{numbers}</sup>" if numbers else ""
    scores = []
    for column, score in enumerate(row.scores):
        text = "–" if score is None else str(score)
        scores.append(f"**{text}**" if table.is_best(row, column) else text)
    return [_escaped(row.method) + marks, *map(_escaped, row.facts), *scores]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return text
