"""Fit the numbers of the light model to good photos: what light, ground, phones and rooms do to an unchanged piece."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from visiqc.errors import InputError
from visiqc.training.colour_frames import LaidPhoto, LaidProduct, digest_of_sets, laid_products
from visiqc.training.recipes import RunResult
from visiqc.vision.colour_light import FITTED, LightModel, ground_likelihood, light_change, unexplained
from visiqc.vision.colour_measure import reduced_frame, reduced_mask
from visiqc.vision.colour_parts import find_parts, medians, tints

Vector = NDArray[np.float64]
_FEWEST = 50
"""Pairs of good photos that a fit needs."""
_GROSS, _GROSS_SPREAD = 0.03, 0.35
"""Share of pairs whose parts were not found, and how far those are off: they must not widen the rest."""
_LOGARITHMIC = ("kelvin", "green", "same", "other", "mirrored_noise", "floor", "floor_kelvin", "tint")


@dataclass(frozen=True, kw_only=True)
class ColourRecipe:
    """All that decides the light model."""

    photos: tuple[Path, ...]
    """Sets that `visiqc render` made; their golden and good photos are used, and nothing else."""
    out: Path = Path("light_model.json")
    """Where the numbers are written; what ships is `visiqc.vision.colour_light.FITTED`."""
    designs: str = "all"
    """`even`, `odd` or `all` numbers of the SKUs: the other half is left to be judged by."""
    long_side: int = 384
    """Of the golden frame."""
    rounds: int = 4
    """Rounds of the search."""


@dataclass(frozen=True, slots=True)
class Change:
    """What changed from a golden to a good photo of the same piece, in ln(R/G) and ln(B/G).

    Attributes:
        metal: (2,) of the metal.
        ground: (2,) of the ground; None where either shows none.
        tint: (2,) the metal's own.
    """

    metal: Vector
    ground: Vector | None
    tint: Vector


def fit_colour(recipe: ColourRecipe) -> RunResult:
    """Fit the light model by maximum likelihood, and write it.

    Raises:
        InputError: Too few good photos, or a set that is not finished.
    """
    changes = [
        change
        for folder in recipe.photos
        for product in laid_products(folder, long_side=recipe.long_side)
        if _chosen(product.sku, recipe.designs)
        for change in changes_of(product)
    ]
    if len(changes) < _FEWEST:
        raise InputError(f"the light model needs at least {_FEWEST} pairs of good photos, got {len(changes)}")
    model = fitted(changes, rounds=recipe.rounds)
    recipe.out.write_text(json.dumps(asdict(model), indent=1) + "\n", encoding="utf-8")
    metrics = {"pairs": float(len(changes)), "mean_log_likelihood": likelihood(changes, model)}
    return RunResult(metrics=metrics, artifacts=(recipe.out,), data_digest=digest_of_sets(recipe.photos))


def changes_of(product: LaidProduct) -> list[Change]:
    """Every good photo against every golden, and the goldens, which have lights of their own, against each other."""
    goldens = product.goldens
    found = _changes(goldens, [photo for photo in product.uploads if photo.item.role == "good"], product)
    if len(goldens) > 2:  # parts are found from the others, as they are when an upload is judged
        for number, photo in enumerate(goldens):
            found += _changes((*goldens[:number], *goldens[number + 1 :]), [photo], product)
    return found


def fitted(changes: Sequence[Change], *, rounds: int, start: LightModel = FITTED) -> LightModel:
    """The model under which the changes are likeliest."""

    def loss(numbers: Vector) -> float:
        return -likelihood(changes, _unpacked(numbers, start))

    found = minimize(loss, _packed(start), method="Powell", options={"maxiter": rounds, "xtol": 1e-2, "ftol": 1e-4})
    return _unpacked(np.asarray(found.x), start)


def likelihood(changes: Sequence[Change], model: LightModel) -> float:
    """Mean over the changes of ln p(ground) + ln p(metal | ground)."""
    gross = np.log(_GROSS) - np.log(2 * np.pi * _GROSS_SPREAD**2)
    total = 0.0
    for change in changes:
        left = unexplained(change.metal, light_change(change.ground, None, model), change.tint, model)
        far = gross - 0.5 * float(left.mean @ left.mean) / _GROSS_SPREAD**2
        total += float(np.logaddexp(np.log(1 - _GROSS) + left.log_density(), far))
        if change.ground is not None:
            total += ground_likelihood(change.ground, model)
    return total / len(changes)


def _changes(goldens: Sequence[LaidPhoto], uploads: Sequence[LaidPhoto], product: LaidProduct) -> list[Change]:
    known = [tints(reduced_frame(photo.frame)) for photo in goldens]
    parts = find_parts(known, product=reduced_mask(product.product, known[0].sound.shape), surroundings=None)
    before = [medians(one, parts) for one in known]
    found = []
    for photo in uploads:
        now = medians(tints(reduced_frame(photo.frame)), parts)
        for one in before:
            if now.metal is not None and one.metal is not None:
                grounded = now.ground is not None and one.ground is not None
                ground = np.subtract(now.ground, one.ground) if grounded else None  # type: ignore[arg-type]  # both are
                found.append(Change(now.metal - one.metal, ground, parts.tint))
    return found


def _chosen(sku: str, designs: str) -> bool:
    number = int("".join(letter for letter in sku if letter.isdigit()) or 0)
    return designs == "all" or (number % 2 == 0) == (designs == "even")


def _packed(model: LightModel) -> Vector:
    logs = [np.log(getattr(model, name)) for name in _LOGARITHMIC]
    return np.array([*logs, np.deg2rad(model.axis_deg), np.log(model.shared / (1 - model.shared)), model.mirrored])


def _unpacked(numbers: Vector, start: LightModel) -> LightModel:
    count = len(_LOGARITHMIC)
    scales = {
        name: float(np.exp(np.clip(value, -7, 1))) for name, value in zip(_LOGARITHMIC, numbers[:count], strict=True)
    }
    axis, odds, mirrored = (float(value) for value in numbers[count:])
    shared = float(1 / (1 + np.exp(-np.clip(odds, -5, 5))))
    return replace(start, **scales, axis_deg=float(np.rad2deg(axis)), shared=shared, mirrored=mirrored)
