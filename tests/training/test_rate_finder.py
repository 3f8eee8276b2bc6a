from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tiny_learner import SETTINGS, TinyLearner, fitted, two_children, weights
from visiqc.errors import BadRecipe, InputError
from visiqc.training.fit_settings import FitSettings
from visiqc.training.rate_finder import FOUND_RATE, find_rate
from visiqc.training.rate_finding import propose, smoothed
from visiqc.training.tracking import Tracker


@pytest.mark.parametrize("tried", [61, 100, 200])
def test_the_rate_lies_where_the_loss_falls_fastest(tried: int) -> None:
    rates = np.geomspace(1e-6, 1, tried)
    losses = np.interp(np.log10(rates), [-6, -4, -3.2, -2.2, -1, 0], [2.0, 2.0, 1.8, 0.7, 0.5, 9.0])
    noise = 0.2 * np.random.default_rng(0).normal(size=tried)
    assert 5e-4 < propose(rates, losses + noise).rate < 6e-3


def test_too_few_losses_are_refused() -> None:
    with pytest.raises(InputError, match="at least 10 finite losses, got 3; begin with a lower rate"):
        propose([1, 2, 3], [1, 2, 3])


def test_a_smoothed_constant_is_that_constant() -> None:
    assert smoothed([2.0] * 5) == pytest.approx([2.0] * 5)


def test_a_search_leaves_the_weights_as_they_were() -> None:
    learner = TinyLearner(noisy=False)
    before = weights(learner)
    finding = find_rate(learner, FitSettings(**SETTINGS), seed=1)
    assert 1e-5 < finding.rate < 1
    assert weights(learner) == before


def test_a_search_goes_on_with_batches_of_epochs_that_it_does_not_start() -> None:
    started, drawn = list[int](), list[int]()

    class Noting(TinyLearner):
        def start_epoch(self, epoch: int) -> None:
            super().start_epoch(epoch)
            started.append(epoch)

        def batches(self, epoch: int, *, rank: int, world: int) -> Any:
            drawn.append(epoch)
            return super().batches(epoch, rank=rank, world=world)

    find_rate(Noting(), FitSettings(**SETTINGS), seed=1, steps=20)
    assert (started, drawn) == ([0], [0, 1, 2, 3])


def test_a_loss_that_breaks_ends_the_search() -> None:
    class Fragile(TinyLearner):
        def loss(self, batch: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
            loss, parts = super().loss(batch)
            self.seen = getattr(self, "seen", 0) + 1
            return loss * (torch.inf if self.seen > 30 else 1), parts

    assert len(find_rate(Fragile(), FitSettings(**SETTINGS), seed=1).rates) == 30


def test_a_fit_takes_the_found_rate_and_a_resumed_one_the_same(tmp_path: Path) -> None:
    result = fitted(tmp_path, tracker=Tracker(tmp_path), epochs=1, find_rate=True)
    found = json.loads((tmp_path / FOUND_RATE).read_text())["rate"]
    assert (tmp_path / "figures" / "rate-finder.png").exists()
    assert result.history[0]["rate"] == pytest.approx(found * 0.01, rel=0.01)  # where the cosine ends
    (tmp_path / FOUND_RATE).write_text('{"rate": 0.5}')
    (tmp_path / "checkpoint.pt").unlink()
    assert fitted(tmp_path, epochs=1, find_rate=True).history[0]["rate"] == pytest.approx(0.005, rel=0.01)


@pytest.mark.slow
def test_several_processes_go_on_with_the_rate_that_one_has_found(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / FOUND_RATE).write_text('{"rate": 0.25}')
    (first, _), (second, _) = two_children(tmp_path, "epochs=1", "find_rate=true", "noisy=false")
    assert first == second
    (row,) = torch.load(tmp_path / "0" / "checkpoint.pt")["state"]["at"]["history"]
    assert row["rate"] == pytest.approx(0.0025, rel=0.01)  # where the cosine ends


def test_several_processes_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def alone(*_: Any) -> None:
        """In place of meeting processes that are not there."""

    monkeypatch.setattr("visiqc.training.devices._join", alone)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(BadRecipe, match=r"find it with one, then set fit\.rate"):
        find_rate(TinyLearner(), FitSettings(**SETTINGS), seed=1)
