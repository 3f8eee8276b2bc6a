"""HEIC, decoded in a child process that may use little memory, little time, and nothing else.

The decoder is a large C library with a history of exploitable bugs, so it never runs in the process that serves.
It comes with the `[heic]` extra; without it `available()` is False. The child is this module run as a program:
the file on its standard input, a line of JSON and raw pixels on its standard output.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from PIL import Image

from visiqc.errors import UnreadablePhoto
from visiqc.vision.photo_stored import MAX_ICC_BYTES, StoredHeader

TIMEOUT_S = 30
CPU_SECONDS = 20
MEMORY_BYTES = 3 * 1024**3
_KEPT_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "SYSTEMROOT", "LD_LIBRARY_PATH")
_MODES = {"L": "grey", "RGB": "rgb", "RGBA": "rgba"}
_REFUSED = 3


def available() -> bool:
    """Whether the `[heic]` extra is installed."""
    return find_spec("pillow_heif") is not None


def read_heic_header(content: bytes) -> StoredHeader:
    """The header of a HEIC file's primary picture, as it stands upright: the decoder applies the rotation itself.

    Raises:
        UnreadablePhoto: The child could not read it within its limits.
    """
    told, _ = _ask_child(content, "header", shrink=1)
    profile = base64.b64decode(told["icc"])
    return StoredHeader(
        width=int(told["width"]),
        height=int(told["height"]),
        mode=_MODES.get(str(told["mode"]), "rgb"),
        icc_profile=profile if 0 < len(profile) <= MAX_ICC_BYTES else None,
    )


def decode_heic(content: bytes, *, shrink: int) -> Image.Image:
    """The primary picture of a HEIC file, upright, box-averaged by a whole factor.

    Args:
        content: The file's bytes.
        shrink: 1 keeps the full size.

    Raises:
        UnreadablePhoto: The child could not decode it within its limits.
    """
    told, pixels = _ask_child(content, "pixels", shrink=shrink)
    size = (int(told["width"]), int(told["height"]))
    try:
        return Image.frombytes(str(told["mode"]), size, pixels)
    except ValueError as err:
        raise _unreadable("its pixels did not arrive whole") from err


def _ask_child(content: bytes, what: str, *, shrink: int) -> tuple[dict[str, Any], bytes]:
    # The child sees no secret of the service: only the variables an interpreter needs to start.
    environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    command = [sys.executable, "-P", "-m", "visiqc.vision.heic", what, str(shrink)]
    try:
        done = subprocess.run(  # noqa: S603 every word of the command is ours
            command, input=content, capture_output=True, timeout=TIMEOUT_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired as err:
        raise _unreadable(f"decoding took longer than {TIMEOUT_S} seconds") from err
    if done.returncode != 0:
        why = "it is damaged" if done.returncode == _REFUSED else "decoding it broke a limit of memory or time"
        raise _unreadable(why)
    line, _, pixels = done.stdout.partition(b"\n")
    try:
        told = json.loads(line)
    except ValueError as err:
        raise _unreadable("the decoder gave no sensible answer") from err
    return told, pixels


def _unreadable(why: str) -> UnreadablePhoto:
    return UnreadablePhoto(f"the HEIC photo cannot be decoded: {why}; send it as JPEG")


def _limit_this_process() -> None:
    """Bound memory and processor time, and forbid core dumps and files; where the system can."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the timeout holds there
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _answer(content: bytes, what: str, shrink: int) -> bytes:
    """What the child says: a line of JSON, and the pixels if they were asked for."""
    import pillow_heif

    untyped: Any = pillow_heif  # its annotations are partial: without this mypy says one thing with it, one without
    image = untyped.HeifImageFile(io.BytesIO(content))
    told = {
        "width": image.width,
        "height": image.height,
        "mode": image.mode,
        "icc": base64.b64encode(image.info.get("icc_profile") or b"").decode(),
    }
    pixels = b""
    if what == "pixels":
        flat: Image.Image = image if image.mode in _MODES else image.convert("RGB")
        flat = flat.reduce(shrink) if shrink > 1 else flat
        told |= {"width": flat.width, "height": flat.height, "mode": flat.mode}
        pixels = flat.tobytes()
    return json.dumps(told).encode() + b"\n" + pixels


def _child(arguments: list[str]) -> int:
    _limit_this_process()
    try:
        answer = _answer(sys.stdin.buffer.read(), arguments[0], int(arguments[1]))
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, MemoryError, KeyError, TypeError):
        return _REFUSED
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(_child(sys.argv[1:]))
