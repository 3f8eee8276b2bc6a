"""One photo from nothing but its `Shot`: piece, specimen, defect, dirt, light, camera, picture, ground truth."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visiqc.rendering import masks
from visiqc.rendering.approval import approvable
from visiqc.rendering.catalogue import to_dict
from visiqc.rendering.circumstances import circumstances, numbers, specimen_numbers
from visiqc.rendering.defects.catalogue import KINDS, make_defect, possible
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.design import Design
from visiqc.rendering.develop import develop, metered, plain
from visiqc.rendering.dirt import dirt
from visiqc.rendering.engine import denoised, path_traced, variant
from visiqc.rendering.gems import dispersion, refraction
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.lights import STUDIO_LIGHTS
from visiqc.rendering.piece import Piece
from visiqc.rendering.scene import load_scene, sensor, shape_key
from visiqc.rendering.shots import Shot, ShotRole
from visiqc.rendering.specimen import specimen
from visiqc.rendering.tracing import first_hits, guides, seen_through
from visiqc.rendering.twins import diverges, twin_piece
from visiqc.vision.types import FloatArray, Mask, Photo

_TRIES = 3
"""Places tried for a defect before it is recorded as not visible."""
_FEWEST_PX = 12.0
"""Visible defects cover as many pixels of a 512 px photo."""
_LOWEST_CONTRAST, _OVER_NOISE = 3.0, 1.4
"""Grey levels by which a visible defect differs from the good piece on average, and how many times as much as two
renderings of the good piece differ there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """A photo and its ground truth.

    Attributes:
        photo: (H, W, 3) uint8 sRGB, before JPEG.
        label: (H, W) uint8: 0 ground, 64 product, 128 changed by the defect elsewhere, 255 defect.
        record: `planned`: what the shot and its seed decided; `measured`: what the picture shows.
        jpeg_quality: Of the phone.
        seconds: CPU seconds by stage.
    """

    photo: Photo
    label: NDArray[np.uint8]
    record: dict[str, Any]
    jpeg_quality: int
    seconds: Mapping[str, float]


def photograph(shot: Shot) -> Photograph:
    """Take one photo.

    Raises:
        InputError: The design cannot be made.
        BadRecipe: The shot names a light, ground or defect that does not exist.
        Unavailable: Mitsuba is not installed.
    """
    if shot.role is not ShotRole.GOLDEN:
        return _Session(shot).taken()
    # A brand looks at a golden photo before it approves it, and takes it again under another lamp.
    lights = [shot.light, *(name for name in STUDIO_LIGHTS if name != shot.light)]
    for attempt, light in enumerate(lights):
        taken = _Session(replace(shot, light=light, seed=shot.seed + attempt)).taken()
        if approvable(taken.photo, taken.label == masks.PRODUCT_LABEL):
            break
    return taken


