"""The JSON document of `visiqc score --json`."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from visiqc import __version__
from visiqc.domain.outcome import worst
from visiqc.errors import InputError

if TYPE_CHECKING:
    from visiqc.cli.score import Scored

FORMAT = 1
"""Raised when a key changes its meaning or goes; keys may be added without."""


def score_document(sku: str, version: int, done: Sequence[Scored], *, exit_code: int) -> str:
    """One JSON document about one call, keys in a fixed order, ASCII only; numbers that are not finite are null."""
    verdicts = [scored.result for scored in done if not isinstance(scored.result, InputError)]
    document = {
        "format": FORMAT,
        "software": f"visiqc {__version__}",
        "sku": sku,
        "golden_version": version,
        "outcome": worst(verdict.outcome for verdict in verdicts) if verdicts else None,
        "exit_code": exit_code,
        "photos": [_photo(scored) for scored in done],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _photo(scored: Scored) -> dict[str, Any]:
    failed = isinstance(scored.result, InputError)
    return {
        "file": str(scored.photo.path),
        "error": {"code": type(scored.result).__name__, "message": str(scored.result)} if failed else None,
        "heatmap": str(scored.heatmap) if scored.heatmap else None,
        "verdict": None if failed else plain(scored.result),
    }


def plain(value: Any) -> Any:
    """Records, moments and numbers as what JSON has, fields in the order they are declared."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
