"""Where a browser is sent after logging in: here, whatever the link said."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.service.pages.local import local_path


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "",
        "docs",
        "/login",
        "/login?next=/login",
        "/é",
    ],
)
def test_where_a_browser_is_sent_is_here_or_home(wanted: str) -> None:
    assert local_path(wanted) == "/"


@given(st.text(alphabet="/\\:@?#.%\t\n\r aehlost", max_size=12).map(lambda text: f"/{text}"))
def test_no_path_leads_a_browser_elsewhere(wanted: str) -> None:
    as_browsers_read_it = re.sub(r"[\t\r\n]", "", local_path(wanted)).replace("\\", "/")
    assert urlsplit(urljoin("https://here.example/login", as_browsers_read_it)).netloc == "here.example"
