"""Multipart forms, read after the caller is known and within limits.

FastAPI would read the whole body before it asks who sent it, so the routes that take photos read their forms
here. Files go to disk above 1 MiB each; nothing else of a form may be large.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import anyio
from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from visiqc.errors import Busy, InputError, TooLarge, Unavailable, UnsupportedMedia
from visiqc.inspection.parts import SentPhoto
from visiqc.service.deps import Shop
from visiqc.service.names import display_name

MAX_FIELD_BYTES: Final = 4096
MAX_FIELDS: Final = 600
T = TypeVar("T")


def version_number(text: str) -> int:
    """A golden version's number; `ValueError` when it is not 1 to a million."""
    number = int(text)
    if not 1 <= number <= 1_000_000:
        raise ValueError(text)
    return number


class PhotoForm:
    """A form of text fields and photos, its fields known by name."""

    def __init__(self, form: FormData, known: Collection[str], *, max_photos: int, max_photo_bytes: int) -> None:
        """Check what can be checked without reading a photo.

        Raises:
            InputError: A field is unknown, or `photos` is missing or holds text.
            TooLarge: Too many photos, or one that is too large.
        """
        if unknown := sorted(set(form) - set(known) - {"photos"}):
            raise InputError(f"unknown form field {unknown[0]!r}; known are photos, {', '.join(sorted(known))}")
        self._form = form
        sent = form.getlist("photos")
        self._files = [file for file in sent if isinstance(file, UploadFile)]
        if not sent or len(self._files) < len(sent):
            raise InputError("send 1 or more files as form field 'photos', each with a file name")
        if len(self._files) > max_photos:
            raise TooLarge(f"at most {max_photos} photos in one request, got {len(self._files)}")
        self.names = [display_name(file.filename, nth=n) for n, file in enumerate(self._files, start=1)]
        for name, file in zip(self.names, self._files, strict=True):
            if (file.size or 0) > max_photo_bytes:
                raise TooLarge(f"{name}: a photo may hold at most {max_photo_bytes} bytes, got {file.size}")

    def text(self, name: str) -> str:
        """The one value of a text field that must be there."""
        value = self.optional(name, str)
        if value is None:
            raise InputError(f"the form field {name!r} is missing")
        return value

    def optional(self, name: str, read: Callable[[str], T]) -> T | None:
        """The one value of a field as `read` understands it, or None without the field."""
        values = self.texts(name)
        if len(values) > 1:
            raise InputError(f"the form field {name!r} was sent {len(values)} times; send it once")
        if not values:
            return None
        try:
            return read(values[0])
        except ValueError as err:
            raise InputError(f"the form field {name!r} must be a number, got {values[0][:40]!r}") from err

    def texts(self, name: str) -> list[str]:
        """All values of a text field, in the order sent."""
        values = self._form.getlist(name)
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) < len(values):
            raise InputError(f"the form field {name!r} must be text, not a file")
        return texts

    def photos(self, views: Collection[str | None] | None = None) -> tuple[SentPhoto, ...]:
        """The photos with their bytes: all in memory, so call it under a limiter, off the event loop."""
        return tuple(
            SentPhoto(name=name, content=file.file.read(), view=view)
            for name, file, view in zip(self.names, self._files, views or [None] * len(self._files), strict=True)
        )


@asynccontextmanager
async def photo_form(request: Request, shop: Shop, *, fields: Collection[str]) -> AsyncIterator[PhotoForm]:
    """Receive the form of a request; its temporary files live as long as the block.

    Raises:
        UnsupportedMedia: The body is not multipart.
        InputError: It is malformed.
        TooLarge: It has too many parts or too large ones.
        Busy: Too many bodies are arriving at this moment.
        Unavailable: There is no disk space for temporary files.
    """
    form = await _received(request, shop)
    try:
        yield PhotoForm(
            form, fields, max_photos=shop.settings.max_photos, max_photo_bytes=shop.settings.max_photo_bytes
        )
    finally:
        await form.close()


async def _received(request: Request, shop: Shop) -> FormData:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise UnsupportedMedia(f"the body must be multipart/form-data, got {kind or 'no content type'}")
    try:
        shop.reading.acquire_nowait()
    except anyio.WouldBlock as err:
        raise Busy(f"{int(shop.reading.total_tokens)} uploads are arriving already", retry_after_s=2) from err
    try:
        return await _parsed(request, max_files=shop.settings.max_photos)
    except MultiPartException as err:
        kind_of_error = TooLarge if "maximum" in err.message.lower() else InputError
        raise kind_of_error(f"the form cannot be used: {err.message}") from err
    except OSError as err:
        raise Unavailable("the photos cannot be stored for the moment: the temporary disk failed") from err
    finally:
        shop.reading.release()


class _Parser(MultiPartParser):
    """Starlette's parser, which also notices whether the closing boundary came.

    Without that, a body cut short would be a valid form with a photo less.
    """

    ended = False

    def on_end(self) -> None:
        """The closing boundary."""
        self.ended = True


async def _parsed(request: Request, *, max_files: int) -> FormData:
    async def whole() -> AsyncGenerator[bytes, None]:
        async for chunk in request.stream():
            yield chunk
        if not parser.ended:
            raise InputError("the form is cut short: its closing boundary is missing")

    parser = _Parser(
        request.headers, whole(), max_files=max_files, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES
    )
    return await parser.parse()
