"""What every page is made of: headers that browsers obey, files they keep, and nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services import a_service
from visiqc.domain.access import Role
from visiqc.service import pages
from visiqc.service.pages.static import static_files, static_path

SOURCE = Path(pages.__file__).parent
POLICY = (
    "default-src 'none'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", ["/", "/login", "/docs", "/healthz", "/v1/goldens", "/nowhere", "/static/visiqc.css"])
def test_every_answer_tells_browsers_what_they_may_do_with_it(path: str) -> None:
    with a_service().client() as client:
        headers = client.get(path, headers={"Accept": "text/html"}).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    cross_origin = {name: value for name, value in headers.items() if name.startswith("cross-origin")}
    assert cross_origin == {
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
    }


@pytest.mark.parametrize("name", sorted(static_files()))
def test_a_browser_keeps_a_file_until_it_changes(name: str) -> None:
    with a_service(open_access=False).client() as client:
        kept, asked = client.get(static_path(name)), client.get(f"/static/{name}")
        again = client.get(f"/static/{name}", headers={"If-None-Match": asked.headers["ETag"]})
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert asked.headers["Cache-Control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert kept.content == (SOURCE / "static" / name).read_bytes()


@pytest.mark.parametrize("name", ["..%2Frender.py", "%2e%2e", "nothing.css", "visiqc.css%00"])
def test_no_other_file_can_be_asked_for(name: str) -> None:
    with a_service().client() as client:
        assert client.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize("template", sorted(SOURCE.glob("templates/*.html")), ids=lambda path: path.name)
def test_a_template_holds_no_script_of_its_own_no_style_and_nothing_from_elsewhere(template: Path) -> None:
    text = template.read_text()
    text = re.sub(r"""<script type="module" src="{{ static\('[a-z]+\.js'\) }}"></script>""", "", text)  # a file of ours
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://|\|\s*safe", text)


@pytest.mark.parametrize("role", Role)
def test_the_home_page_names_the_person_and_the_role(role: Role) -> None:
    service = a_service(open_access=False)
    with service.client(**service.session(role, "Ana & <b>Bo</b>")) as client:
        page = client.get("/").text
    assert "Welcome, Ana &amp; &lt;b&gt;Bo&lt;/b&gt;" in page
    assert f"Your role is <b>{role}</b>" in page
    assert 'action="/logout"' in page


def test_while_access_is_open_the_home_page_says_how_to_close_it() -> None:
    with a_service().client() as client:
        page = client.get("/").text
    assert "visiqc user add NAME --role lead" in page
    assert "/logout" not in page


def test_a_page_is_never_kept_by_a_browser() -> None:
    service = a_service(open_access=False)
    with service.client(**service.session()) as client:
        assert [client.get(path).headers["Cache-Control"] for path in ("/", "/docs", "/login")] == ["no-store"] * 3


def test_the_reference_shows_every_operation_with_its_role() -> None:
    service = a_service()
    with service.client() as client:
        page = client.get("/docs").text
    for path, methods in service.app.openapi()["paths"].items():
        for method in methods:
            assert f"<b>{method.upper()}</b> {path}" in page
    assert '<span class="role">lead</span>' in page
    assert "golden_version" in page
    assert "DIFFERS_FROM_GOLDEN" in page, "examples are there"
