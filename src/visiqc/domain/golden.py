"""Golden sample versions: what was approved, and how uploads are judged against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from visiqc.domain.codes import checked_code
from visiqc.errors import BadRecipe, InvalidRecord

MAX_GOLDEN_PHOTOS = 20


def checked_sku(sku: str) -> str:
    """`sku` itself, when it can name a product.

    Raises:
        InputError: Not 1–64 letters, digits, `.`, `_`, `-`, `+`, starting with a letter or digit.
    """
    return checked_code(sku, of="SKU")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringPolicy:
    """How uploads are judged against one golden version; fixed when it is enrolled."""

    alpha_review: float = 0.05
    """p at or below which a photo is flagged for review, in (0, 1)."""
    alpha_reject: float = 0.01
    """p at or below which it may be rejected, in (0, alpha_review]."""
    min_region_px: int = 64
    """Smallest region, in golden-frame pixels, that can reject a piece."""
    long_side: int = 1024
    """Resolution of the comparison: long side of the golden frame in pixels, 256 to 2048."""

    def __post_init__(self) -> None:
        if not 0 < self.alpha_reject <= self.alpha_review < 1:
            raise BadRecipe(
                f"wanted 0 < alpha_reject <= alpha_review < 1, got {self.alpha_reject} and {self.alpha_review}"
            )
        if not 256 <= self.long_side <= 2048:
            raise BadRecipe(f"long_side must be 256 to 2048 pixels, got {self.long_side}")
        if self.min_region_px < 1:
            raise BadRecipe(f"min_region_px must be at least 1, got {self.min_region_px}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenPhoto:
    """One approved photo: where its bytes are, and which view it shows."""

    name: str
    digest: str
    view: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenVersion:
    """One enrolled version of a product's golden sample. Never changed once written.

    Attributes:
        sku: The product.
        version: 1, 2, … in the order of enrolment; 0 in a draft that has no number yet.
        photos: The golden photos, 1 to 20, in the order given.
        bank_digest: Blob that holds the features computed at enrolment.
        policy: How uploads are judged against this version.
        model_digests: SHA-256 of every model that computed the features.
        made_at: When it was enrolled, UTC.
        approved_at: When it was approved, UTC; None while it is a proposal.
        approved_by: Who approved it.
    """

    sku: str
    version: int
    photos: tuple[GoldenPhoto, ...]
    bank_digest: str
    policy: ScoringPolicy = field(default_factory=ScoringPolicy)
    model_digests: tuple[str, ...] = ()
    made_at: datetime
    approved_at: datetime | None = None
    approved_by: str | None = None

    def __post_init__(self) -> None:
        checked_sku(self.sku)
        if not 1 <= len(self.photos) <= MAX_GOLDEN_PHOTOS:
            raise InvalidRecord(f"a golden version has 1 to {MAX_GOLDEN_PHOTOS} photos, got {len(self.photos)}")
        for moment in (self.made_at, self.approved_at):
            if moment is not None and moment.utcoffset() != timedelta(0):
                raise InvalidRecord(f"times must be UTC, got {moment.isoformat()}")

    @property
    def approved(self) -> bool:
        """Whether uploads may be scored against this version."""
        return self.approved_at is not None

    @property
    def views(self) -> tuple[str, ...]:
        """The views' names, each once, in the order they were first given."""
        return tuple(dict.fromkeys(photo.view for photo in self.photos))
