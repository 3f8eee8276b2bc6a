"""Orders, lots and milestones, and the place of a photo among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from visiqc.domain.codes import checked_code, checked_view
from visiqc.domain.golden import checked_sku
from visiqc.domain.people import NOBODY, Author
from visiqc.errors import InputError, InvalidRecord

MILESTONES = ("raw-material", "first-article", "mid-production", "pre-shipment")
"""The milestones of an order that names none."""
MAX_UNITS = 1_000_000
MAX_MILESTONES = 20
MOST_LISTED = 200
"""Most orders, or lots of an order, that are listed at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was ordered of a factory, in steps that are inspected one after the other. Never changed once written.

    Attributes:
        code: What people call it; no two orders share one.
        milestones: Names of its steps, in their order, each once.
        made_at: UTC.
        made_by: Who opened it.
    """

    code: str
    milestones: tuple[str, ...] = MILESTONES
    made_at: datetime
    made_by: Author = NOBODY

    def __post_init__(self) -> None:
        checked_code(self.code, of="code of an order")
        for name in self.milestones:
            checked_code(name, of="name of a milestone")
        if not 1 <= len(set(self.milestones)) == len(self.milestones) <= MAX_MILESTONES:
            raise InputError(
                f"an order has 1 to {MAX_MILESTONES} milestones, each once; got {', '.join(self.milestones) or 'none'}"
            )
        _require_utc(self.made_at)

    def checked_milestone(self, name: str) -> str:
        """`name` itself, when it is a milestone of this order; `InputError` names those there are."""
        if name not in self.milestones:
            raise InputError(
                f"order {self.code} has no milestone {name[:80]!r}; its milestones are {', '.join(self.milestones)}"
            )
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """A number of units of one product, made together. Never changed once written.

    Attributes:
        order: Code of its order.
        code: What people call it; no two lots of an order share one.
        sku: The product.
        units: How many units it holds; None where nobody said.
        required_views: Views that every unit must show; empty = those of the golden version.
        made_at: UTC.
        made_by: Who opened it.
    """

    order: str
    code: str
    sku: str
    units: int | None = None
    required_views: tuple[str, ...] = ()
    made_at: datetime
    made_by: Author = NOBODY

    def __post_init__(self) -> None:
        checked_code(self.code, of="code of a lot")
        checked_sku(self.sku)
        if self.units is not None and not 1 <= self.units <= MAX_UNITS:
            raise InputError(f"a lot holds 1 to {MAX_UNITS} units, got {self.units}")
        object.__setattr__(self, "required_views", tuple(map(checked_view, self.required_views)))
        if len(set(self.required_views)) < len(self.required_views):
            raise InputError(f"name each required view once, got {', '.join(self.required_views)}")
        _require_utc(self.made_at)

    def require_product(self, sku: str) -> None:
        """Return when the lot is of the product `sku`; `InputError` names both otherwise."""
        if sku != self.sku:
            raise InputError(f"lot {self.code} of order {self.order} is of the product {self.sku}, not {sku}")

    def checked_unit(self, unit: int) -> int:
        """`unit` itself, when the lot can hold a unit of that number.

        Raises:
            InputError: Below 1, or above the lot's size.
        """
        if not 1 <= unit <= (self.units or MAX_UNITS):
            raise InputError(f"lot {self.code} holds units 1 to {self.units or MAX_UNITS}, got unit {unit}")
        return unit


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPhoto:
    """The place of an upload: which unit of which lot it shows, when, and from which side.

    Attributes:
        upload_id: The upload.
        order, lot: Codes of the lot's order and of the lot.
        milestone: Name of a milestone of the order.
        unit: Number of the unit in its lot, from 1.
        view: The view it claims to show.
    """

    upload_id: str
    order: str
    lot: str
    milestone: str
    unit: int
    view: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "view", checked_view(self.view))
        if self.unit < 1:
            raise InputError(f"units count from 1, got unit {self.unit}")

    def __str__(self) -> str:
        return f"unit {self.unit}, view {self.view}"

    @property
    def in_full(self) -> str:
        """Where it is among all orders, in words."""
        return f"unit {self.unit}, {self.view}, milestone {self.milestone}, lot {self.lot} of order {self.order}"

    def require_place(self, unit: int, view: str) -> None:
        """Return where the very file of this photo was sent for the same place again; `InputError` names both."""
        if (self.unit, self.view) != (unit, view):
            raise InputError(
                f"this very file is the photo of {self} already, not of unit {unit}, view {view}; "
                "photograph each unit and view itself"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedFile:
    """A photo whose very file came before, at another milestone or in another lot: it shows nothing new.

    Attributes:
        photo: Its own place.
        first: Where these bytes came first.
    """

    photo: UnitPhoto
    first: UnitPhoto

    def __str__(self) -> str:
        return f"the same file as {self.first.in_full}"


def _require_utc(moment: datetime) -> None:
    if moment.utcoffset() != timedelta(0):
        raise InvalidRecord(f"times must be UTC, got {moment.isoformat()}")
