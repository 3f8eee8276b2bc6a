"""What promotion and refitting need of the written record: parts of the `Records` port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from visiqc.domain.calibration import Calibration
from visiqc.domain.golden import GoldenVersion
from visiqc.domain.model_set import ModelSet


class ModelSetRecords(Protocol):
    """Which models are in force. Rows are only ever added; the last one counts."""

    def add_model_set(self, model_set: ModelSet) -> ModelSet:
        """Put a set in force.

        Raises:
            Conflict: Another set was put in force since `model_set.supersedes` was, or one of that id exists.
        """
        ...

    def model_sets(self) -> tuple[ModelSet, ...]:
        """Every set that was ever in force, oldest first."""
        ...

    def current_model_set(self) -> ModelSet | None:
        """The set in force; None while that is what ships."""
        ...


class FeatureRecords(Protocol):
    """Golden features that were computed again with other models than those of the day of enrolment."""

    def add_features(self, sku: str, version: int, models: Sequence[str], bank_digest: str) -> str:
        """Keep where the features of a golden version under `models` are; returns the digest kept first.

        Args:
            sku: The product.
            version: Its golden version.
            models: What decides them: SHA-256 of every model, in order, and their format.
            bank_digest: The blob that holds them.

        Raises:
            NotFound: No such golden version.
        """
        ...

    def features(self, sku: str, version: int, models: Sequence[str]) -> str | None:
        """Digest of the blob with the features under `models`; None where there is none."""
        ...


class RefitRecords(FeatureRecords, Protocol):
    """What refitting reads and adds."""

    def goldens(self, sku: str | None = None) -> tuple[GoldenVersion, ...]:
        """All versions, of one SKU or of all, by SKU and version."""
        ...

    def add_calibration(self, calibration: Calibration) -> Calibration:
        """Keep a calibration; the latest of a golden version and a fleet is the one in force under that fleet."""
        ...

    def calibration(self, sku: str, version: int, fleet: str | None = None) -> Calibration | None:
        """The latest calibration, of those that the named fleet sidecar scaled where one is named; or None."""
        ...

    def calibrations(self, sku: str, version: int) -> tuple[Calibration, ...]:
        """Every calibration a golden version ever had, oldest first."""
        ...
