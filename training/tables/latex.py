"""A table as LaTeX, with the rules of booktabs."""

from collections.abc import Sequence

from training.tables.model import Row, Table

_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "µ": r"\textmu{}",
    "–": "--",
}


def as_latex(table: Table) -> str:
    """Return a table environment for a document that loads booktabs."""
    facts = len(table.heads) - len(table.columns)
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_escaped(table.title)}. {_escaped(table.protocol)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{{'l' * facts}{'r' * len(table.columns)}}}",
        r"\toprule",
        _line([_escaped(head) for head in table.heads]),
    ]
    for group in table.groups:
        title = _escaped(group.title)
        lines += [r"\midrule", rf"\multicolumn{{{len(table.heads)}}}{{l}}{{\emph{{{title}}}}} \\"]
        lines += [_line(_cells(table, row)) for row in group.rows]
    lines += [r"\bottomrule", r"\end{tabular}", "", r"\footnotesize"]
    lines += [
        rf"\textsuperscript{{{number}}}~{_escaped(note)}\par"
        for number, note in enumerate(table.notes, 1)
    ]
    lines += [rf"{_escaped(remark)}\par" for remark in table.remarks]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _cells(table: Table, row: Row) -> list[str]:
    numbers = ",".join(str(number) for number in table.note_numbers(row))
    marks = rf"\textsuperscript{{{numbers}}}" if numbers else ""
    scores = []
    for column, score in enumerate(row.scores):
        text = _escaped("–" if score is None else str(score))
        scores.append(rf"\textbf{{{text}}}" if table.is_best(row, column) else text)
    return [_escaped(row.method) + marks, *map(_escaped, row.facts), *scores]


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _escaped(text: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in text)
