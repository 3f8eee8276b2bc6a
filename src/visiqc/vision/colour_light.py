"""What light and white balance changed between a golden photo and an upload, and how sure that is.

All colours here are two numbers, ln(R/G) and ln(B/G) in linear light; a change of light adds the same vector to every
part of a photo. The vector is not known: the ground under the piece tells it only where it is the same surface, which
is a question of chance; metal mirrors a part of that ground; phones differ in contrast and saturation, which moves a
colour along its own tint. A Gaussian model with a mixture over *same surface / another one* puts these together:

    w ~ N(0, prior)                                      light and balance, golden to upload
    ground = w + s,   s ~ same: N(0, small) | other: N(0, wide)
    part   = w + mirrored · s + noise,   noise ~ N(0, floor + tint tintᵀ + s sᵀ)

Its dozen numbers are fitted by maximum likelihood to good photos (`training/fit_colour.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]  # (2,)
Square = NDArray[np.float64]  # (2, 2)
_CARD_NOISE = 0.02
"""Standard deviation of what two readings of a card differ by under one light: patches, noise, tone curve."""
_DISAGREEMENT = 0.5
"""How much of the goldens' own variance is added to that of what they agree on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LightModel:
    """The numbers of the model; standard deviations in units of ln(ratio) unless said otherwise.

    Attributes:
        axis_deg: Direction, in the plane of ln(R/G) and ln(B/G), in which colour temperature moves.
        kelvin: Of light and balance along that direction.
        green: Of light and balance in any direction.
        same: By which two photos of one surface differ, light taken out.
        other: By which two surfaces differ; √3 of it along the axis.
        shared: Chance that the surface is the same, before anything is seen.
        mirrored: Share of the ground's change that shows in the metal.
        mirrored_noise: By which that share varies.
        floor: Of a part's colour in any direction.
        floor_kelvin: The same along the axis: lamps of several colours.
        tint: Of the part's own tint, share: contrast and saturation of phones.
        no_ground: In any direction where no ground is seen, which is where the mask of the product fails.
        stone_follows: Share of the metal's unexplained change that stones show too.
        stone_noise: Of stones in any direction: facets show now one part of the room, now another.
        another: By which a part of another colour differs.
    """

    axis_deg: float
    kelvin: float
    green: float
    same: float
    other: float
    shared: float
    mirrored: float
    mirrored_noise: float
    floor: float
    floor_kelvin: float
    tint: float
    no_ground: float = 0.30
    stone_follows: float = 0.25
    stone_noise: float = 0.10
    another: float = 0.18

    @property
    def along(self) -> Square:
        """(2, 2) projection on the axis of colour temperature."""
        axis = np.array([np.cos(np.deg2rad(self.axis_deg)), np.sin(np.deg2rad(self.axis_deg))])
        return np.outer(axis, axis)

    @property
    def prior(self) -> Square:
        """(2, 2) covariance of light and balance before anything is seen."""
        return np.asarray(self.kelvin**2 * self.along + self.green**2 * np.eye(2))

    @property
    def other_surface(self) -> Square:
        """(2, 2) covariance between two surfaces."""
        return np.asarray(self.other**2 * (np.eye(2) + 2 * self.along))


FITTED = LightModel(
    axis_deg=117.9,
    kelvin=0.100,
    green=0.041,
    same=0.035,
    other=0.278,
    shared=0.786,
    mirrored=0.40,
    mirrored_noise=0.17,
    floor=0.010,
    floor_kelvin=0.030,
    tint=0.119,
)
"""Means of the fits to even and to odd designs of three sets of train renders, 926 pairs of good photos, with the
mixture's own likelihood; training/fit_colour.py, on `train_small` alone and with the report's own Gaussian, comes
within a fifth of all but `floor_kelvin`. What has a default above was chosen by recall on train designs, not fitted."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A vector with how sure it is.

    Attributes:
        mean: (2,) change of ln(R/G) and ln(B/G).
        covariance: (2, 2).
    """

    mean: Vector
    covariance: Square

    def evidence(self, another: float) -> float:
        """Ln of how much likelier the vector is of another colour than of the same.

        Args:
            another: Standard deviation by which another colour differs.
        """
        wide = self.covariance + another**2 * np.eye(2)
        return float(_log_density(self.mean, wide) - _log_density(self.mean, self.covariance))

    def log_density(self) -> float:
        """Ln of how likely the vector is if nothing but what the covariance holds is behind it."""
        return _log_density(self.mean, self.covariance)


@dataclass(frozen=True, slots=True)
class LightChange:
    """What a part of unchanged colour is expected to change by, one golden to the upload.

    Attributes:
        expected: Change of the metal, its own noise left out.
        shared_ground: Chance that both lie on one surface; None without ground.
        carded: Whether a card told the light.
    """

    expected: Shift
    shared_ground: float | None
    carded: bool


