"""What the stories need from the outside world, and nothing more.

`storage` fills `Records` and `Blobs`, `runtime` fills `Trunk` and `IdentityModel`; `bootstrap` chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from visiqc.domain.access import ApiKey
from visiqc.domain.golden import GoldenVersion
from visiqc.domain.upload import RequestKey, Upload
from visiqc.domain.verdict import Verdict
from visiqc.inspection.lot_ports import JobRecords, LotRecords
from visiqc.inspection.model_ports import ModelSetRecords, RefitRecords
from visiqc.inspection.people_ports import PeopleRecords
from visiqc.inspection.report_ports import LotReportRecords
from visiqc.inspection.rescore_ports import RescoreRecords
from visiqc.inspection.review_ports import ReviewRecords
from visiqc.vision.types import FeatureMaps, FloatArray, Photo


class Blobs(Protocol):
    """Content-addressed bytes: the name of a blob is the SHA-256 of what is in it."""

    def put(self, content: bytes) -> str:
        """Store `content` durably and return its digest (64 hex characters). Storing it again is free.

        Raises:
            Unavailable: The disk is full, read-only or gone; nothing half-written remains.
        """
        ...

    def get(self, digest: str) -> bytes:
        """The bytes under `digest`, verified.

        Raises:
            NotFound: No blob of that digest.
            IntegrityError: The bytes are no longer the ones that were stored.
        """
        ...

    def ready(self) -> None:
        """Return when blobs can be written and read; raise `Unavailable` otherwise."""
        ...


class Records(
    ModelSetRecords,
    RefitRecords,
    JobRecords,
    LotRecords,
    LotReportRecords,
    PeopleRecords,
    RescoreRecords,
    ReviewRecords,
    Protocol,
):
    """The written record. Every method is one transaction; all raise `Unavailable` when the database is."""

    def add_golden(self, draft: GoldenVersion) -> GoldenVersion:
        """Keep `draft` under the next version number of its SKU and return it numbered."""
        ...

    def golden(self, sku: str, version: int) -> GoldenVersion:
        """One version; `NotFound` names the SKU or the versions there are."""
        ...

    def current_golden(self, sku: str) -> GoldenVersion:
        """The approved version approved last; `NotFound` without the SKU, `NotApproved` without approval."""
        ...

    def approve_golden(self, sku: str, version: int, *, by: str, at: datetime) -> GoldenVersion:
        """Approve a version, making it current. Approving the current one again changes nothing."""
        ...

    def accept(self, uploads: Sequence[Upload], request: RequestKey | None = None) -> tuple[Upload, ...]:
        """Keep all uploads or none. A request key seen before returns the uploads kept then.

        Raises:
            Conflict: The key was used before with a different fingerprint.
        """
        ...

    def accepted(self, request: RequestKey) -> tuple[Upload, ...]:
        """Uploads kept under a request key before, or nothing; `Conflict` as `accept`."""
        ...

    def replays(self, request: RequestKey) -> bool:
        """Whether the same request came before under this key; `Conflict` as `accept`."""
        ...

    def upload(self, upload_id: str) -> Upload:
        """One upload; `NotFound` otherwise."""
        ...

    def pending(self) -> tuple[Upload, ...]:
        """Accepted uploads that have neither verdict nor failure, oldest first."""
        ...

    def fail(self, upload_id: str, why: str) -> None:
        """Say why an accepted upload cannot be scored."""
        ...

    def keep_key(self, request: RequestKey) -> bool:
        """Keep the key of a request that brought nothing new; False where it was kept before.

        Raises:
            Conflict: It was used before with a different fingerprint.
        """
        ...

    def retry(self, upload_id: str) -> bool:
        """Let an upload that failed wait for its score again; False where it did not fail; `NotFound` without it."""
        ...

    def add_verdict(self, verdict: Verdict) -> Verdict:
        """Keep a verdict of the upload of its id; where one by the same golden and models exists, return that one."""
        ...

    def verdict(self, upload_id: str) -> Verdict | None:
        """The verdict of record, the first there was; None while there is none; `NotFound` without the upload."""
        ...

    def verdict_under(self, upload_id: str, golden_version: int, models: str) -> Verdict | None:
        """The first verdict by one golden version and set of models (`Verdict.models`); None where there is none."""
        ...

    def verdicts(self, upload_id: str) -> tuple[Verdict, ...]:
        """Every verdict of an upload, the one of record first; `NotFound` without the upload."""
        ...

    def add_key(self, key: ApiKey) -> ApiKey:
        """Keep a new API key."""
        ...

    def key(self, key_id: str) -> ApiKey | None:
        """The key of that id, revoked or not."""
        ...

    def keys(self) -> tuple[ApiKey, ...]:
        """All keys, oldest first."""
        ...

    def revoke_key(self, key_id: str, *, at: datetime) -> ApiKey:
        """Make a key useless from now on; `NotFound` otherwise."""
        ...

    def ready(self) -> None:
        """Return when the database answers; raise `Unavailable` otherwise."""
        ...


class Trunk(Protocol):
    """The shared backbone: one pass gives the feature maps every later stage reuses."""

    @property
    def digest(self) -> str:
        """SHA-256 of the model file."""
        ...

    def features(self, photos: Sequence[Photo]) -> FeatureMaps:
        """Feature maps of a batch of photos of one size.

        Args:
            photos: Each (H, W, 3) uint8 RGB, all of one H and W, at least 32 × 32.

        Returns:
            Maps at strides 4, 8 and 16, each (N, C, ceil(H/s), ceil(W/s)) float32.
        """
        ...


class IdentityModel(Protocol):
    """The continuation of the trunk to one vector a photo: is it this design?"""

    @property
    def digest(self) -> str:
        """SHA-256 of the model file."""
        ...

    def vectors(self, stride16: FloatArray) -> FloatArray:
        """Identity vectors of a batch of stride-16 maps.

        Args:
            stride16: (N, C, h, w) float32, the trunk's own output.

        Returns:
            (N, D) float32, each of length 1; D is the model's own.
        """
        ...


class MaskModel(Protocol):
    """Which pixels of a photo show the product, on the trunk's maps of it."""

    @property
    def digest(self) -> str:
        """SHA-256 of the model file."""
        ...

    def logits(self, photo: Photo, maps: FeatureMaps) -> FloatArray:
        """Logits of product.

        Args:
            photo: (H, W, 3) uint8 RGB, H and W multiples of 16.
            maps: The trunk's maps of it, each (1, C, h, w) float32.

        Returns:
            (H/2, W/2) float32.
        """
        ...


class DefectModel(Protocol):
    """What changed between goldens and upload, and what kind of defect it is, on the trunk's maps of both."""

    @property
    def digest(self) -> str:
        """SHA-256 of the model file."""
        ...

    @property
    def codes(self) -> tuple[str, ...]:
        """The type classes, codes of the defect catalogue; the last is `unknown`."""
        ...

    def encode(self, maps: FeatureMaps) -> FeatureMaps:
        """What to keep of a golden: embeddings of its frame.

        Args:
            maps: The trunk's maps of golden frames, each (N, C, h, w) float32.

        Returns:
            Three maps of fewer channels, (N, c, h, w) float32.
        """
        ...

    def compare(self, maps: FeatureMaps, goldens: Sequence[FeatureMaps]) -> tuple[FloatArray, FloatArray]:
        """Where one upload differs from its goldens, and how.

        Args:
            maps: The trunk's maps of the upload laid over the golden frame, each (1, C, h, w) float32.
            goldens: Embeddings of golden frames of the same size, at least one, each (1, c, h, w).

        Returns:
            Change logits (h4, w4) and type logits (T, h8, w8), float32.
        """
        ...
