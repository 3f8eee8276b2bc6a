"""Names of figures that MLflow takes."""

from __future__ import annotations


def metric_name(*parts: str) -> str:
    """A name that MLflow takes: letters, digits, `_`, `-`, `.`, space and `/`."""
    kept = ("".join(sign if sign.isalnum() or sign in "_-." else " " for sign in part) for part in _spoken(parts))
    return "/".join(" ".join(part.split()) for part in kept)


def _spoken(parts: tuple[str, ...]) -> list[str]:
    return [part.replace("%", "percent") for part in parts]
