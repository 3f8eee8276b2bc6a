"""A golden version's features as bytes: what enrolment computes once and every scoring reads.

The format is NumPy's `.npz`, uncompressed, without pickles; `FORMAT` rises when its meaning changes.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visiqc.errors import IntegrityError
from visiqc.vision.align import AlignTarget
from visiqc.vision.change_map import PackedMaps
from visiqc.vision.colour_card import CardReading
from visiqc.vision.dense import Basis, PackedMap
from visiqc.vision.golden_view import GoldenView
from visiqc.vision.quality import QualityLimits
from visiqc.vision.rotation import Placement, RotationBank
from visiqc.vision.texture import Keypoints

FORMAT = 3
Arrays = dict[str, NDArray[Any]]
_STRIDES = (4, 8, 16)
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)
"""What `zipfile`, NumPy and `json` raise at bytes that are not a bank."""


@dataclass(frozen=True, slots=True)
class GoldenBank:
    """All that is kept of a golden version.

    Attributes:
        views: Its views.
        limits: The quality gate's limits, adapted to the golden photos.
    """

    views: tuple[GoldenView, ...]
    limits: QualityLimits


def to_bytes(bank: GoldenBank) -> bytes:
    """The bank as bytes; the same bank gives the same bytes."""
    arrays: Arrays = {}
    head: dict[str, Any] = {"format": FORMAT, "limits": asdict(bank.limits), "views": []}
    for i, view in enumerate(bank.views):
        head["views"].append(_view_head(view))
        arrays |= {f"{i}/{name}": array for name, array in _view_arrays(view).items()}
    arrays["head"] = np.frombuffer(json.dumps(head, sort_keys=True).encode(), np.uint8)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():  # not np.savez: it writes the time of day into the archive
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as entry:
                np.lib.format.write_array(entry, np.ascontiguousarray(array), allow_pickle=False)
    return out.getvalue()


def format_of(content: bytes) -> int | None:
    """The format a bank was written in; None where the bytes are no bank."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return int(json.loads(archive["head"].tobytes())["format"])
    except _UNREADABLE:
        return None


def from_bytes(content: bytes) -> GoldenBank:
    """The bank that `to_bytes` wrote.

    Raises:
        IntegrityError: Not a bank, or one of another format.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        head = json.loads(arrays["head"].tobytes())
        if head["format"] != FORMAT:
            raise IntegrityError(
                f"golden features are of format {head['format']}, this VisiQC reads {FORMAT}; enrol the golden again"
            )
        views = tuple(
            _view(one, {k.removeprefix(f"{i}/"): a for k, a in arrays.items() if k.startswith(f"{i}/")})
            for i, one in enumerate(head["views"])
        )
        return GoldenBank(views, QualityLimits(**head["limits"]))
    except _UNREADABLE as err:
        raise IntegrityError("golden features cannot be read; enrol the golden again") from err


def _view_head(view: GoldenView) -> dict[str, Any]:
    place = view.target.bank.placement
    return {
        "name": view.name,
        "frame_size": view.frame_size,
        "photo_size": view.target.photo_size,
        "maps": len(view.maps),
        "embedded": len(view.embedded),
        "cards": [card and (*map(float, card.chromaticity), card.spread, card.patches) for card in view.cards],
        "alikeness": view.alikeness,
        "moving": view.moving,
        "placement": (place.x, place.y, place.radius),
    }


def _view_arrays(view: GoldenView) -> Arrays:
    target, rotations = view.target, view.target.bank
    arrays: Arrays = {
        "picture": target.picture,
        "mask": np.packbits(target.mask),
        "photo_to_align": target.photo_to_align,
        "frame_to_align": view.frame_to_align,
        "points": target.keys.points,
        "descriptors": target.keys.descriptors,
        "turns": rotations.features,
        "turn_weights": rotations.weights.astype(np.float16),
        "turn_mean": rotations.mean,
        "level8": target.levels[0].astype(np.float16),
        "level16": target.levels[1].astype(np.float16),
        "mean8": target.means[0],
        "mean16": target.means[1],
        "judged": view.judged,
        "basis_mean": view.basis.mean,
        "basis": view.basis.directions,
        "allowed": view.allowed,
        "turned": view.turned.astype(np.float16),
        "usual_change": view.usual_change,
        "pictures": view.pictures,
    }
    for n, packed in enumerate(view.maps):
        arrays |= {f"map{n}": packed.values, f"scale{n}": packed.scale}
    for n, levels in enumerate(view.embedded):
        for stride, packed in zip(_STRIDES, levels, strict=True):
            arrays |= {f"embed{stride}-{n}": packed.values, f"embed{stride}-scale{n}": packed.scale}
    return arrays


def _view(head: dict[str, Any], arrays: Arrays) -> GoldenView:
    picture = arrays["picture"]
    height, width = picture.shape[:2]
    rotations = RotationBank(
        placement=Placement(*head["placement"]),
        features=arrays["turns"],
        weights=arrays["turn_weights"].astype(np.float32),
        mean=arrays["turn_mean"],
    )
    target = AlignTarget(
        picture=picture,
        mask=np.unpackbits(arrays["mask"], count=height * width).reshape(height, width).astype(bool),
        photo_size=(head["photo_size"][0], head["photo_size"][1]),
        photo_to_align=arrays["photo_to_align"],
        keys=Keypoints(arrays["points"], arrays["descriptors"]),
        bank=rotations,
        levels=(arrays["level8"].astype(np.float32), arrays["level16"].astype(np.float32)),
        means=(arrays["mean8"], arrays["mean16"]),
    )
    return GoldenView(
        name=head["name"],
        frame_size=(head["frame_size"][0], head["frame_size"][1]),
        frame_to_align=arrays["frame_to_align"],
        target=target,
        judged=arrays["judged"],
        basis=Basis(arrays["basis_mean"], arrays["basis"]),
        maps=tuple(PackedMap(arrays[f"map{n}"], arrays[f"scale{n}"]) for n in range(head["maps"])),
        allowed=arrays["allowed"],
        alikeness=head["alikeness"],
        moving=head["moving"],
        turned=arrays["turned"].astype(np.float32),
        embedded=tuple(_embedding(arrays, n) for n in range(head["embedded"])),
        usual_change=arrays["usual_change"],
        pictures=arrays["pictures"],
        cards=tuple(card and CardReading(np.array(card[:2]), card[2], card[3]) for card in head["cards"]),
    )


def _embedding(arrays: Arrays, n: int) -> PackedMaps:
    fine, middle, coarse = (
        PackedMap(arrays[f"embed{stride}-{n}"], arrays[f"embed{stride}-scale{n}"]) for stride in _STRIDES
    )
    return fine, middle, coarse
