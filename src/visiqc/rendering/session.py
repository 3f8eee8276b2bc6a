"""A piece before the camera: what is drawn for one shot, and what is traced of it, with the time each stage takes."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from visiqc.rendering import masks
from visiqc.rendering.circumstances import circumstances, numbers, specimen_numbers
from visiqc.rendering.defects.catalogue import make_defect, possible
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.design import Design
from visiqc.rendering.develop import develop, plain
from visiqc.rendering.dirt import dirt
from visiqc.rendering.engine import denoised, path_traced
from visiqc.rendering.gems import dispersion, refraction
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.piece import Piece
from visiqc.rendering.scene import load_scene, sensor, shape_key
from visiqc.rendering.shots import Shot
from visiqc.rendering.specimen import specimen
from visiqc.rendering.tracing import first_hits, guides, seen_through
from visiqc.rendering.twins import diverges, twin_piece
from visiqc.rendering.window import Window
from visiqc.vision.types import FloatArray, Mask, Photo

_TRIES = 3
"""Places tried for a defect before it is recorded as not visible."""
_FEWEST_PX = 12.0
"""Visible defects cover as many pixels of a 512 px photo."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was traced of a photo or a window of it: its light, that of its first pass with the noise, and the
    denoiser's guides, (h, w, 3) float32 each.
    """

    light: FloatArray
    first: FloatArray
    albedo: FloatArray
    normal: FloatArray


@dataclass(frozen=True, slots=True)
class Made:
    """A defect as the camera sees it; `mask` is (H, H) bool."""

    damage: Damage
    hits: FirstHits
    mask: Mask


@dataclass(frozen=True, slots=True)
class Compared:
    """What a defect changes: the ignore band, (H, H) bool, how much it shows, and how much of that is noise."""

    band: Mask
    contrast: float
    noise: float


@dataclass(frozen=True, slots=True)
class View:
    """The good piece before one camera in one light."""

    sight: FirstHits
    taken: Taken


class Session:
    """One photo being taken: what is drawn for it, and the time each stage takes."""

    def __init__(self, shot: Shot) -> None:
        self.shot = shot
        self.seconds: dict[str, float] = defaultdict(float)
        with self.timed("geometry"):
            self.good = specimen(_built(shot.design), specimen_numbers(shot))
        with self.timed("textures"):
            self.around = circumstances(shot, self.good, framed_on=_built(shot.product or shot.design))

    def view(self) -> View:
        """The good piece, as its photo is before the phone."""
        sight = self.sight()
        return View(sight, self.rendered(self.good, sight, Window.whole(self.shot.side_px)))

    def sight(self) -> FirstHits:
        """What the camera sees of the good piece."""
        with self.timed("load"):
            bare = self._loaded(self.good)
        with self.timed("first hits"):
            return first_hits(bare, self._eye, side_px=self.shot.side_px)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the CPU time of the block to a stage's."""
        start = time.process_time()
        yield
        self.seconds[stage] += time.process_time() - start

    def _loaded(self, piece: Piece, window: Window | None = None) -> Any:
        look, side = self.shot.design.look, self.shot.side_px
        return load_scene(piece, look, self.around.setting, self.around.camera, side_px=side, window=window)

    def _dusty(self, piece: Piece, sight: FirstHits) -> Piece:
        with self.timed("dirt"):
            rng = numbers(self.shot, "dirt")
            return dirt(piece, sight, rng, float(rng.beta(1.4, 2.2)))

    def damaged(self, sight: FirstHits) -> Made | None:
        """The defect, at the place of a few where most of it is seen; another kind where this one has no place."""
        subject = Subject(design=self.shot.design, piece=self.good, sight=sight)
        rng = numbers(self.shot, "defect")
        others = [kind for kind in possible(self.shot.design, self.good) if kind != self.shot.defect]
        kinds = [self.shot.defect, *(str(kind) for kind in rng.permutation(others))]
        for kind in kinds:
            best: Made | None = None
            for _ in range(_TRIES):
                with self.timed("defect"):
                    damage = make_defect(kind, subject, self.shot.severity, rng)
                if damage is None:
                    continue  # nothing at this spot; another may do
                made = self._masked(damage, sight)
                best = made if best is None or made.mask.sum() > best.mask.sum() else best
                if best.mask.sum() >= self.fewest_px:
                    break
            if best is not None:
                return best
        return None

    def _masked(self, damage: Damage, sight: FirstHits) -> Made:
        side, eye = self.shot.side_px, self._eye
        with self.timed("load"):
            scene = self._loaded(damage.piece)
        with self.timed("first hits"):
            hits = first_hits(scene, eye, side_px=side)
            seen = None
            if damage.rule is Rule.SEEN_THROUGH:
                (crack,) = damage.touched
                glass = refraction(damage.piece)
                seen = seen_through(scene, eye, shape_key(crack), glass, side_px=side)
            mask = masks.defect_mask(damage, sight, hits, seen=seen)
        return Made(damage, hits, mask)

    @property
    def fewest_px(self) -> float:
        """Pixels that a visible defect covers."""
        return _FEWEST_PX * (self.shot.side_px / 512) ** 2

    def rendered(self, piece: Piece, sight: FirstHits, window: Window) -> Taken:
        """The piece, with the dust that lies on it, in a window of the photo."""
        piece = self._dusty(piece, sight)
        with self.timed("load"):
            scene = self._loaded(piece, window)
        with self.timed("trace"):
            fire = dispersion(self.good, sight)
            traced = path_traced(scene, samples=self.shot.samples, seed=self._seed, dispersion=fire)
        with self.timed("guides"):
            albedo, normal = guides(scene, seed=self._seed, decals=_decals(piece))
        with self.timed("denoise"):
            light = denoised(traced.radiance, albedo, normal)
        return Taken(light, traced.first, albedo, normal)

    @property
    def _seed(self) -> int:
        return self.shot.seed % 10**6

    def compared(self, made: Made, sight: FirstHits, taken: Taken, gain: float, window: Window) -> Compared:
        """The damaged piece against the same piece without its defect, inside the window.

        All from one pass of few samples with one seed: where light does not meet the defect, the two are equal.
        """
        with self.timed("twin"):
            piece = self._dusty(twin_piece(self.good, made.damage), sight)
            scene = self._loaded(piece, window)
            albedo, normal = guides(scene, seed=self._seed, decals=_decals(piece))
            mask = made.mask[window.place]

            def first(seed: int) -> FloatArray:
                fire = dispersion(self.good, sight)
                return path_traced(scene, samples=8, seed=seed, dispersion=fire, first_only=True).first

            def shown(light: FloatArray, *guide: FloatArray) -> Photo:
                return develop(denoised(light, *guide), plain(self.around.phone), gain_ev=gain, rng=None)

            good = first(self._seed)
            twin = shown(good, albedo, normal)
            band = masks.ignore_band(good, taken.first, mask)
            contrast = masks.contrast(twin, shown(taken.first, taken.albedo, taken.normal), mask)
            noise = 0.0
            if diverges(self.good, made.damage):
                noise = masks.contrast(twin, shown(first(self._seed + 10**6), albedo, normal), mask)
        return Compared(window.spread(band), contrast, noise)

    @property
    def _eye(self) -> Mapping[str, Any]:
        return sensor(replace(self.around.camera, aperture_mm=0.0), self.shot.side_px)


_shared: dict[Shot, View] = {}


def shared_view(shot: Shot) -> tuple[View, Mapping[str, float]]:
    """The view of a good shot, rendered once for all photos that follow and share it.

    Returns:
        The view, and the CPU seconds it took by stage; none where it was there already.
    """
    if shot in _shared:
        return _shared[shot], {}
    _shared.clear()  # one at a time: it holds what every ray of it hit
    session = Session(shot)
    _shared[shot] = session.view()
    return _shared[shot], session.seconds


@functools.lru_cache(maxsize=3)
def _built(design: Design) -> Piece:
    return design.build()


def _decals(piece: Piece) -> dict[str, Any]:
    return {shape_key(name): part.decal for name, part in piece.parts.items() if part.decal is not None}