class _Session:
    """One photo being taken: what is drawn for it, and the time each stage takes."""

    def __init__(self, shot: Shot) -> None:
        self.shot = shot
        self.seconds: dict[str, float] = defaultdict(float)
        with self._timed("geometry"):
            self.good = specimen(_built(shot.design), specimen_numbers(shot))
        with self._timed("textures"):
            self.around = circumstances(shot, self.good, framed_on=_built(shot.product or shot.design))

    def taken(self) -> Photograph:
        eye = sensor(replace(self.around.camera, aperture_mm=0.0), self.shot.side_px)
        with self._timed("load"):
            bare = self._loaded(self.good)
        with self._timed("first hits"):
            sight = first_hits(bare, eye, side_px=self.shot.side_px)
        made = self._damaged(sight, eye) if self.shot.role is ShotRole.DEFECTIVE else None
        piece = self._dusty(made.damage.piece if made else self.good, sight)
        taken = self._rendered(piece, sight)
        gain = metered(taken.light, self.around.ground.grey)
        with self._timed("develop"):
            photo = develop(taken.light, self.around.phone, gain_ev=gain, rng=numbers(self.shot, "noise"))
        measured, label = self._truth(made, sight, taken, gain)
        record = {"planned": self._planned(), "measured": measured | {"renderer": variant()}}
        return Photograph(
            photo=photo,
            label=label,
            record=record,
            jpeg_quality=self.around.phone.jpeg_quality,
            seconds=dict(self.seconds),
        )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.seconds[stage] += time.process_time() - start

    def _loaded(self, piece: Piece) -> Any:
        return load_scene(
            piece, self.shot.design.look, self.around.setting, self.around.camera, side_px=self.shot.side_px
        )

    def _dusty(self, piece: Piece, sight: FirstHits) -> Piece:
        with self._timed("dirt"):
            rng = numbers(self.shot, "dirt")
            return dirt(piece, sight, rng, float(rng.beta(1.4, 2.2)))

    def _damaged(self, sight: FirstHits, eye: Mapping[str, Any]) -> _Made | None:
        """The defect, at the place of a few where most of it is seen; another kind where this one has no place."""
        subject = Subject(design=self.shot.design, piece=self.good, sight=sight)
        rng = numbers(self.shot, "defect")
        others = [kind for kind in possible(self.shot.design, self.good) if kind != self.shot.defect]
        kinds = [self.shot.defect, *(str(kind) for kind in rng.permutation(others))]
        for kind in kinds:
            best: _Made | None = None
            for _ in range(_TRIES):
                with self._timed("defect"):
                    damage = make_defect(kind, subject, self.shot.severity, rng)
                if damage is None:
                    continue  # nothing at this spot; another may do
                made = self._masked(damage, sight, eye)
                best = made if best is None or made.mask.sum() > best.mask.sum() else best
                if best.mask.sum() >= self._fewest_px:
                    break
            if best is not None:
                return best
        return None

    def _masked(self, damage: Damage, sight: FirstHits, eye: Mapping[str, Any]) -> _Made:
        side = self.shot.side_px
        with self._timed("load"):
            scene = self._loaded(damage.piece)
        with self._timed("first hits"):
            hits = first_hits(scene, eye, side_px=side)
            seen = None
            if damage.rule is Rule.SEEN_THROUGH:
                (crack,) = damage.touched
                glass = refraction(damage.piece)
                seen = seen_through(scene, eye, shape_key(crack), glass, side_px=side)
            mask = masks.defect_mask(damage, sight, hits, seen=seen)
        return _Made(damage, hits, mask)

    @property
    def _fewest_px(self) -> float:
        return _FEWEST_PX * (self.shot.side_px / 512) ** 2

    def _rendered(self, piece: Piece, sight: FirstHits) -> _Taken:
        with self._timed("load"):
            scene = self._loaded(piece)
        with self._timed("trace"):
            fire = dispersion(self.good, sight)
            traced = path_traced(scene, samples=self.shot.samples, seed=self._seed, dispersion=fire)
        with self._timed("guides"):
            albedo, normal = guides(scene, seed=self._seed, decals=_decals(piece))
        with self._timed("denoise"):
            light = denoised(traced.radiance, albedo, normal)
        return _Taken(light, traced.first, albedo, normal)

    @property
    def _seed(self) -> int:
        return self.shot.seed % 10**6

    def _truth(
        self, made: _Made | None, sight: FirstHits, taken: _Taken, gain: float
    ) -> tuple[dict[str, Any], NDArray[np.uint8]]:
        """What the photo shows, and its label image."""
        if made is None:
            product = masks.product_mask(sight, self.good)
            nothing = np.zeros_like(product)
            return {"product_px": int(product.sum())}, masks.label_image(product, nothing, nothing)
        before = masks.product_mask(sight, self.good)
        product = masks.product_mask(made.hits, made.damage.piece) | (before & made.mask)
        band, contrast, noise = self._compared(made, sight, taken, gain)
        area = int(made.mask.sum())
        damage = made.damage
        measured = {
            "defect": damage.kind,
            "code": KINDS[damage.kind].code,
            "severity": round(damage.severity, 3),
            "size_mm": round(float(damage.size_mm), 3),
            "parts": sorted(damage.touched),
            "visible": bool(area >= self._fewest_px and contrast >= max(_LOWEST_CONTRAST, _OVER_NOISE * noise)),
            "area_px": area,
            "product_px": int(product.sum()),
            "area_share": round(area / max(1, int(product.sum())), 6),
            "box": masks.box_of(made.mask),
            "contrast": round(contrast, 2),
            "contrast_noise": round(noise, 2),
            "ignore_px": int(band.sum()),
        }
        return measured, masks.label_image(product, band, made.mask)

    def _compared(self, made: _Made, sight: FirstHits, taken: _Taken, gain: float) -> tuple[Mask, float, float]:
        """The ignore band, how much the defect shows against the piece without it, and how much of that is noise.

        All from one pass of few samples with one seed: where light does not meet the defect, the two are equal.
        """
        with self._timed("twin"):
            piece = self._dusty(twin_piece(self.good, made.damage), sight)
            scene = self._loaded(piece)
            albedo, normal = guides(scene, seed=self._seed, decals=_decals(piece))

            def first(seed: int) -> FloatArray:
                fire = dispersion(self.good, sight)
                return path_traced(scene, samples=8, seed=seed, dispersion=fire, first_only=True).first

            def shown(light: FloatArray, *guide: FloatArray) -> Photo:
                return develop(denoised(light, *guide), plain(self.around.phone), gain_ev=gain, rng=None)

            good = first(self._seed)
            twin = shown(good, albedo, normal)
            band = masks.ignore_band(good, taken.first, made.mask)
            contrast = masks.contrast(twin, shown(taken.first, taken.albedo, taken.normal), made.mask)
            noise = 0.0
            if diverges(self.good, made.damage):
                noise = masks.contrast(twin, shown(first(self._seed + 10**6), albedo, normal), made.mask)
        return band, contrast, noise

    def _planned(self) -> dict[str, Any]:
        shot = self.shot
        return {
            "sku": shot.sku,
            "name": shot.name,
            "role": str(shot.role),
            "design": to_dict(shot.design),
            "pose": str(shot.pose),
            "turn_deg": round(shot.turn_deg, 3),
            "seed": shot.seed,
            "side_px": shot.side_px,
            "samples": shot.samples,
            "defect": shot.defect or None,
            "severity": round(shot.severity, 4),
            "attribute": shot.attribute or None,
            "camera": self.around.camera.record(),
            "light": self.around.light.record(),
            "ground": self.around.ground.name,
            "stand": self.around.setting.stand is not None,
            "card": self.around.setting.card is not None,
            "phone": self.around.phone.record(),
        }


@dataclass(frozen=True, slots=True)
class _Taken:
    """A rendered photo: its light, that of its first pass with the noise, and the denoiser's guides."""

    light: FloatArray
    first: FloatArray
    albedo: FloatArray
    normal: FloatArray


@dataclass(frozen=True, slots=True)
class _Made:
    """A defect as the camera sees it."""

    damage: Damage
    hits: FirstHits
    mask: Mask


@functools.lru_cache(maxsize=3)
def _built(design: Design) -> Piece:
    return design.build()


def _decals(piece: Piece) -> dict[str, Any]:
    return {shape_key(name): part.decal for name, part in piece.parts.items() if part.decal is not None}
