"""What a reviewer does in HistomicsUI with mouse and keys: relabel, delete, move and add a point.

Nothing here talks to the archive; every change is what the viewer itself saves.
"""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page

from patherea_core.geometry import Floats
from tests.journeys.histomics_browser import screen_positions, settle

_MENU = "#h-annotation-context-menu"

#: The viewer looks for what lies under the mouse once in a frame; a drag that is faster is lost.
_FRAMES = 90


def reload(page: Page) -> None:
    """Load the page again: only then does a new browser offer the folder's classes in the menu."""
    page.reload()
    page.wait_for_selector(".geojs-layer canvas")
    settle(page)


def look_closely(page: Page, xy: Floats) -> None:
    """Turn the wheel over (2,) a position in base pixels until it goes no farther."""
    x, y = _on_page(page, xy)
    page.mouse.move(x, y)
    for _ in range(16):
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(120)
    settle(page)


def open_menu(page: Page, xy: Floats) -> list[str]:
    """Click a point with the right button, and return what the menu offers."""
    x, y = _on_page(page, xy)
    page.mouse.move(x - 40, y - 40)
    page.mouse.move(x, y, steps=5)
    page.wait_for_timeout(_FRAMES * 4)
    page.mouse.click(x, y, button="right")
    page.locator(f"{_MENU} .h-edit-shape").wait_for(state="visible")
    return [text.strip() for text in page.locator(f"{_MENU} a").all_inner_texts()]


def close_menu(page: Page) -> None:
    """Click beside everything."""
    page.mouse.click(4, 450)
    page.locator(_MENU).wait_for(state="hidden")


def relabel(page: Page, xy: Floats, group: str) -> None:
    """Give a point another group in its menu."""
    open_menu(page, xy)
    page.locator(f'{_MENU} .h-set-group[data-group="{group}"]').click()
    settle(page)


def delete(page: Page, xy: Floats) -> None:
    """Delete a point in its menu."""
    open_menu(page, xy)
    page.locator(f"{_MENU} .h-remove-elements").click()
    settle(page)


def move(page: Page, xy: Floats, to: Floats) -> None:
    """Drag a point elsewhere: "Edit Shape" in its menu, the drag, and a click beside it."""
    open_menu(page, xy)
    page.locator(f"{_MENU} .h-edit-shape").click()
    page.wait_for_timeout(_FRAMES * 8)
    start, end = np.array(_on_page(page, xy)), np.array(_on_page(page, to))
    _slowly(page, start + 50, start)
    page.wait_for_timeout(_FRAMES * 5)
    page.mouse.down()
    _slowly(page, start, end)
    page.mouse.up()
    _slowly(page, end, end + 60)
    page.mouse.click(*(end + 60).tolist())
    settle(page)


def add(page: Page, xy: Floats, key: str) -> None:
    """Set a point of the class of a key into the annotation that is open, and stop drawing."""
    page.mouse.move(*_on_page(page, xy + 20))
    page.keyboard.press(key)
    page.keyboard.press("o")
    page.wait_for_timeout(_FRAMES * 4)
    x, y = _on_page(page, xy)
    page.mouse.move(x, y, steps=5)
    page.wait_for_timeout(_FRAMES * 2)
    page.mouse.click(x, y)
    settle(page)
    page.keyboard.press("o")
    page.wait_for_timeout(_FRAMES * 4)


def save_numbered(page: Page, path: Path, places: Mapping[str, Floats], size: float) -> None:
    """Write a picture of the slide in which some places have a number each, in few colours.

    Args:
        page: of the viewer.
        path: where the PNG goes.
        places: (2,) positions in base pixels by what is written beside them.
        size: pixels of the page around their middle that are shown, in width; three quarters in height.
    """
    at = {text: np.array(_on_page(page, xy)) for text, xy in places.items()}
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(18)
    for text, (x, y) in at.items():
        draw.ellipse((x + 9, y - 31, x + 31, y - 9), fill="#1d2433", outline="white", width=2)
        draw.text((x + 20, y - 20), text, "white", font, anchor="mm")
    spots = np.array(list(at.values()))
    left, top = (spots.min(axis=0) + spots.max(axis=0)) / 2 - (size / 2, size * 3 / 8)
    shown = picture.crop((int(left), int(top), int(left + size), int(top + size * 0.75)))
    _save(shown, path)


def save_around(page: Page, path: Path, xy: Floats, size: tuple[int, int]) -> None:
    """Write a picture of so many pixels of the page, with (2,) a position at a third of them."""
    x, y = _on_page(page, xy)
    width, height = size
    left, top = x - width // 3, y - height // 3
    picture = Image.open(io.BytesIO(page.screenshot()))
    _save(picture.crop((left, top, left + width, top + height)), path)


def save_classes(page: Page, path: Path) -> None:
    """Write a picture of the panel for drawing, its list of classes laid open."""
    page.evaluate(
        """() => {
            const list = document.querySelector('.h-style-group');
            list.size = list.options.length;
            list.style.height = 'auto';
            document.querySelector('.h-elements-container').style.display = 'none';
        }"""
    )
    panel = page.locator("#h-draw-panel")
    panel.scroll_into_view_if_needed()
    _save(Image.open(io.BytesIO(panel.screenshot())), path)


def _save(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.convert("RGB").quantize(160).save(path, optimize=True)


def _on_page(page: Page, xy: Floats) -> tuple[int, int]:
    (found,) = screen_positions(page, np.asarray(xy, dtype=float).reshape(1, 2))
    return found


def _slowly(page: Page, start: Floats, end: Floats) -> None:
    steps = max(2, int(np.abs(end - start).max()) // 4)
    for share in np.linspace(0, 1, steps + 1)[1:]:
        page.mouse.move(*(start + share * (end - start)).tolist())
        page.wait_for_timeout(_FRAMES)
