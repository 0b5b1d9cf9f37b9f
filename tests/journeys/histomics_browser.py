"""HistomicsUI as a person sees it: signs in, opens a slide, shows its annotations, takes a picture."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from patherea_core.geometry import Box, Floats

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

#: Software drawing, and no traffic but to the sandbox.
_ARGUMENTS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_MILLISECONDS = 60_000


@dataclass(frozen=True, slots=True)
class Viewer:
    """Where the viewer answers, and who signs in."""

    histomics_url: str
    login: str
    password: str


@contextmanager
def opened_slide(viewer: Viewer, item_id: str, part: Box | None = None) -> Iterator[Page]:
    """Yield the page of a slide in HistomicsUI, signed in, with the slide's tiles drawn.

    Args:
        viewer: where it answers.
        item_id: the slide.
        part: what to show of it, in base pixels; None for all.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        try:
            page = browser.new_page(viewport={"width": 1500, "height": 900})
            page.set_default_timeout(_MILLISECONDS)
            _sign_in(page, viewer)
            page.goto("about:blank")
            page.goto(f"{viewer.histomics_url}#?image={item_id}{_bounds(part)}")
            page.wait_for_selector(".geojs-layer canvas")
            settle(page)
            yield page
        finally:
            browser.close()


def show_all_annotations(page: Page) -> None:
    """Press the viewer's own button, and wait until what it loads is drawn."""
    page.locator(".h-show-all-annotations").click()
    settle(page)


def hide_all_annotations(page: Page) -> None:
    """Press the viewer's own button, and wait until the slide is drawn alone."""
    page.locator(".h-hide-all-annotations").click()
    settle(page)


def magnify(page: Page, power: int) -> None:
    """Press the viewer's button for so much magnification, and wait until all is drawn."""
    page.locator(f'.h-zoom-button[data-value="{power}"]').click()
    settle(page)


def settle(page: Page) -> None:
    """Wait until the network is quiet and the last frames are drawn."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2500)


def save_picture(page: Page, path: Path) -> bytes:
    """Write a screenshot and return its bytes (PNG)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return page.screenshot(path=path)


def screen_positions(page: Page, base_xy: Floats) -> list[tuple[int, int]]:
    """Return the pixels of the page at (N, 2) base-pixel positions, by the viewer's own map."""
    found = page.evaluate(
        """positions => {
            const node = document.querySelector('.geojs-map');
            const map = window.jQuery(node).data('dataGeojsMap');
            const box = node.getBoundingClientRect();
            return positions.map(([x, y]) => {
                const at = map.gcsToDisplay({x, y: -y}, null);
                return [Math.floor(at.x + box.left), Math.floor(at.y + box.top)];
            });
        }""",
        base_xy.tolist(),
    )
    return [(int(x), int(y)) for x, y in found]


def _bounds(part: Box | None) -> str:
    return f"&bounds={part.left},{part.top},{part.right},{part.bottom},0" if part else ""


def _sign_in(page: Page, viewer: Viewer) -> None:
    page.goto(viewer.histomics_url)
    page.locator("a.g-login").first.click()
    page.locator("#g-login").fill(viewer.login)
    page.locator("#g-password").fill(viewer.password)
    page.locator("#g-login-button").click()
    page.wait_for_selector("#g-login-button", state="hidden")
    settle(page)
