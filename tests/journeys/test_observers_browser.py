"""A lead sets up two blind annotators by the archive's own buttons, as docs/observers.md tells it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import girder_client
import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from patherea_core.geometry import Floats
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.histomics_browser import (
    CHROMIUM,
    Viewer,
    opened_slide,
    save_picture,
    screen_positions,
    settle,
    show_all_annotations,
)
from tests.journeys.people import PASSWORD, Person, new_person
from tests.journeys.test_observers import slide_in
from tests.plugin.archive import square

pytestmark = [
    pytest.mark.dsa,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

PICTURES = Path(__file__).parents[2] / "artifacts" / "observers"
#: What a person may do, as the archive's page offers it.
EDIT = "1"


@contextmanager
def signed_in(sandbox: SandboxProcess) -> Iterator[Page]:
    """Yield the archive's own page, with its administrator signed in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": 1200, "height": 800})
            page.set_default_timeout(90_000)
            page.goto(sandbox.api_url.removesuffix("api/v1"))
            page.locator("a.g-login").first.click()
            page.locator("#g-login").fill(sandbox.login)
            page.locator("#g-password").fill(sandbox.password)
            page.locator("#g-login-button").click()
            page.wait_for_selector("#g-login-button", state="hidden")
            settle(page)
            yield page
        finally:
            browser.close()


def go_to(page: Page, sandbox: SandboxProcess, folder: str) -> None:
    page.goto("about:blank")
    page.goto(f"{sandbox.api_url.removesuffix('api/v1')}#folder/{folder}")
    page.locator(".g-folder-actions-button").wait_for()
    settle(page)


def make_folder(page: Page, name: str) -> None:
    """Press *Folder actions*, *Create folder here*."""
    page.locator(".g-folder-actions-button").click()
    page.locator(".g-create-subfolder").click()
    page.locator("#g-name").fill(name)
    page.locator(".g-save-folder").click()
    page.locator(".g-folder-list-link", has_text=name).wait_for()
    settle(page)


def give_alone(page: Page, person: Person, picture: str) -> None:
    """Fill the open dialog: private, and this one person may edit, beside who owns it."""
    page.locator("#g-access-private").check()
    # The sandbox's database knows no search in texts, which is what is offered first.
    page.locator(".g-grant-access-container .g-search-mode-choose").click()
    page.locator('.g-search-mode-radio[value="prefix"]').click()
    page.locator(".g-grant-access-container .g-search-field").press_sequentially(person.login)
    page.locator(".g-search-results a", has_text=person.login).first.click()
    entry = page.locator(f'.g-user-access-entry[resourceid="{person.id}"]')
    entry.locator("select").select_option(EDIT)
    settle(page)
    save_picture(page, PICTURES / picture)
    page.locator(".g-save-access-list").click()
    page.locator(".g-save-access-list").wait_for(state="hidden")
    settle(page)


def copy_slides(page: Page, sandbox: SandboxProcess, study: str, target: str) -> None:
    """Tick all slides, pick them, and copy them into another folder."""
    go_to(page, sandbox, study)
    page.locator(".g-item-list .g-list-checkbox").first.check()
    page.locator(".g-checked-actions-button").click()
    page.locator(".g-pick-checked").click()
    settle(page)
    # The picked things are forgotten when the page is loaded anew, so one goes by links.
    page.locator(
        f'.g-folder-list-link[g-cid], .g-folder-list-link >> text="{target}"'
    ).first.click()
    settle(page)
    page.locator(".g-checked-actions-button").click()
    page.locator(".g-copy-picked").click()
    page.locator(".g-item-list-link").first.wait_for()
    settle(page)


def set_point(page: Page, name: str, xy: Floats) -> None:
    """Make an annotation with the viewer's *New*, and set a point into it."""
    show_all_annotations(page)
    page.locator(".h-create-annotation").click()
    page.locator("#h-annotation-name").fill(name)
    page.locator(".modal-dialog .h-submit").click()
    page.locator("#h-annotation-name").wait_for(state="hidden")
    settle(page)
    page.locator('.h-draw[data-type="point"]').first.click()
    page.wait_for_timeout(500)
    ((x, y),) = screen_positions(page, xy[np.newaxis])
    page.mouse.move(x, y, steps=5)
    page.wait_for_timeout(300)
    page.mouse.click(x, y)
    settle(page)
    save_picture(page, PICTURES / "viewer.png")


def test_the_clicks_of_the_page_make_blind_layers(sandbox: SandboxProcess, tmp_path: Path) -> None:
    if not sandbox.ready.viewer:
        pytest.skip("the viewer is not built here; run: python -m plugin.sandbox.web_client")
    folder = Folder(sandbox, tmp_path)
    slide = folder.add_slide()
    folder.annotate(slide, square(0, 0, 100), name="fields")
    anna, ben = (new_person(sandbox, name) for name in ("anna", "ben"))
    with signed_in(sandbox) as page:
        go_to(page, sandbox, folder.id)
        make_folder(page, "anna")
        (made,) = folder.client.get("folder", {"parentType": "folder", "parentId": folder.id})
        go_to(page, sandbox, made["_id"])
        page.locator(".g-folder-access-button").click()
        give_alone(page, anna, "folder-access.png")
        copy_slides(page, sandbox, folder.id, "anna")
        go_to(page, sandbox, made["_id"])
        page.locator(".g-folder-actions-button").click()
        save_picture(page, PICTURES / "folder-actions.png")
        page.locator(".g-edit-annotation-access").click()
        give_alone(page, anna, "annotation-access.png")

    copied = slide_in(anna.client, made["_id"])
    (seen,) = anna.client.get("annotation", {"itemId": copied})
    assert seen["annotation"]["name"] == "fields"
    with opened_slide(Viewer(sandbox.histomics_url, anna.login, PASSWORD), copied) as page:
        set_point(page, "my cells", np.array([60.0, 60.0]))
    drawn = {
        one["annotation"]["name"]: one["_id"]
        for one in anna.client.get("annotation", {"itemId": copied})
    }
    elements = anna.client.get(f"annotation/{drawn['my cells']}")["annotation"]["elements"]
    assert [one["type"] for one in elements] == ["point"]
    for hidden in (f"folder/{made['_id']}", f"item/{copied}", f"annotation/{drawn['my cells']}"):
        with pytest.raises(girder_client.HttpError, match="403"):
            ben.client.get(hidden)
