"""Signet ring: a broad flat table, with or without a monogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.design import Look
from visiqc.rendering.engraving import engraved
from visiqc.rendering.families.finger_ring import FingerRing, drawn_band
from visiqc.rendering.mesh import Points
from visiqc.rendering.piece import Piece, laid
from visiqc.rendering.signets import GAUGES, SignetBody

_MONOGRAMS = (
    "A",
    "B",
    "E",
    "G",
    "H",
    "J",
    "K",
    "L",
    "M",
    "R",
    "S",
    "T",
    "V",
    "W",
    "AB",
    "JM",
    "L.K",
    "R&S",
    "VII",
    "XX",
    "&",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignetRing(FingerRing):
    """A signet ring.

    Attributes:
        table: Outline of the table, a key in `signets.GAUGES`.
        table_mm: Its size along the finger.
        table_share: Its size round the finger over that along it.
        rise: How much thicker the ring is under the table, mm.
        flank: How steeply it falls off beside the table.
        text: Monogram on the table; empty = none.
        letter_share: Height of a capital over the table's size.
        lettering: Seed of typeface and weight.
        border: Whether a line runs inside the table's edge.

    Raises:
        InputError: A table broader than the finger carries, or narrower than the band.
    """

    table: str = "oval"
    table_mm: float = 12.0
    table_share: float = 0.85
    rise: float = 1.0
    flank: float = 1.8
    text: str = ""
    letter_share: float = 0.45
    lettering: int = 0
    border: bool = False

    def __post_init__(self) -> None:
        self.check_band()
        if self.table not in GAUGES:
            raise InputError(f"unknown table {self.table!r}; known are {', '.join(GAUGES)}")
        most = 1.55 * self.inner_radius
        if not max(self.width, 5.0) <= self.table_mm <= most + 3 or self.table_mm * self.table_share > most:
            raise InputError(
                f"impossible geometry: a table {self.table_mm:.2f} × {self.table_mm * self.table_share:.2f} mm on a "
                f"band {self.width:.2f} mm wide round {2 * self.inner_radius:.2f} mm; it takes {self.width:.2f} to "
                f"{most:.2f} mm"
            )

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        """From a small pinky ring to a broad oval."""
        table = str(rng.choice(list(GAUGES), p=(0.22, 0.3, 0.22, 0.16, 0.1)))
        band = drawn_band(rng, width=(2.4, 4.5), thickness=(1.4, 2.0), profiles=("court",))
        share = 1.0 if table == "round" else float(rng.uniform(0.72, 0.9) if table == "oval" else rng.uniform(0.8, 1.0))
        return cls(
            **band,
            table=table,
            table_mm=round(float(rng.uniform(7.5, min(14.5, 1.5 * band["inner_radius"]))), 2),
            table_share=round(share, 3),
            rise=round(float(rng.uniform(0.3, 1.5)), 2),
            flank=round(float(rng.uniform(1.3, 2.8)), 2),
            text=str(rng.choice(_MONOGRAMS)) if rng.random() < 0.65 else "",
            letter_share=round(float(rng.uniform(0.35, 0.55)), 2),
            lettering=int(rng.integers(1 << 31)),
            border=bool(rng.random() < 0.3),
        )

    def build(self, look: Look) -> Piece:
        """The piece."""
        hammer = np.random.default_rng(self.blows) if look.finish == "hammered" else None
        shank = self.shank(self.body.mesh(hammer, dimple_mm=self.dimple_mm))
        piece = self.photographed([shank], fill=0.66)
        if not (self.text or self.border):
            return piece
        decal = engraved(
            self.text,
            centre=np.array([0, 0, self.outer_radius + self.body.table_height]),
            normal=np.array([0.0, 0.0, 1.0]),
            across=np.array([1.0, 0.0, 0.0]),
            size_mm=1.02 * max(self.table_mm, self.table_mm * self.table_share),
            height_mm=self.letter_share
            * min(self.table_mm, self.table_mm * self.table_share)
            / max(1, len(self.text)) ** 0.5,
            rng=np.random.default_rng(self.lettering),
            depth_mm=0.12,
            border=[self._border()] if self.border else [],
        )
        return laid(piece, decal, only=("shank",))

    @property
    def body(self) -> SignetBody:
        """The ring's measures."""
        return SignetBody(
            inner_radius=self.inner_radius,
            width=self.width,
            thickness=self.thickness,
            table=self.table,
            across=self.table_mm * self.table_share,
            along=self.table_mm,
            rise=self.rise,
            flank=self.flank,
        )

    def _border(self) -> Points:
        """(N, 2) mm: where the table's gauge is 0.87."""
        angle = np.linspace(0, 2 * np.pi, 361)[:-1]
        way = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        half = np.array([self.table_share, 1.0]) * self.table_mm / 2
        reach = np.linspace(0.05, 1.5, 600)[None, :, None] * way[:, None] * half.max()
        gauge = GAUGES[self.table](reach[..., 0] / half[0], reach[..., 1] / half[1])
        return np.asarray(reach[np.arange(len(way)), np.argmax(gauge > 0.87, axis=1)])