def light_change(ground: ArrayLike | None, card: ArrayLike | None, model: LightModel = FITTED) -> LightChange:
    """What light, balance and mirrored ground do to the metal's colour.

    Args:
        ground: (2,) upload less golden, median of the ground; None where either shows none.
        card: (2,) upload less golden, the neutral card; None where either shows none.
        model: The numbers.
    """
    start = _balanced(Shift(np.zeros(2), model.prior), card)
    if ground is None:
        return LightChange(_widened(start, model.no_ground), None, card is not None)
    same = _with_ground(start, np.asarray(ground, np.float64), model.same**2 * np.eye(2), model)
    other = _with_ground(start, np.asarray(ground, np.float64), model.other_surface, model)
    odds = np.log(model.shared / (1 - model.shared)) + same[1] - other[1]
    chance = float(1 / (1 + np.exp(-np.clip(odds, -50, 50))))
    return LightChange(_mixed(same[0], other[0], chance), chance, card is not None)


def ground_likelihood(ground: ArrayLike, model: LightModel) -> float:
    """Ln of how likely a change (2,) of the ground is, over both whether it is one surface or not."""
    change = np.asarray(ground, np.float64)
    same = _log_density(change, model.prior + model.same**2 * np.eye(2))
    other = _log_density(change, model.prior + model.other_surface)
    return float(np.logaddexp(np.log(model.shared) + same, np.log(1 - model.shared) + other))


def unexplained(change: ArrayLike, light: LightChange, tint: ArrayLike, model: LightModel = FITTED) -> Shift:
    """What of a metal's change light does not explain.

    Args:
        change: (2,) upload less golden, median of the metal.
        light: What `light_change` expects.
        tint: (2,) the metal's own ln(R/G) and ln(B/G).
        model: The numbers.
    """
    own = np.asarray(tint, np.float64)
    noise = model.floor**2 * np.eye(2) + model.floor_kelvin**2 * model.along + model.tint**2 * np.outer(own, own)
    mean = np.asarray(change, np.float64) - light.expected.mean
    return Shift(mean, light.expected.covariance + noise)


def agreed(shifts: Sequence[Shift]) -> Shift:
    """One shift of those seen against several goldens: each counts by how sure it is.

    Goldens do not make it surer, only better founded, since the upload's own errors are the same against all; where
    they disagree, it is less sure than each of them.
    """
    weights = np.array([np.linalg.inv(shift.covariance) for shift in shifts])
    pulled = np.array([weight @ shift.mean for weight, shift in zip(weights, shifts, strict=True)])
    covariance = np.linalg.inv(weights.mean(axis=0))
    mean = covariance @ pulled.mean(axis=0)
    counts = np.trace(weights, axis1=1, axis2=2)
    off = np.array([shift.mean for shift in shifts]) - mean
    return Shift(mean, covariance + _DISAGREEMENT * (off.T * counts) @ off / counts.sum())


def _balanced(prior: Shift, card: ArrayLike | None) -> Shift:
    """Light and balance once the card is read."""
    if card is None:
        return prior
    gain = prior.covariance @ np.linalg.inv(prior.covariance + _CARD_NOISE**2 * np.eye(2))
    return Shift(gain @ np.asarray(card, np.float64), prior.covariance - gain @ prior.covariance)


def _with_ground(light: Shift, ground: Vector, surface: Square, model: LightModel) -> tuple[Shift, float]:
    """The metal's expected change if two surfaces differ by `surface`, and ln of how likely the ground is then."""
    total = light.covariance + surface
    gain = light.covariance @ np.linalg.inv(total)
    found = light.mean + gain @ (ground - light.mean)
    left = light.covariance - gain @ light.covariance
    surplus = ground - found
    varying = np.outer(surplus, surplus) + 0.25 * float(surplus @ surplus) * np.eye(2)
    covariance = (1 - model.mirrored) ** 2 * left + model.mirrored_noise**2 * varying
    return Shift(found + model.mirrored * surplus, covariance), _log_density(ground - light.mean, total)


def _mixed(one: Shift, two: Shift, chance: float) -> Shift:
    """The Gaussian with the mixture's mean and covariance."""
    apart = one.mean - two.mean
    mean = chance * one.mean + (1 - chance) * two.mean
    within = chance * one.covariance + (1 - chance) * two.covariance
    return Shift(mean, within + chance * (1 - chance) * np.outer(apart, apart))


def _widened(shift: Shift, deviation: float) -> Shift:
    return Shift(shift.mean, shift.covariance + deviation**2 * np.eye(2))


def _log_density(at: Vector, covariance: Square) -> float:
    return float(-0.5 * at @ np.linalg.solve(covariance, at) - 0.5 * np.log(np.linalg.det(covariance)))
