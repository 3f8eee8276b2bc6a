"""Who may do what: roles and API keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """Roles, from least to most; each may do all that the ones before it may."""

    VIEWER = "viewer"
    """Reads verdicts, photos and heatmaps."""
    FACTORY = "factory"
    """Uploads photos for scoring, and photos of units."""
    INSPECTOR = "inspector"
    """Enrols golden proposals, calibrates with accepted photos, opens orders and lots, answers photos."""
    LEAD = "lead"
    """Approves golden versions."""

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key as it is stored: its secret only as a hash.

    Attributes:
        id: The key's public part, shown in lists and in the audit of who did what.
        name: Who or what uses it.
        role: What it may do.
        secret_hash: SHA-256 (hex) of the 256-bit random secret.
        made_at: UTC.
        revoked_at: UTC, or None while it works.
    """

    id: str
    name: str
    role: Role
    secret_hash: str
    made_at: datetime
    revoked_at: datetime | None = None
