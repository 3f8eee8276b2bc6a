"""The machine's own Chromium, driven as a person would: by keyboard, on a desk or a phone."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NO_BROWSER = "VISIQC_TESTS_WITHOUT_BROWSER"
"""Set by CI where none can be installed; its value says why."""


def chromium_path() -> str:
    """Where Chromium is; the test is skipped without one, but never in CI, which has to install it."""
    if found := shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome"):
        return found
    if os.environ.get("CI") == "true" and NO_BROWSER not in os.environ:
        pytest.fail("CI has no Chromium, and nothing said that it cannot be installed")
    pytest.skip(os.environ.get(NO_BROWSER) or "no Chromium on this machine; install the package chromium")


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright comes with visiqc[test]")
    path = chromium_path()
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(browser: Any, url: str, **options: Any) -> Iterator[Any]:
    """A page of a fresh profile on `url`; afterwards its console must be free of errors, CSP's among them.

    Args:
        browser: From `chromium`.
        url: The service; paths are relative to it.
        options: Of the profile: `viewport`, `color_scheme`, …
    """
    profile = browser.new_context(base_url=url, **options)
    page, said = profile.new_page(), []
    page.set_default_timeout(15_000)
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        yield page
        # Chromium also reports every answer of 400 and above; whether these are right, the tests say themselves.
        errors = [text for text in said if "the server responded with a status of 4" not in text]
        assert not errors, errors
    finally:
        profile.close()


def until(page: Any, expression: str, arg: Any = None, *, seconds: float = 30) -> None:
    """Return once a JavaScript expression is true; the page may change meanwhile.

    Playwright's own `wait_for_function` evaluates text while nobody calls it, which a strict CSP reports as an error.
    """
    from playwright.sync_api import Error

    end = time.monotonic() + seconds
    while True:
        try:
            if page.evaluate(expression, arg):
                return
        except Error as err:  # the page was left while it was asked
            if "context" not in str(err) and "navigat" not in str(err):
                raise
        assert time.monotonic() < end, f"never true: {expression}"
        page.wait_for_timeout(20)


def log_in(page: Any, name: str, password: str) -> None:
    """On the log-in page: type and press Enter; the cursor is where the name goes, once the page is painted."""
    until(page, "document.activeElement?.id === 'name'")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def findings(page: Any) -> list[str]:
    """What axe-core finds on the page that keeps somebody out."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe comes with visiqc[test]")
    violations = axe.Axe().run(page).response["violations"]
    return [
        f"{found['id']}: {found['help']}: {[node['html'] for node in found['nodes']]}"
        for found in violations
        if found["impact"] in {"serious", "critical"}
    ]
