"""Pairs of golden and upload: what every data set is read into. Light records: paths and labels, no pixels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from visiqc.domain.defect_catalogue import CATALOGUE
from visiqc.errors import BadRecipe, InputError, NotAllowed
from visiqc.training.datasets.reading import require_limit

GROUND, PRODUCT, IGNORED, DEFECT = 0, 64, 128, 255
"""Values of a label image."""
UNKNOWN = "unknown"
"""Code of a defect that was seen and not typed."""
Polygon = tuple[tuple[float, float], ...]
"""Corners (x, y) in upload pixels, upright, the first not repeated."""
_USE = r"(?:research|academic|educational|evaluation|personal)"
_NON_COMMERCIAL = re.compile(
    rf"non[-\s]*commercial|\bNC(?:SA|ND)?(?![a-z])|\bnot?\s+(?:for\s+)?commercial"
    rf"|\b{_USE}[-\s]+(?:(?:use|purposes?)[-\s]+)?only|\bonly\s+for\s+{_USE}",
    re.IGNORECASE,
)
_LICENCE_FILES = ("LICENSE", "LICENSE.txt", "LICENCE", "LICENCE.txt", "license.txt", "licence.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """On what terms photos may be learned from.

    Attributes:
        name: As people name it, such as `CC BY 4.0`.
        commercial: Whether a model that learned from the photos may be sold or shipped.
        text: A sentence for the card, such as who must be named.
    """

    name: str
    commercial: bool
    text: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InputError("a licence needs a name, such as 'CC BY 4.0' or 'own photos'")
        if self.commercial and _NON_COMMERCIAL.search(self.name.replace("_", "-")):
            raise InputError(f"licence {self.name!r} does not allow commercial use; give commercial: false")


OWN = Licence(name="own renders", commercial=True, text="Rendered by VisiQC itself; no photo of anybody's product.")
"""Of what VisiQC draws or renders."""


class Relation(StrEnum):
    """What the upload shows, against its goldens."""

    SAME = "same"
    """A piece of the same design, good or not."""
    VARIANT = "variant"
    """The same design with one attribute changed, sent in its place."""
    OTHER = "other"
    """Another design sent in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRegion:
    """A place that a person, or a model and then a person, has marked.

    Attributes:
        polygon: At least three corners in upload pixels.
        code: Catalogue code, or `unknown`.
        origin: `inspector`, or `model` where a person only agreed.
    """

    polygon: Polygon
    code: str = UNKNOWN
    origin: str = "inspector"

    def __post_init__(self) -> None:
        if len(self.polygon) < 3:
            raise InputError(f"a polygon needs three corners, got {len(self.polygon)}")
        checked_code(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One upload with the golden photos it is held against.

    Attributes:
        sku: The product; a split never cuts through one.
        lot: The lot it was made in, empty where not known; a split never cuts through one either.
        goldens: One photo or more.
        upload: The photo that is judged.
        mask: Label image in upload pixels: 0 ground, 64 product, 128 ignored, 255 defect; None = see `defective`.
        binary_mask: `mask` knows only defect (its upper half) and not; everything else counts as product.
        regions: Defects marked by people.
        dismissed: Alarms that people looked at and found wrong.
        defective: None = not known, or not to be learned from.
        relation: What the upload shows.
        attribute: What a variant differs in.
        codes: Catalogue codes of its defects; empty = not typed.
        pose: How well the golden pose was met, where known.
        family: Of what lies before the camera, where known.
        view: Uploads of one view differ in a defect and in the phone alone; empty = it shares its view with no other.
    """

    sku: str
    lot: str = ""
    goldens: tuple[Path, ...]
    upload: Path
    mask: Path | None = None
    binary_mask: bool = False
    regions: tuple[LabelledRegion, ...] = ()
    dismissed: tuple[LabelledRegion, ...] = ()
    defective: bool | None
    relation: Relation = Relation.SAME
    attribute: str | None = None
    codes: tuple[str, ...] = ()
    pose: str = ""
    family: str = ""
    view: str = ""

    def __post_init__(self) -> None:
        if not self.goldens:
            raise InputError(f"{self.sku}: {self.upload.name} has no golden photo to be held against")

    @property
    def name(self) -> str:
        """For people: product and file, no folder of this machine."""
        return f"{self.sku}/{self.upload.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSet:
    """Pairs from one source.

    Attributes:
        name: For people.
        licence: Of its photos.
        digest: SHA-256 over the content of every file used.
        pairs: At least one.
        notes: What a reader of the results should know, such as how many photos were left out.
        seed: Of a rendered set, what its designs were drawn from, beside their SKUs; None = not known, or real pieces.
    """

    name: str
    licence: Licence
    digest: str
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.pairs:
            why = "; ".join(self.notes) or "it holds no upload with a golden photo"
            raise InputError(f"data set {self.name} has nothing to learn from: {why}")

    @property
    def summary(self) -> str:
        """One line: products, good, defective, other."""
        labels = Counter(_label(pair) for pair in self.pairs)
        counts = ", ".join(f"{number} {label}" for label, number in sorted(labels.items()))
        return f"{self.name}: {len({pair.sku for pair in self.pairs})} products, {counts}"


def checked_code(code: str) -> str:
    """`code` itself when the catalogue has it, or `unknown`.

    Raises:
        InputError: The catalogue has no such code.
    """
    if code != UNKNOWN and code not in CATALOGUE:
        raise InputError(f"the defect catalogue has no code {code!r}; use one of its codes, or {UNKNOWN!r}")
    return code


@dataclass(frozen=True, kw_only=True)
class LicensedFolder:
    """A folder of photos that a recipe names, with the terms on which they may be learned from.

    Raises:
        BadRecipe: The terms are left out (the message quotes a licence file in the folder, if there is one), or
            `max_unreadable` is no number of photos.
    """

    folder: Path
    """Where the photos are."""
    licence: Licence | None = None
    """Nobody but you knows it, and it must be given."""
    max_unreadable: int | None = None
    """Broken photos that are passed over before the folder is refused; left out = as many as the recipe allows."""

    def __post_init__(self) -> None:
        _ = self.terms  # left out, it is refused when the recipe is read
        require_limit(self.max_unreadable)

    def limit(self, of_recipe: int) -> int:
        """How many photos may be broken, given the recipe's `max_unreadable`."""
        return of_recipe if self.max_unreadable is None else self.max_unreadable

    @property
    def terms(self) -> Licence:
        """The licence."""
        if self.licence is None:
            hint = licence_hint(self.folder)
            found = f" (its licence file begins {hint!r})" if hint else ""
            raise BadRecipe(
                f"say on what terms {self.folder.name} may be learned from{found}: "
                "licence: {name: …, commercial: true or false}"
            )
        return self.licence


def licence_hint(folder: Path) -> str:
    """The first line of the folder's licence file, empty without one: a hint for people, never an answer."""
    for name in _LICENCE_FILES:
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
            return next((line.strip()[:120] for line in lines if line.strip()), "")
    return ""


def unshippable(sets: Iterable[PairSet]) -> tuple[str, ...]:
    """Names and licences of the sets that keep a model from being shipped."""
    return tuple(f"{each.name} ({each.licence.name})" for each in sets if not each.licence.commercial)


def require_shippable(sets: Sequence[PairSet]) -> None:
    """Refuse to call a model shippable that learned from a set whose licence forbids it.

    Raises:
        NotAllowed: A set is not for commercial use; all of them are named.
    """
    if named := unshippable(sets):
        raise NotAllowed(
            f"a model that learned from {', '.join(named)} may not be shipped: the licence forbids commercial use; "
            "set shippable: false, or leave the set out"
        )


def _label(pair: Pair) -> str:
    if pair.relation is not Relation.SAME:
        return str(pair.relation)
    return {True: "defective", False: "good", None: "not known"}[pair.defective]
