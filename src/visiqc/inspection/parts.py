"""The parts a story is given: every port, filled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from visiqc.inspection.bank_store import BankStore
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.ports import Blobs, DefectModel, IdentityModel, MaskModel, Records, Trunk
from visiqc.inspection.reading import RecentCopies
from visiqc.vision.foreground import foreground_mask
from visiqc.vision.photo import DecodeLimits
from visiqc.vision.product_mask import product_mask
from visiqc.vision.types import Mask, Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The models that are asked, loaded once and shared."""

    trunk: Trunk
    identity: IdentityModel
    defect: DefectModel | None = None
    mask: MaskModel | None = None

    @property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of every model, as verdicts name them."""
        each = (self.trunk, self.identity, self.defect, self.mask)
        return tuple(model.digest for model in each if model is not None)

    def find_product(self, photo: Photo) -> Mask:
        """(H, W) bool, the product in (H, W, 3) uint8 RGB: by the mask model, or by colour where there is none."""
        if self.mask is None:
            return foreground_mask(photo)
        return product_mask(photo, self.trunk.features, self.mask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the stories touch beyond their arguments."""

    records: Records
    blobs: Blobs
    models: Models
    fleet: Fleet
    banks: BankStore
    limits: DecodeLimits
    clock: Callable[[], datetime]
    recent: RecentCopies = field(default_factory=RecentCopies)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPhoto:
    """A photo as it was sent.

    Attributes:
        name: The name the sender gave; for people to read, never a path.
        content: The file's bytes.
        view: Golden photos only: the view it shows, or None to find out.
    """

    name: str
    content: bytes
    view: str | None = None
