"""Find a learning rate: let it rise from nothing until the loss explodes, and look where the loss fell fastest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from visiqc.errors import BadRecipe
from visiqc.storage.disk import disk_errors
from visiqc.training.devices import Place, placed
from visiqc.training.fit_settings import FitSettings
from visiqc.training.rate_finding import RateFinding, propose, smoothed
from visiqc.training.run_folder import write_whole
from visiqc.training.seeding import seed_everything
from visiqc.training.stepper import Learner, NotFinite, Stepper
from visiqc.training.tracking import Tracker

FOUND_RATE = "found-rate.json"
"""The rate that was found, in the run's folder."""

EXPLODED = 4.0
"""The smoothed loss over its lowest at which the search ends."""


def find_rate(
    learner: Learner, settings: FitSettings, *, seed: int, steps: int = 100, low: float = 1e-7, high: float = 1.0
) -> RateFinding:
    """Try rates from `low` to `high` on real batches; the weights are put back afterwards.

    Args:
        learner: What will be trained.
        settings: How; its `rate` plays no part.
        seed: Of everything random.
        steps: How many rates, each with one batch.
        low: The lowest.
        high: The highest.

    Raises:
        BadRecipe: Several processes train together; let one alone find it first.
        InputError: The loss explodes at once, or there are too few batches.
    """
    with placed(settings) as place:
        if place.world > 1:
            raise BadRecipe(
                f"fit.find_rate works in one process, here are {place.world}; find it with one, then set fit.rate"
            )
        module = learner.module.to(place.device)
        before = {name: value.detach().clone() for name, value in module.state_dict().items()}
        try:
            rates, losses = _rise(
                learner, Stepper(learner, settings, place), seed=seed, ladder=_ladder(steps, low, high)
            )
        finally:
            module.load_state_dict(before)
    return propose(rates, losses)


def with_found_rate(
    learner: Learner, settings: FitSettings, folder: Path, tracker: Tracker, seed: int, *, place: Place
) -> FitSettings:
    """The settings with the rate that was found, now or before a kill.

    What one process found alone counts for several that go on from there: it stands in the first one's folder.

    Raises:
        BadRecipe: It is still to be found, and several processes train together.
        InputError: The loss explodes at once, or there are too few batches.
        Unavailable: It cannot be written.
    """
    kept = folder / FOUND_RATE
    rate = place.shared(_rate_in(kept) if place.leads else None)
    if rate is None:
        from visiqc.training.fit_plots import rate_curve  # matplotlib, only where there is something to draw

        finding = find_rate(learner, settings, seed=seed)
        tracker.figure(rate_curve(finding), "rate-finder.png")
        rate = finding.rate
        with disk_errors("the found rate cannot be kept"):
            write_whole(kept, json.dumps({"rate": rate}).encode())
    tracker.params({"found_rate": rate})
    return replace(settings, rate=rate, find_rate=False)


def _rate_in(kept: Path) -> float | None:
    try:
        return float(json.loads(kept.read_text(encoding="utf-8"))["rate"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _ladder(steps: int, low: float, high: float) -> list[float]:
    return [low * (high / low) ** (number / max(1, steps - 1)) for number in range(steps)]


def _rise(learner: Learner, stepper: Stepper, *, seed: int, ladder: list[float]) -> tuple[list[float], list[float]]:
    """The rates tried and their losses, up to where the loss explodes.

    With few batches in an epoch, those of later ones are taken too. None of them is started: what a learner makes
    ready for an epoch, and may keep in the run's folder, would be made with weights that are put back.
    """
    rates: list[float] = []
    losses: list[float] = []
    learner.module.train()
    learner.start_epoch(0)
    stepper.read_scales()
    epoch = 0
    while len(rates) < len(ladder):
        seed_everything(seed, epoch)
        came = len(rates)
        for batch in learner.batches(epoch, rank=0, world=1):
            try:
                found = stepper.step(batch, rate=ladder[len(rates)])
            except NotFinite:
                return rates, losses
            rates.append(ladder[len(rates)])
            losses.append(found["loss"] if found else 0.0)
            if _exploded(losses) or len(rates) == len(ladder):
                return rates, losses
        if len(rates) == came:
            break
        epoch += 1
    return rates, losses


def _exploded(losses: list[float]) -> bool:
    recent = losses[-10:]  # one batch alone may be an odd one
    return len(losses) > 20 and sum(recent) / 10 > EXPLODED * max(float(smoothed(losses[:-10]).min()), 1e-12)
