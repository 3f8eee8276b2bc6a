"""File names from strangers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from visiqc.service.names import MAX_NAME, content_disposition, display_name


@given(st.one_of(st.none(), st.text()))
def test_every_name_becomes_one_that_can_be_shown(sent: str | None) -> None:
    name = display_name(sent, nth=3)
    assert 1 <= len(name) <= MAX_NAME
    assert name.isprintable()
    assert not {"/", "\\"} & set(name)
    assert name not in {".", ".."}


@given(st.text().map(lambda text: display_name(text, nth=1)))
def test_every_name_fits_into_a_header(name: str) -> None:
    header = content_disposition(name)
    header.encode("ascii")
    assert "\r" not in header
    assert header.count('"') == 2


def test_a_reversed_extension_is_shown_as_it_is() -> None:
    assert display_name("ring\u202egpj.exe", nth=1) == "ringgpj.exe"
