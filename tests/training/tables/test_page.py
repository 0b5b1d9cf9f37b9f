"""The page about benchmark tables shows what the program renders and knows."""

from pathlib import Path

from training.published_results import BENCHMARKS
from training.tables.assembly import benchmark_table
from training.tables.markdown import as_markdown

PAGE = Path(__file__).parents[3] / "docs" / "benchmark.md"


def test_the_page_shows_the_table_as_it_is_rendered() -> None:
    table = as_markdown(benchmark_table(BENCHMARKS["brca-m2c"], []))
    assert PAGE.read_text(encoding="utf-8").endswith(table), (
        "render it again: python -m training table brca-m2c --ledger /dev/null"
    )


def test_the_page_names_every_published_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in BENCHMARKS)
