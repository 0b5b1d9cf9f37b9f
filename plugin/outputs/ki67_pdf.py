"""A Ki-67 count as PDF on A4, with the words of the page in HTML; a further page takes what finds no room."""

import io
import textwrap

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from plugin.index.report import Ki67Report
from plugin.outputs.ki67_content import page_of
from plugin.outputs.ki67_drawing import INK, SOFT, Scene, draw_grades, draw_scene, picture_words
from plugin.outputs.ki67_words import USE, Page

_WIDTH, _HEIGHT = 210.0, 297.0  # A4, in millimetres
_LEFT, _RIGHT, _MIDDLE = 15.0, 195.0, 93.0
_WARN, _GOOD, _LINE = "#9a3412", "#166534", "#d8dde6"
_MILLIMETRES = 25.4
#: Right edges of the columns of the table, and the left one of its first.
_COLUMNS = (70.0, 87.0, 103.0, 130.0, 148.0, 195.0)
#: Where the signature stands, on the last page; what is above must end before.
_SIGNATURE = 270.0
_BOTTOM = _SIGNATURE - 12
#: Where the text of a further page begins.
_TOP = 26.0


def ki67_pdf(report: Ki67Report, scene: Scene) -> bytes:
    """Return the page as PDF; further ones hold what finds no room on it."""
    page, content = page_of(report), io.BytesIO()
    about = {"Title": f"Ki-67 index of {page.title}", "Creator": page.made, "CreationDate": None}
    with PdfPages(content, metadata=about) as file:
        for figure in ki67_sheets(report, scene):
            file.savefig(figure)
    return content.getvalue()


def ki67_sheets(report: Ki67Report, scene: Scene) -> tuple[Figure, ...]:
    """Return the pages as drawings; of several each is numbered, and the last one is signed."""
    page = page_of(report)
    pages = _Pages(page)
    sheet = pages.last
    _head(sheet, page)
    _picture(sheet, report, scene)
    beside = min(88.0, 70 * scene.height / scene.width) + 44  # the picture and its lines
    low = max(beside, _figures(sheet, page))
    low = _table(sheet, page, low)
    low = _checks(pages, page, low)
    _origin(pages, page, low)
    _sign(pages.last, page)
    pages.number()
    return tuple(sheet.figure for sheet in pages.sheets)


class _Sheet:
    """An A4 page on which things are placed in millimetres from the upper left corner."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(_WIDTH / _MILLIMETRES, _HEIGHT / _MILLIMETRES))

    def text(self, x: float, y: float, words: str, size: float = 8.5, **style: object) -> None:
        """Write words whose first line begins at a height."""
        given: dict[str, object] = {"color": INK, "va": "top", "parse_math": False, **style}
        self.figure.text(x / _WIDTH, 1 - y / _HEIGHT, words, fontsize=size, **given)  # type: ignore[arg-type]  # passed on

    def wrapped(self, x: float, y: float, words: str, letters: int, **style: object) -> float:
        """Write words on as many lines as they need, and return the height below them."""
        lines = textwrap.wrap(words, letters) or [""]
        for row, line in enumerate(lines):
            self.text(x, y + 4.0 * row, line, 8.0, **style)
        return y + 4.0 * len(lines)

    def line(
        self, y: float, left: float, right: float, colour: str = _LINE, width: float = 0.6
    ) -> None:
        """Draw a level line."""
        axes = self.figure.add_axes(
            (left / _WIDTH, 1 - y / _HEIGHT, (right - left) / _WIDTH, 0.0001)
        )
        axes.set_axis_off()
        axes.plot([0, 1], [0, 0], color=colour, linewidth=width, clip_on=False)
        axes.set(xlim=(0, 1))

    def title(self, y: float, words: str, left: float = _LEFT, right: float = _RIGHT) -> float:
        """Write a heading with a line below, and return the height below it."""
        self.text(left, y, words, 8.5, weight="bold")
        self.line(y + 4.6, left, right)
        return y + 6.2


class _Pages:
    """The sheets of one count, of which there is one as long as everything finds room."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.sheets = [_Sheet()]

    @property
    def last(self) -> _Sheet:
        """The sheet that is written on."""
        return self.sheets[-1]

    def room(self, low: float, height: float) -> float:
        """Return where something of this height goes: here, or at the top of a further sheet."""
        if low + height <= _BOTTOM:
            return low
        self.sheets.append(_Sheet())
        title = textwrap.shorten(f"Ki-67 index: {self._page.title}", 70, placeholder="…")
        self.last.text(_LEFT, 14, title, 9.0, weight="bold")
        self.last.text(_RIGHT, 14, self._page.made, 7.5, color=SOFT, ha="right")
        self.last.line(20, _LEFT, _RIGHT, INK, 1.0)
        return _TOP

    def number(self) -> None:
        """Number the sheets if there are several."""
        for number, sheet in enumerate(self.sheets, start=1):
            if len(self.sheets) > 1:
                words = f"page {number} of {len(self.sheets)}"
                sheet.text(_RIGHT, 286, words, 7.5, color=SOFT, ha="right")


