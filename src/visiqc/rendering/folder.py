"""The folder a set is rendered into: what is finished in it, and that nothing half-written is taken for finished.

A photo is three files: the picture, the mask, and the record, which is written last. A record whose shot is the one
that is wanted, beside its picture and mask, is the proof that all three are whole.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visiqc.errors import Conflict, Unavailable
from visiqc.evaluation.rendered_sets import FORMAT
from visiqc.recipes import digest_of
from visiqc.rendering.catalogue import to_dict
from visiqc.rendering.shots import Shot
from visiqc.storage.disk import disk_errors, make_folder
from visiqc.vision.types import Photo

PICTURE, MASK, RECORD = ".jpg", ".png", ".json"
REVISION = 1
"""Raised when the generator makes another photo of an equal shot: photos of an earlier one are taken again."""
TRUTH = "truth"
"""A product's folder of masks and records."""
_LOCK = ".lock"
_BYTES_A_PIXEL, _BYTES_A_RECORD = 0.3, 16_000
"""What picture and mask, and the record, take on the disk, with something to spare."""
_PROBE = 64 * 1024


class Picture(Protocol):
    """What a photographer hands back."""

    @property
    def photo(self) -> Photo:
        """(H, W, 3) uint8 RGB."""
        ...

    @property
    def label(self) -> NDArray[np.uint8]:
        """(H, W) uint8: 0 ground, 64 product, 128 ignore band, 255 defect."""
        ...

    @property
    def record(self) -> Mapping[str, Any]:
        """What was planned and what was measured, as JSON."""
        ...

    @property
    def jpeg_quality(self) -> int:
        """Of the phone, 1 to 100."""
        ...

    @property
    def seconds(self) -> Mapping[str, float]:
        """CPU time by stage."""
        ...


def place_of(shot: Shot, suffix: str) -> str:
    """Path of a shot's file inside the folder, with `/`: masks stand apart, or they would be taken for photos."""
    return f"{shot.sku}/{shot.name}{suffix}" if suffix == PICTURE else f"{shot.sku}/{TRUTH}/{shot.name}{suffix}"


def shot_digest(shot: Shot) -> str:
    """SHA-256 of all that decides a shot."""
    product = to_dict(shot.product) if shot.product else None
    drawn = asdict(shot) | {"design": to_dict(shot.design), "product": product, "revision": REVISION}
    if shot.view_seed is None:
        del drawn["view_seed"]  # shots had none once: their photos are as good as ever
    if not shot.card_framed:
        del drawn["card_framed"]  # the same
    return digest_of(drawn)


def is_finished(folder: Path, shot: Shot) -> bool:
    """Whether this very shot was taken and all its files are there."""
    record = read_record(folder, shot)
    files = [folder / place_of(shot, suffix) for suffix in (PICTURE, MASK)]
    return record.get("shot") == shot_digest(shot) and all(file.is_file() for file in files)


def read_record(folder: Path, shot: Shot) -> dict[str, Any]:
    """The record of a shot; empty where there is none, or none that can be read."""
    try:
        record = json.loads((folder / place_of(shot, RECORD)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and record.get("format") == FORMAT else {}


def keep(folder: Path, shot: Shot, picture: Picture) -> None:
    """Write a shot's three files, each whole or not at all, its record last.

    Raises:
        Unavailable: The disk is full or may not be written.
    """
    record = {"format": FORMAT, "shot": shot_digest(shot), **picture.record}
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    target = folder / place_of(shot, RECORD)
    with disk_errors(f"{shot.sku}/{shot.name} cannot be written"):
        for suffix in (PICTURE, RECORD):
            (folder / place_of(shot, suffix)).parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # of another shot by this name, whose picture goes now
        write_atomically(folder / place_of(shot, PICTURE), _jpeg(picture.photo, picture.jpeg_quality))
        write_atomically(folder / place_of(shot, MASK), _png(picture.label))
        write_atomically(target, text.encode())


def write_atomically(target: Path, content: bytes) -> None:
    """Write a file so that it is whole by the time it has its name, even after a power cut.

    Raises:
        OSError: As the operating system says.
    """
    draft = target.with_name(f".{target.name}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)  # the name too
    finally:
        os.close(handle)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """The folder, made if need be, for this run alone while the block runs.

    Raises:
        Conflict: Another run is writing to it.
        Unavailable: It cannot be made or written.
    """
    with disk_errors("the folder for the photos cannot be written"):
        make_folder(folder)
        lock = (folder / _LOCK).open("ab")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise Conflict("another run is rendering into this folder; wait for it, or choose one with --out") from err
        yield


def require_room(folder: Path, *, photos: int, side_px: int) -> None:
    """Refuse before any work where the photos would not fit on the disk, or nothing can be written there.

    Raises:
        Unavailable: So it is.
    """
    with disk_errors("the folder for the photos cannot be written"):
        probe = folder / ".probe.part"
        write_atomically(probe, bytes(_PROBE))
        probe.unlink()
        free = shutil.disk_usage(folder).free
    needed = int(photos * (side_px**2 * _BYTES_A_PIXEL + _BYTES_A_RECORD))
    if free < needed:
        raise Unavailable(
            f"{photos} photos of {side_px} px need about {needed / 1e6:.0f} MB, but {free / 1e6:.0f} MB are free; "
            "free some space, or choose another folder with --out"
        )


def _jpeg(photo: Photo, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _png(label: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(label).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
