"""Where things are, from the environment (`VISIQC_…`), read once and passed to `bootstrap`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Every setting has a default that works on a bare machine."""

    model_config = SettingsConfigDict(env_prefix="VISIQC_", extra="forbid", frozen=True)

    home: Path = Path("visiqc-home")
    """Folder of the database, the blobs and promoted models."""
    database_url: str = ""
    """SQLAlchemy URL; empty = SQLite in `home`."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where models run. `cuda` refuses to start without a working GPU; `auto` takes one when there is one."""
    threads: int = Field(default=0, ge=0, le=256)
    """Threads of one inference; 0 = all cores this process may use, at most 4."""
    trunk: str = ""
    """Version of the trunk, such as `lite0-1`; empty = that of the promoted set, or the default that ships."""
    identity: str = ""
    """Version of the identity model; empty = that of the promoted set, or what ships with the trunk."""
    defect: str = ""
    """Version of the defect model, or `none`; empty = that of the promoted set, or what ships with the trunk."""
    mask: str = ""
    """Version of the mask model, or `none`; empty = that of the promoted set, or what ships with the trunk."""
    model_poll_s: float = Field(default=2.0, ge=0.1, le=3600)
    """Seconds between two looks of the service for another promoted set."""
    workers: int = Field(default=1, ge=0, le=64)
    """Photos the service scores at the same time; 0 leaves them to `visiqc worker`."""
    queue_size: int = Field(default=64, ge=1, le=10_000)
    """Photos the service holds waiting before it answers 429."""
    max_photo_bytes: int = Field(default=40 * MIB, ge=1024)
    """Largest photo file that is read."""
    max_body_bytes: int = Field(default=200 * MIB, ge=1024)
    """Largest HTTP request body."""
    max_photos: int = Field(default=20, ge=1, le=500)
    """Most photos in one HTTP request."""
    max_megapixels: float = Field(default=80.0, gt=0)
    """Largest photo, by the size its header states, before anything is decoded."""
    session_idle_s: float = Field(default=8 * 3600.0, ge=60, le=30 * 86_400)
    """Seconds without use after which a person has to log in again."""
    session_life_s: float = Field(default=24 * 3600.0, ge=60, le=30 * 86_400)
    """Seconds after which a person has to log in again in any case."""
    log_format: Literal["console", "json"] = "console"
    """How log lines look."""

    @property
    def names_models(self) -> bool:
        """Whether any model is named here: the promoted set is then left aside as a whole, never mixed with these."""
        return bool(self.trunk or self.identity or self.defect or self.mask)

    @property
    def resolved_database_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'visiqc.sqlite3'}"


def cache_folder() -> Path:
    """`VISIQC_CACHE`, where long jobs keep what can be made again, outside the checkout and the home."""
    return Path(os.environ.get("VISIQC_CACHE") or Path.home() / ".cache" / "visiqc")
