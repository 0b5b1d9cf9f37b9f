"""A Ki-67 count as one page that needs nothing else, to be read, printed on A4 and signed."""

import base64

from plugin.index.report import Ki67Report
from plugin.outputs.ki67_content import page_of
from plugin.outputs.ki67_drawing import Scene, grades_svg, picture_words, scene_png
from plugin.outputs.ki67_words import USE
from plugin.outputs.templates import rendered


def ki67_page(report: Ki67Report, scene: Scene) -> str:
    """Return the page, HTML with everything in it."""
    page = page_of(report)
    return rendered(
        "ki67_page.html",
        page=page,
        picture=base64.b64encode(scene_png(report, scene)).decode("ascii"),
        bar=grades_svg(page.chances) if page.chances else "",
        picture_words=picture_words(report, scene),
        use=USE,
    )
