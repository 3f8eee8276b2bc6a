"""Images on their way out: named, never to be run as anything else, and asked for again each time.

What an image is made of is found by digest and never changes, so a browser may keep it, but it must ask before it
shows it (`no-cache`): who logged out, or is disabled, or sits down at the same computer next, does not see it.
The answer is a short 304 then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from fastapi import Response

from visiqc.service.names import content_disposition

_KEEP: Final = "private, no-cache"


def etag_of(*parts: str) -> str:
    """A strong entity tag for an image that is a function of `parts`."""
    return f'"{hashlib.sha256("/".join(parts).encode()).hexdigest()[:32]}"'


def image(
    make: Callable[[], tuple[bytes, str]], *, etag: str, if_none_match: str | None, name: Callable[[str], str]
) -> Response:
    """The image that `make` gives with its media type, or 304 without making it.

    Args:
        make: Bytes and media type.
        etag: Strong entity tag of what `make` will give.
        if_none_match: The header of that name, as sent.
        name: Suggested file name, from the ending that fits the media type (`png`, `jpg`).
    """
    headers = {"ETag": etag, "Cache-Control": _KEEP}
    if _matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    content, media_type = make()
    headers["Content-Disposition"] = content_disposition(name(media_type.partition("/")[2].replace("jpeg", "jpg")))
    headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return Response(content, media_type=media_type, headers=headers)


def _matches(if_none_match: str | None, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return etag in tags or tags == ["*"]


def sniffed(content: bytes) -> tuple[bytes, str]:
    """A rendered image with its media type, which its first bytes say."""
    return content, "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
