"""File names from strangers: made safe to read, to log and to send back."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

MAX_NAME = 200


def display_name(sent: str | None, *, nth: int) -> str:
    r"""The name a person may read for the `nth` photo of a request; never a path, never empty.

    Keeps the part after the last slash or backslash and drops what cannot be seen: control characters, and
    the direction marks that make `gpj.exe` read as `exe.jpg`.

    Example:
        >>> display_name("../../etc/ring\x00 left.jpg", nth=1), display_name("C:\\fotos\\戒指.jpg", nth=1)
        ('ring left.jpg', '戒指.jpg')
        >>> display_name("..", nth=2)
        'photo-2'
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", sent or ""))[-1]
    name = "".join(character for character in last if character.isprintable()).strip(" .")
    return name[:MAX_NAME] or f"photo-{nth}"


def content_disposition(name: str) -> str:
    r"""`Content-Disposition` that shows the image in place and suggests `name` for saving it.

    Source:
        RFC 6266, section 5: an ASCII `filename` for old clients, `filename*` (RFC 8187) for the rest.

    Example:
        >>> content_disposition('戒"指.jpg')
        'inline; filename="___.jpg"; filename*=UTF-8\'\'%E6%88%92%22%E6%8C%87.jpg'
    """
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
