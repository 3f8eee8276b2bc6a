"""Logging in and out in a real browser, by keyboard, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from browsing import chromium, findings, log_in, visiting
from services import PASSWORD, Service, a_service, on_a_socket
from visiqc.domain.access import Role
from visiqc.service.sessions import COOKIE

PHONE = {"width": 360, "height": 640}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@contextmanager
def open_page(browser: Any, path: str = "/", **options: Any) -> Iterator[tuple[Any, Service]]:
    """A page of a service that has the inspector Ana."""
    service = a_service(open_access=False)
    service.user(Role.INSPECTOR)
    with on_a_socket(service.app) as (url, _), visiting(browser, url, **options) as page:
        page.goto(path)
        yield page, service


def path_of(page: Any) -> str:
    return str(page.evaluate("location.pathname"))


def test_a_person_logs_in_by_keyboard_and_comes_where_they_wanted(browser: Any) -> None:
    with open_page(browser, "/docs") as (page, _):
        assert path_of(page) == "/login"
        log_in(page, "ana", PASSWORD)
        page.wait_for_url("**/docs")
        assert page.locator("header").inner_text().split() == ["VisiQC", "Ana", "inspector", "Log", "out"]
        (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, True, "Lax")
    assert cookie["expires"] == -1, "it goes with the browser"


def test_a_wrong_password_is_said_and_the_cursor_is_where_to_type_it_again(browser: Any) -> None:
    with open_page(browser) as (page, _):
        log_in(page, "ana", "wrong horse battery")
        page.get_by_role("alert").wait_for()
        assert page.get_by_role("alert").inner_text() == "Name or password is wrong."
        assert page.get_by_label("Name").input_value() == "ana"
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Welcome, Ana").wait_for()


def test_a_person_logs_out_by_keyboard_and_the_back_button_shows_nothing(browser: Any) -> None:
    with open_page(browser) as (page, _):
        log_in(page, "ana", PASSWORD)
        page.get_by_role("heading", name="Welcome, Ana").wait_for()
        page.get_by_role("button", name="Log out").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/login")
        assert page.context.cookies() == []
        page.go_back()
        assert path_of(page) == "/login"


def test_after_a_session_ended_a_page_leads_to_the_form_and_a_script_is_told(browser: Any) -> None:
    with open_page(browser) as (page, service):
        log_in(page, "ana", PASSWORD)
        page.get_by_role("link", name="API").click()
        page.wait_for_url("**/docs")
        service.parts.clock.pass_(9 * 3600)  # type: ignore[attr-defined]
        told = page.evaluate("fetch('/v1/goldens').then(async answer => [answer.status, (await answer.json()).code])")
        assert told == [401, "NotAuthenticated"]
        page.reload()
        assert path_of(page) == "/login"
        log_in(page, "ana", PASSWORD)
        page.wait_for_url("**/docs")


def test_a_script_of_ours_acts_with_the_pages_token_and_not_without(browser: Any) -> None:
    with open_page(browser) as (page, _):
        log_in(page, "ana", PASSWORD)
        page.get_by_role("heading", name="Welcome, Ana").wait_for()
        send = "headers => fetch('/v1/goldens', {method: 'POST', headers}).then(answer => answer.status)"
        token = page.locator("meta[name=csrf-token]").get_attribute("content")
        assert page.evaluate(send, {}) == 403
        assert page.evaluate(send, {"X-CSRF-Token": token}) == 415, "let in, and then told that no form came"


def test_a_foreign_page_cannot_log_a_browser_in(browser: Any) -> None:
    with open_page(browser) as (page, _):
        action = page.evaluate("location.origin") + "/login"
        fields = f"<input name=name value=ana><input name=password value='{PASSWORD}'><button>Win</button>"
        page.goto(f"data:text/html,<form method=post action={action}>{fields}</form>")
        page.get_by_role("button").click()
        page.get_by_text("use our own pages").wait_for()
        assert page.context.cookies() == []


def test_the_first_tab_skips_to_the_content(browser: Any) -> None:
    with open_page(browser) as (page, _):
        log_in(page, "ana", PASSWORD)
        page.get_by_role("heading", name="Welcome, Ana").wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "/queue"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 800}], ids=["phone", "desk"])
def test_no_page_keeps_anybody_out_or_runs_off_the_screen(browser: Any, scheme: str, viewport: dict[str, int]) -> None:
    def look(page: Any) -> None:
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url

    with open_page(browser, color_scheme=scheme, viewport=viewport) as (page, _):
        look(page)
        log_in(page, "ana", "wrong horse battery")
        page.get_by_role("alert").wait_for()
        look(page)
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Welcome, Ana").wait_for()
        look(page)
        page.goto("/docs")
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        look(page)
        page.goto("/nowhere")
        look(page)
