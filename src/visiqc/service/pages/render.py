"""Templates turned into answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from visiqc import __version__
from visiqc.service.asking import CSRF_FIELD
from visiqc.service.auth import Caller
from visiqc.service.pages.static import static_path

_TEMPLATES: Final = Environment(
    loader=PackageLoader("visiqc.service.pages"),
    autoescape=True,  # names come from people, messages quote what strangers sent
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals |= {"static": static_path, "version": __version__, "csrf_field": CSRF_FIELD}


def page(
    template: str, *, caller: Caller | None, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """A page from its template.

    Args:
        template: File name, without its ending.
        caller: Who is named in the header of the page; None where nobody is known.
        status: HTTP status.
        headers: Further headers of the answer.
        values: What the template shows.
    """
    html = _TEMPLATES.get_template(f"{template}.html").render(caller=caller, **values)
    return HTMLResponse(html, status, headers=dict(headers or {}))
