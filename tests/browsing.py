"""Pages in a real browser, for the tests of them: a headless Chromium, and visits that fail where the page makes trouble."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
"""For root, for machines without a screen, and for containers with little shared memory."""
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
Visit = Callable[..., "Page"]
"""Opens a file, at an anchor if one is given, with options of the browser's context."""


def chromium() -> str | None:
    """The browser that GRAPHFIX_CHROMIUM names, or the first on PATH; nothing is downloaded."""
    return os.environ.get("GRAPHFIX_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)


@contextmanager
def started() -> Iterator[Browser]:
    """A headless Chromium; the test is skipped where there is none."""
    found = chromium()
    if found is None:
        pytest.skip("no Chromium was found: apt-get install chromium, or name one in GRAPHFIX_CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=found, args=SWITCHES)
        except playwright.Error as error:  # a stand-in that only says how to install the browser
            pytest.skip(f"{found} does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser) -> Iterator[Visit]:
    """A function that opens a page in a context of its own; errors, dialogs and requests of any kind fail the test."""
    trouble: list[str] = []
    contexts = []

    def visit(path: Path, anchor: str = "", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("dialog", lambda dialog: trouble.append("a dialog: " + dialog.message) or dialog.dismiss())
        page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else trouble.append(request.url))
        page.goto(f"{path.as_uri()}{anchor}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert trouble == []


def wait_until(page: Page, condition: str, seconds: float = 10) -> None:
    """Waits until a JavaScript expression is true (Playwright's own wait uses eval, which the page's policy forbids)."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"not true after {seconds} s: {condition}"
        page.wait_for_timeout(20)
