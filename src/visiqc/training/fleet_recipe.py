"""What decides a fleet sidecar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from visiqc.errors import BadRecipe
from visiqc.training.datasets.reading import MAX_UNREADABLE, require_limit


@dataclass(frozen=True, kw_only=True)
class FleetRecipe:
    """All that decides the sidecar."""

    photos: Path
    """A set that `visiqc render` made, or its name in the cache's `renders`; or a folder of product folders with
    `golden*` and `upload*` photos."""
    out: Path = Path("models/fleet")
    """Where the sidecar's own folder with `fleet.json` and `cohort.npy` is written."""
    version: str = ""
    """Name of that folder; empty = the identity model's version, with `sizes_of` the defect model's, so that no other
    model's sidecar is overwritten."""
    source: str = "rendered jewelry"
    """What the photos are, for the sidecar's own record."""
    home: Path | None = None
    """`VISIQC_HOME` with promoted or candidate models in `models/`; None = those that ship."""
    trunk: str = ""
    """Trunk version; empty = the default."""
    identity: str = ""
    """Version of the identity model; empty = the one that belongs to the trunk."""
    defect: str = ""
    """Version of the defect model; empty = the one that belongs to the trunk, `none` = none."""
    mask: str = ""
    """Version of the mask model; likewise."""
    colours_of: Path | None = None
    """Folder of a sidecar that learns colours: all its other figures stay. None = everything is measured."""
    sameness_of: Path | None = None
    """Folder of a sidecar that learns anew from when on an upload shows the design: all its other figures stay."""
    sizes_of: Path | None = None
    """Folder of a sidecar that learns what the size of the golden frame does to scores by both maps: all its other
    figures stay."""
    sizes: tuple[int, ...] = ()
    """With `sizes_of`, longer sides of golden frames in pixels, at most: photos are not enlarged to reach them."""
    usual_side: float = 400
    """With `sizes_of`, longer side of the frames the sidecar's other figures come from: there, nothing changes."""
    skus: tuple[str, ...] = ()
    """Products that are used; empty = all. A defect model must not have learned from them."""
    goldens: tuple[int, ...] = (1, 3)
    """Numbers of goldens each product is enrolled with; uploads are scored against each."""
    impostors: int = 6
    """Other products every upload is held against, drawn at random as a mix-up in a factory would be."""
    fewest_products: int = 10
    """Products below which the sidecar is refused: a rank among a few says nothing about others."""
    long_side: int = 1024
    """Resolution of the comparison."""
    max_unreadable: int = MAX_UNREADABLE
    """Uploads that may be broken; they are named and left out."""
    seed: int = 0
    """Of the choice of impostors."""

    def __post_init__(self) -> None:
        require_sizes(self.sizes, "sizes")
        require_limit(self.max_unreadable)


def require_sizes(sizes: Sequence[int], key: str) -> None:
    """Raise `BadRecipe` for sizes of golden frames that cannot be compared; none at all is right."""
    low, high = _SIDES
    if sizes and (len(set(sizes)) < 2 or len(set(sizes)) < len(sizes) or not all(low <= one <= high for one in sizes)):
        raise BadRecipe(f"{key} must be at least two different sides of {low} to {high} pixels, got {list(sizes)}")


_SIDES = (64, 4096)