def _head(sheet: _Sheet, page: Page) -> None:
    sheet.text(
        _LEFT,
        12,
        textwrap.shorten(f"Ki-67 index: {page.title}", 58, placeholder="…"),
        15,
        weight="bold",
    )
    sheet.text(_LEFT, 20, page.made, 8.0, color=SOFT)
    box = {"facecolor": "white", "edgecolor": _WARN, "boxstyle": "round,pad=0.35"}
    sheet.text(
        _RIGHT - 1, 14, "RESEARCH USE ONLY", 8.0, color=_WARN, weight="bold", ha="right", bbox=box
    )
    sheet.line(26, _LEFT, _RIGHT, INK, 1.4)


def _picture(sheet: _Sheet, report: Ki67Report, scene: Scene) -> None:
    axes = sheet.figure.add_axes((_LEFT / _WIDTH, 1 - 118 / _HEIGHT, 70 / _WIDTH, 88 / _HEIGHT))
    axes.set_anchor("N")
    draw_scene(axes, report, scene)
    below = 32 + min(88.0, 70 * scene.height / scene.width)
    for row, line in enumerate(textwrap.wrap(picture_words(report, scene), 52)):
        sheet.text(_LEFT, below + 3.6 * row, line, 7.5, color=SOFT)


def _figures(sheet: _Sheet, page: Page) -> float:
    """Write what stands beside the picture, and return the height below it."""
    lowest = 30.0
    for column, one in enumerate(page.headlines):
        left = _MIDDLE + 52.0 * column
        sheet.text(left, 30, one.name, 8.0)
        sheet.text(left, 34.5, one.value, 19, weight="bold")
        lowest = max(lowest, sheet.wrapped(left, 44, one.interval, 34, color=SOFT))
    low = sheet.title(lowest + 2, "Method", _MIDDLE)
    low = sheet.wrapped(_MIDDLE, low, f"{page.method}.", 72)
    low = sheet.wrapped(_MIDDLE, low, f"{page.source}.", 72, color=SOFT)
    if page.chances:
        heading = f"Grade: {page.grade}"
        low = sheet.title(low + 2, heading, _MIDDLE)
        place = (
            _MIDDLE / _WIDTH,
            1 - (low + 6) / _HEIGHT,
            (_RIGHT - _MIDDLE) / _WIDTH,
            6 / _HEIGHT,
        )
        draw_grades(sheet.figure.add_axes(place), page.chances)
        low += 7.5
        for words in page.graded:
            low = sheet.wrapped(_MIDDLE, low, words, 72, color=SOFT)
    low = sheet.title(low + 2, "Cells", _MIDDLE)
    for name, text in page.counts:
        sheet.text(_MIDDLE, low, name, 8.0)
        sheet.text(_RIGHT, low, text, 8.0, ha="right")
        low += 4.0
    return low + 3


def _table(sheet: _Sheet, page: Page, low: float) -> float:
    if not page.rows:
        return low
    low = sheet.title(low, "Regions and hotspots")
    header = ("positive", "negative", "index", "interval", "corrected", "")
    for right, name in zip(_COLUMNS, header, strict=True):
        sheet.text(right, low, name, 8.0, ha="right", color=SOFT)
    low += 4.2
    for row in page.rows:
        sheet.text(_LEFT, low, textwrap.shorten(row.name, 26, placeholder="…"), 8.0)
        cells = (row.positive, row.negative, row.index, row.interval, row.corrected, row.more)
        for right, words in zip(_COLUMNS, cells, strict=True):
            colour = SOFT if right == _RIGHT else INK
            sheet.text(right, low, words, 8.0 if right < _RIGHT else 7.0, ha="right", color=colour)
        low += 4.2
    if page.left_out:
        sheet.text(
            _LEFT, low, f"{page.left_out} more are in the figures for programs.", 8.0, color=SOFT
        )
        low += 4.2
    return low + 2


def _checks(pages: _Pages, page: Page, low: float) -> float:
    low = pages.last.title(pages.room(low, 14), "What the guideline asks for, and what to know")
    lines = [
        ("✓" if one.met else "✗", _GOOD if one.met else _WARN, one.text) for one in page.checks
    ]
    lines += [("!", _WARN, note) for note in page.warnings]
    lines += [("·", SOFT, fact) for fact in page.facts]
    for sign, colour, words in lines:
        low = pages.room(low, 4.0 * len(textwrap.wrap(words, 122)))
        pages.last.text(_LEFT, low, sign, 8.0, color=colour, weight="bold")
        low = pages.last.wrapped(_LEFT + 4.5, low, words, 122)
    return low + 2


def _origin(pages: _Pages, page: Page, low: float) -> None:
    low = pages.last.title(pages.room(low, 14), "Where the figures come from")
    for name, words in page.origin:
        lines = textwrap.wrap(words, 118)
        low = pages.room(low, 3.5 * min(3, len(lines)))
        pages.last.text(_LEFT, low, name, 7.0, color=SOFT)
        for line in lines:
            low = pages.room(low, 3.5)
            pages.last.text(_LEFT + 36, low, line, 7.0)
            low += 3.5


def _sign(sheet: _Sheet, page: Page) -> None:
    sheet.text(_LEFT, _SIGNATURE - 5, page.signer, 9.0)
    for left, right, words in (
        (_LEFT, 78, "reviewed by"),
        (86, 146, "signature"),
        (154, _RIGHT, "date"),
    ):
        sheet.line(_SIGNATURE, left, right, INK, 0.7)
        sheet.text(left, _SIGNATURE + 1, words, 7.5, color=SOFT)
    sheet.wrapped(_LEFT, 279, USE, 140, color=_WARN)
