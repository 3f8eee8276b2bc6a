"""Moments as people write them on a command line."""

from __future__ import annotations

from datetime import UTC, datetime

import typer


def moment(text: str | datetime) -> datetime:
    """A moment in ISO 8601, as UTC; one without an offset is UTC already.

    Raises:
        BadParameter: It is not one, or lies outside the years 1 to 9999.
    """
    try:
        read = datetime.fromisoformat(str(text))
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"wanted a date such as 2026-03-02 or 2026-03-02T08:30+08:00, got {str(text)[:40]!r}"
        ) from None
