"""The page that holds the table: all but the table itself is written by people."""

from pathlib import Path

from patherea_core.errors import InputError

BEGIN = "<!-- python -m training crossover table --page; a test keeps this in step -->"
END = "<!-- the end of what is rendered -->"


def page_with(path: Path, text: str) -> str:
    """Return the page at ``path`` with another text between its two marks.

    Raises:
        InputError: it cannot be read, or lacks a mark.
    """
    try:
        page = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"the page {path} cannot be read ({error}); name docs/crossover.md"
        ) from error
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(
            f"the page {path} lacks the marks {BEGIN} and {END}; put them where the table goes"
        )
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"
