"""Each format shows groups, best scores, marks and notes, and escapes what would break it."""

from xml.etree import ElementTree

from tests.training.tables.builders import TABLE
from training.published_results import BENCHMARKS
from training.tables.assembly import benchmark_table
from training.tables.html import as_html
from training.tables.latex import as_latex
from training.tables.markdown import as_markdown

MARKDOWN = r"""**F1 on Tiny & Co**

Radius 6 px.

| Method | Source | Chosen on | Evaluated on | Runs | a\_b | mean F1 |
| --- | --- | --- | --- | --- | --: | --: |
| *Published* |  |  |  |  |  |  |
| One | Table 1 | validation | test | 5 seeds | **0.500** | 0.600 ± 0.007 |
| Two <sup>1, 2</sup> | Table 1 | validation | test | 5 seeds | – | 0.900 |
| *This project* |  |  |  |  |  |  |
| Three\|x <sup>2</sup> | Table 1 | validation | test | 5 seeds | 0.400 | **0.620** |

1. Chosen \<badly\>.
2. Old.

- 50 % of it.
"""

LATEX = r"""% needs \usepackage{booktabs}
\begin{table}
\centering
\caption{F1 on Tiny \& Co. Radius 6 px.}
\label{tab:tiny}
\begin{tabular}{lllllrr}
\toprule
Method & Source & Chosen on & Evaluated on & Runs & a\_b & mean F1 \\
\midrule
\multicolumn{7}{l}{\emph{Published}} \\
One & Table 1 & validation & test & 5 seeds & \textbf{0.500} & 0.600 $\pm$ 0.007 \\
Two\textsuperscript{1,2} & Table 1 & validation & test & 5 seeds & -- & 0.900 \\
\midrule
\multicolumn{7}{l}{\emph{This project}} \\
Three|x\textsuperscript{2} & Table 1 & validation & test & 5 seeds & 0.400 & \textbf{0.620} \\
\bottomrule
\end{tabular}

\footnotesize
\textsuperscript{1}~Chosen \textless{}badly\textgreater{}.\par
\textsuperscript{2}~Old.\par
50 \% of it.\par
\end{table}
"""


def test_markdown_of_a_tiny_table() -> None:
    assert as_markdown(TABLE) == MARKDOWN


def test_latex_of_a_tiny_table() -> None:
    assert as_latex(TABLE) == LATEX


def page(text: str) -> ElementTree.Element:
    """Return a page as a tree, which also shows that every element is closed."""
    body = text.removeprefix("<!doctype html>\n")
    for void in ('<meta charset="utf-8">', 'initial-scale=1">'):
        body = body.replace(void, void.replace(">", "/>"))
    return ElementTree.fromstring(body)  # noqa: S314  we wrote it


def text_of(element: ElementTree.Element) -> str:
    return "".join(element.itertext())


def test_html_has_the_cells_of_the_table() -> None:
    tree = page(as_html(TABLE))
    bodies = tree.findall(".//tbody")
    assert [text_of(row) for body in bodies for row in body] == [
        "Published",
        "OneTable 1validationtest5 seeds0.5000.600 ± 0.007",
        "Two 1, 2Table 1validationtest5 seeds–0.900",
        "This project",
        "Three|x 2Table 1validationtest5 seeds0.4000.620",
    ]
    assert [text_of(best) for best in tree.iter("strong")] == ["0.500", "0.620"]
    assert [text_of(item) for item in tree.iter("li")] == ["Chosen <badly>.", "Old.", "50 % of it."]


def test_html_can_be_heard() -> None:
    tree = page(as_html(TABLE))
    assert tree.get("lang") == "en"
    assert text_of(next(tree.iter("caption"))) == "Radius 6 px."
    scopes = [head.get("scope") for head in tree.iter("th")]
    assert scopes == [*["col"] * 7, "rowgroup", "row", "row", "rowgroup", "row"]
    ids = {item.get("id") for item in tree.iter("li")}
    assert all(str(link.get("href")).removeprefix("#") in ids for link in tree.iter("a"))
    assert {link.get("aria-label") for link in tree.iter("a")} == {"note 1", "note 2"}


def test_html_needs_nothing_else() -> None:
    text = as_html(TABLE)
    assert "http" not in text
    assert "src=" not in text
    assert "<script" not in text


def test_every_published_table_has_every_format() -> None:
    for benchmark in BENCHMARKS.values():
        table = benchmark_table(benchmark, [])
        lines = as_markdown(table).splitlines()
        grid = [line for line in lines if line.startswith("|")]
        assert {line.count("|") for line in grid} == {len(table.heads) + 1}
        body = as_latex(table).partition(r"\toprule")[2].partition(r"\bottomrule")[0]
        rows = [line for line in body.splitlines() if " & " in line]
        assert {line.count(" & ") for line in rows} == {len(table.heads) - 1}
        assert as_latex(table).isascii() is False  # the authors' names keep their letters
        found = page(as_html(table)).findall(".//tbody/tr")
        assert len(found) == len(table.rows) + len(table.groups)
