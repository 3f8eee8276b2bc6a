"""Logging in over HTTP: the form, the cookie, what a foreign page cannot do, and where a browser is sent."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from builders import SKU, a_golden
from services import HERE, PASSWORD, Service, a_service, photos, wait_until
from visiqc.domain.access import Role
from visiqc.service.deps import LOG_INS_AT_ONCE
from visiqc.service.pages.account import LOG_INS_WAITING
from visiqc.service.sessions import COOKIE
from visiqc.service.throttle import FREE_BY_NAME

OURS = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Dest": "document"}
APPROVE = f"/v1/goldens/{SKU}/versions/1/approve"


@contextmanager
def a_client(service: Service | None = None) -> Iterator[tuple[Service, httpx2.Client]]:
    """A service with the user Ana, and a client that follows no redirects."""
    service = service or a_service(open_access=False)
    service.user(Role.LEAD)
    with service.client() as client:
        client.follow_redirects = False
        yield service, client


def send(client: httpx2.Client, name: str = "ana", password: str = PASSWORD, **more: str) -> httpx2.Response:
    headers = OURS | BROWSER | {key.replace("_", "-"): value for key, value in more.items() if key != "next"}
    return client.post(
        "/login", data={"name": name, "password": password, "next": more.get("next", "/")}, headers=headers
    )


def test_the_right_password_gives_a_cookie_that_scripts_and_other_hosts_never_see() -> None:
    with a_client() as (_, client):
        answer = send(client, next="/docs")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/docs")
    cookie, *marks = answer.headers["Set-Cookie"].split("; ")
    assert re.fullmatch(rf"{COOKIE}=[A-Za-z0-9_-]{{43}}", cookie)
    assert set(marks) == {"HttpOnly", "Secure", "SameSite=lax", "Path=/"}


def test_the_wrong_password_gives_the_form_again_without_it() -> None:
    with a_client() as (_, client):
        answer = send(client, password="wrong horse battery", next="/docs")
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (401, False)
    assert "Name or password is wrong." in answer.text
    assert 'value="ana"' in answer.text
    assert 'value="/docs"' in answer.text
    assert "wrong horse" not in answer.text


def test_what_strangers_type_is_shown_as_text() -> None:
    with a_client() as (_, client):
        answer = send(client, name='"><script>alert(1)</script>')
    assert "<script" not in answer.text


@pytest.mark.parametrize("field", ["name", "password"])
def test_half_characters_are_a_wrong_name_or_password(field: str) -> None:
    """UTF-7 lets them through, and neither a database, nor Argon2, nor a page takes them."""
    sent = {"name": "ana", "password": PASSWORD} | {field: "+2AA-"}
    parts = [f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in sent.items()]
    headers = OURS | BROWSER | {"Content-Type": "multipart/form-data; boundary=x; charset=utf-7"}
    with a_client() as (_, client):
        answer = client.post("/login", content="".join([*parts, "--x--\r\n"]).encode(), headers=headers)
    assert answer.status_code == 401
    assert "Name or password is wrong." in answer.text


@pytest.mark.parametrize(("scheme", "sent"), [("https", "max-age=31536000"), ("http", None)])
def test_over_tls_browsers_are_told_to_stay_on_it(scheme: str, sent: str | None) -> None:
    with a_client() as (_, client):
        answers = [client.get(f"{scheme}://127.0.0.1{path}") for path in ("/login", "/v1/goldens", "/nowhere")]
    assert [answer.headers.get("Strict-Transport-Security") for answer in answers] == [sent] * 3


def test_guessing_is_answered_with_429_and_how_long_to_wait() -> None:
    with a_client() as (_, client):
        answers = [send(client, password="wrong horse battery") for _ in range(FREE_BY_NAME + 1)]
    assert [answer.status_code for answer in answers] == [401] * FREE_BY_NAME + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert "Too many log-ins failed; wait 1 s" in answers[-1].text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9000"},  # another program of this machine
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
        {},
    ],
)
def test_a_foreign_page_can_neither_log_a_browser_in_nor_act_for_it(headers: dict[str, str]) -> None:
    with a_client() as (service, client):
        forced = client.post("/login", data={"name": "ana", "password": PASSWORD}, headers=headers)
        session = service.session(Role.LEAD, "Bo")
        acted = client.post(APPROVE, headers={key: session[key] for key in ("Cookie", "X-CSRF-Token")} | headers)
    assert [forced.status_code, acted.status_code] == [403, 403]
    assert "Set-Cookie" not in forced.headers


@pytest.mark.parametrize("token", [None, "", "x" * 43, "é"])
def test_a_cookie_without_the_sessions_token_changes_nothing(token: str | None) -> None:
    service = a_service(open_access=False)
    session = service.session(Role.LEAD)
    session.pop("X-CSRF-Token")
    sent = {} if token is None else {"X-CSRF-Token": token.encode()}
    with service.client(**session) as client:
        assert client.get("/v1/goldens").status_code == 200, "reading needs none"
        answer = client.post(APPROVE, headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (403, "NotAllowed")
    assert "load it again" in answer.json()["detail"]


def test_the_token_of_another_session_is_of_no_use() -> None:
    service = a_service(open_access=False)
    ana, bo = service.session(Role.LEAD, "Ana"), service.session(Role.LEAD, "Bo")
    with service.client(**ana | {"X-CSRF-Token": bo["X-CSRF-Token"]}) as client:
        assert client.post(APPROVE).status_code == 403


def test_a_person_acts_with_cookie_and_token_and_the_record_says_who() -> None:
    service = a_service(open_access=False)
    service.parts.records.add_golden(a_golden())
    with service.client(**service.session(Role.LEAD)) as client:
        answer = client.post(f"/v1/goldens/{SKU}/versions/2/approve")
        scored = client.post("/v1/score", data={"sku": SKU}, files=photos("a.jpg"))
    assert answer.json()["approved_by"] == "Ana (lead)"
    assert scored.status_code == 200


def test_the_token_may_come_as_a_field_of_a_small_form() -> None:
    service = a_service(open_access=False)
    session = service.session()
    csrf = session.pop("X-CSRF-Token")
    with service.client(**session) as client:
        client.follow_redirects = False
        assert client.post("/logout", data={"csrf": csrf, "more": "x" * 70_000}).status_code in {403, 413}
        assert client.post("/logout", data={"csrf": csrf}).headers["Location"] == "/login"
        assert client.get("/v1/goldens").status_code == 401


def test_logging_out_ends_the_session_here_and_in_the_browser() -> None:
    service = a_service(open_access=False)
    with service.client(**service.session()) as client:
        client.follow_redirects = False
        answer = client.post("/logout", headers=BROWSER)
        again = client.post("/logout", headers=BROWSER)
    assert answer.headers["Set-Cookie"].startswith(f'{COOKIE}=""; ')
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert (again.status_code, again.headers["Location"]) == (303, "/login")


def test_a_browser_without_a_session_is_sent_to_the_form_and_back() -> None:
    with a_client() as (_, client):
        answer = client.get("/docs?a=1&b=é", headers=BROWSER)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=%2Fdocs%3Fa%3D1%26b%3D%25C3%25A9")
        assert 'value="/docs?a=1&amp;b=%C3%A9"' in client.get(answer.headers["Location"], headers=BROWSER).text
        assert client.get("/", headers=BROWSER).headers["Location"] == "/login"


def test_a_program_or_a_script_without_a_session_gets_a_problem_document() -> None:
    service = a_service(open_access=False)
    session = service.session()
    service.parts.clock.pass_(9 * 3600)  # type: ignore[attr-defined]
    with service.client(**session) as client:
        answer = client.get("/v1/goldens", headers={"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["detail"] == "your session is over; log in again"


def test_who_is_logged_in_needs_no_form() -> None:
    service = a_service(open_access=False)
    with service.client(**service.session()) as client:
        client.follow_redirects = False
        assert client.get("/login?next=/docs").headers["Location"] == "/docs"


def test_a_key_counts_before_a_cookie() -> None:
    service = a_service(open_access=False)
    with service.client(**service.session(Role.LEAD) | service.key(Role.VIEWER)) as client:
        assert client.post(APPROVE).status_code == 403


def test_a_refusal_is_a_page_for_a_browser() -> None:
    service = a_service(open_access=False)
    with service.client(**service.session(Role.VIEWER)) as client:
        answer = client.get("/v1/scores/none", headers=BROWSER)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "No upload &#39;none&#39;" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


def test_the_unexpected_is_a_page_for_a_browser_and_tells_nothing() -> None:
    service = a_service()

    def broken(sku: str | None = None) -> None:
        raise RuntimeError("password=hunter2")

    service.parts.records.goldens = broken  # type: ignore[assignment, method-assign]
    with service.client() as client:
        answer = client.get("/v1/goldens", headers=BROWSER)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "hunter2" not in answer.text


def test_few_passwords_are_checked_at_once_and_who_would_wait_long_is_told() -> None:
    free, running = threading.Event(), []

    def slow(name: str, password: str, **_more: object) -> str:
        running.append(name)
        assert free.wait(20)
        return "A" * 43

    with a_client() as (service, client):
        service.shop.sessions.log_in = slow
        senders = [threading.Thread(target=send, args=[client]) for _ in range(LOG_INS_AT_ONCE + LOG_INS_WAITING)]
        for sender in senders:
            sender.start()
        wait_until(lambda: service.shop.log_in.statistics().tasks_waiting == LOG_INS_WAITING)
        assert len(running) == LOG_INS_AT_ONCE
        refused = send(client)
        free.set()
        for sender in senders:
            sender.join(20)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")


# plain HTTP


@pytest.mark.parametrize("host", ["visiqc.factory.example", "192.168.1.7:8000", ""])
def test_nobody_types_a_password_over_plain_http(host: str) -> None:
    with a_client() as (_, client):
        form = client.get("/login", headers={"Host": host} | BROWSER)
        sent = send(client, Host=host, Origin=f"http://{host}")
    assert [form.status_code, sent.status_code] == [403, 403]
    assert "Put a proxy with TLS in front" in form.text
    assert "<input" not in form.text
    assert "Put a proxy with TLS in front" in sent.text
    assert "Set-Cookie" not in sent.headers


def test_behind_a_proxy_with_tls_people_log_in() -> None:
    service = a_service(open_access=False)
    service.user()
    proxied = {"Host": "visiqc.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    with service.live() as client:
        fields = {"name": "ana", "password": PASSWORD}
        answer = client.post("/login", data=fields, headers=proxied | {"Origin": "https://visiqc.example"})
        plain = client.post("/login", data=fields, headers=proxied | {"Origin": "http://visiqc.example"})
    assert (answer.status_code, "Secure" in answer.headers["Set-Cookie"]) == (303, True)
    assert plain.status_code == 403


def test_a_proxy_that_is_not_trusted_cannot_say_that_the_line_is_private() -> None:
    service = a_service(open_access=False)
    service.user()
    said = {"Host": "visiqc.example", "X-Forwarded-Proto": "https", "Origin": "https://visiqc.example"}
    with service.live(forwarded_allow_ips="203.0.113.1") as client:
        answer = client.post("/login", data={"name": "ana", "password": PASSWORD}, headers=said)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)


# a form that is too large, or no form


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"name=" + b"x" * 100_000, "application/x-www-form-urlencoded", 413),
        (b"", "application/x-www-form-urlencoded", 401),
        (b"{}", "application/json", 401),
    ],
)
def test_a_stranger_cannot_make_the_service_read_much(body: bytes, kind: str, status: int) -> None:
    with a_client() as (_, client):
        assert client.post("/login", content=body, headers=OURS | {"Content-Type": kind}).status_code == status
