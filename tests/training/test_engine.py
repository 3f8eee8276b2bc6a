from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import yaml

import tiny_learner
from tiny_learner import SETTINGS, STEPS, TinyLearner, child, fitted, two_children, weights
from visiqc.errors import BadRecipe, Conflict, InputError, Unavailable
from visiqc.training import devices
from visiqc.training.devices import Place
from visiqc.training.fit_settings import FitSettings
from visiqc.training.run_folder import ranks_folder
from visiqc.training.stepper import NotFinite, Stepper, kept_batch
from visiqc.training.tracking import Tracker


def test_a_fit_ends_with_the_best_weights_loaded(tmp_path: Path) -> None:
    learner = TinyLearner()
    result = fitted(tmp_path, learner)
    assert result.epochs_run == 3
    assert not result.resumed
    scores = [row["val/score"] for row in result.history]
    assert result.best["val/score"] == max(scores) == scores[result.best_epoch]
    assert learner.validate()["score"] == pytest.approx(max(scores))
    assert set(result.best) == {"train/loss", "train/square", "val/score"}


def test_the_same_seed_gives_the_same_bits(tmp_path: Path) -> None:
    one, two = TinyLearner(), TinyLearner()
    fitted(tmp_path / "one", one)
    fitted(tmp_path / "two", two)
    assert weights(one) == weights(two)


@pytest.mark.parametrize("die", ["0,1", "1,4", "2,6"])
def test_a_killed_run_goes_on_and_ends_with_the_same_bits(tmp_path: Path, die: str) -> None:
    killed = child(tmp_path / "killed", f"die={die}")
    assert killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    resumed, whole = TinyLearner(), TinyLearner()
    result = fitted(tmp_path / "killed", resumed)
    fitted(tmp_path / "whole", whole)
    assert result.resumed is (die != "0,1")
    assert weights(resumed) == weights(whole)


def test_a_killed_run_with_a_running_mean_ends_the_same_too(tmp_path: Path) -> None:
    def stop(epoch: int, step: int) -> None:
        if (epoch, step) == (1, 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "stopped", TinyLearner(before_loss=stop), ema=0.9)
    resumed, whole = TinyLearner(), TinyLearner()
    fitted(tmp_path / "stopped", resumed, ema=0.9)
    fitted(tmp_path / "whole", whole, ema=0.9)
    assert weights(resumed) == weights(whole)


def test_a_learner_that_can_skip_is_not_asked_for_what_was_used(tmp_path: Path) -> None:
    firsts: list[int] = []

    class Skips(TinyLearner):
        def batches_from(self, first: int, epoch: int, *, rank: int, world: int) -> Any:
            firsts.append(first)
            return list(self.batches(epoch, rank=rank, world=world))[first:]

    def stop(epoch: int, step: int) -> None:
        if (epoch, step) == (1, 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "stopped", Skips(before_loss=stop, noisy=False))
    resumed, whole = Skips(noisy=False), TinyLearner(noisy=False)
    fitted(tmp_path / "stopped", resumed)
    fitted(tmp_path / "whole", whole)
    assert firsts == [2]
    assert weights(resumed) == weights(whole)


def test_a_finished_fit_is_not_run_again(tmp_path: Path) -> None:
    first, again = TinyLearner(), TinyLearner()
    before = fitted(tmp_path, first)
    result = fitted(tmp_path, again)
    assert (result.resumed, result.epochs_run, result.best) == (True, 3, before.best)
    assert weights(first) == weights(again)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    fitted(tmp_path, digest="one")
    with pytest.raises(Conflict, match=r"another recipe or other data .*start over with --fresh"):
        fitted(tmp_path, digest="two")


def test_a_loss_that_is_no_number_stops_with_the_batch_kept(tmp_path: Path) -> None:
    class Broken(TinyLearner):
        def loss(self, batch: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
            loss, parts = super().loss(batch)
            return (loss * torch.nan, parts) if (self.epoch, self._step) == (1, 2) else (loss, parts)

    with pytest.raises(InputError, match=r"loss is no number at epoch 2, step 2 .*nan-batch\.pt.*smaller fit\.rate"):
        fitted(tmp_path, Broken())
    kept = torch.load(tmp_path / "nan-batch.pt", weights_only=True)
    assert kept["batch"].shape == (tiny_learner.BATCH, 4)
    assert (kept["epoch"], kept["step"]) == (1, 1)


def test_a_gradient_that_is_no_number_leaves_the_weights_as_they_were(tmp_path: Path) -> None:
    class Steep(TinyLearner):
        def loss(self, batch: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
            return torch.sqrt(super().loss(batch)[0] * 0.0), {}  # 0, with a slope of 0 · inf

    learner = Steep(noisy=False)
    before = weights(learner)
    with pytest.raises(InputError, match="the gradient is no number at epoch 1, step 1 "):
        fitted(tmp_path, learner)
    assert weights(learner) == before


def test_a_gradient_that_is_no_number_stops_a_fit_in_fp16_too() -> None:
    class Steep(TinyLearner):
        def loss(self, batch: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
            return torch.sqrt(super().loss(batch)[0] * 0.0), {}

    learner = Steep(noisy=False)
    before = weights(learner)
    stepper = Stepper(learner, FitSettings(**SETTINGS), Place(torch.device("cpu"), torch.float16, rank=0, world=1))

    def steps() -> None:
        for _ in range(30):  # the scale begins at 2 ** 16 and is halved every time
            stepper.step(torch.ones(tiny_learner.BATCH, 4), rate=0.1)

    with pytest.raises(NotFinite, match="gradient"):
        steps()
    assert weights(learner) == before


class Named(NamedTuple):
    """A batch as learners make them."""

    rows: torch.Tensor
    goldens: tuple[torch.Tensor, ...]
    names: tuple[str, ...]
    broken: dict[Path, str]


def test_a_kept_batch_is_opened_as_the_message_says_and_names_its_photos(tmp_path: Path) -> None:
    batch = Named(torch.ones(2), (torch.zeros(1),), ("ring/a.jpg", "ring/b.jpg"), {tmp_path / "c.jpg": "cut off"})
    told = kept_batch(tmp_path, batch, TinyLearner().module, NotFinite("loss", mine=True, losses={}), rate=0.1)
    assert 'torch.load("nan-batch.pt", map_location="cpu") opens it, its photos named under ["batch"]["names"]' in told
    kept = torch.load(tmp_path / "nan-batch.pt", map_location="cpu")["batch"]
    assert kept["names"] == ["ring/a.jpg", "ring/b.jpg"]
    assert torch.equal(kept["rows"], batch.rows)


def test_a_batch_of_another_process_is_said_to_be_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(TinyLearner):
        def loss(self, batch: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
            return super().loss(batch)[0] * torch.nan, {}

    monkeypatch.setenv("VISIQC_CACHE", str(tmp_path))
    scratch = ranks_folder() / "train-defect-1234-1"
    with pytest.raises(InputError, match=r"kept in runs/\.ranks/train-defect-1234-1/nan-batch\.pt in VISIQC_CACHE;"):
        fitted(scratch, Broken())
    assert (scratch / "nan-batch.pt").is_file()


def test_without_a_better_score_it_stops_early(tmp_path: Path) -> None:
    class Worse(TinyLearner):
        def validate(self) -> dict[str, float]:
            return {"score": -float(self.epoch)}

    result = fitted(tmp_path / "two", Worse(), epochs=9, patience=2)
    assert (result.epochs_run, result.best_epoch, result.stopped_early) == (3, 0, True)
    assert fitted(tmp_path / "never", Worse(), epochs=9, patience=0).epochs_run == 9
    last = fitted(tmp_path / "last", Worse(), epochs=4, patience=2, watch="")
    assert (last.epochs_run, last.best_epoch, last.best["val/score"]) == (4, 3, -3.0)


def test_a_score_that_is_no_number_is_never_the_best(tmp_path: Path) -> None:
    class Sometimes(TinyLearner):
        def validate(self) -> dict[str, float]:
            return {"score": float("nan") if self.epoch != 1 else -5.0}

    assert fitted(tmp_path, Sometimes()).best_epoch == 1


def test_an_unknown_watch_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match=r"fit\.watch is 'val/auroc', .* it gives val/score"):
        fitted(tmp_path, watch="val/auroc")


def test_an_epoch_without_a_batch_is_refused(tmp_path: Path) -> None:
    class Empty(TinyLearner):
        def batches(self, epoch: int, *, rank: int, world: int) -> Any:
            return []

    with pytest.raises(InputError, match="no batch came in epoch 1"):
        fitted(tmp_path, Empty())


def test_an_epoch_may_run_out_of_batches_before_its_time(tmp_path: Path) -> None:
    class Short(TinyLearner):
        def batches(self, epoch: int, *, rank: int, world: int) -> Any:
            return list(super().batches(epoch, rank=rank, world=world))[:2]

    assert fitted(tmp_path, Short()).epochs_run == 3


def test_a_frozen_part_stands_still_and_a_scale_may_change(tmp_path: Path) -> None:
    class Late(TinyLearner):
        def start_epoch(self, epoch: int) -> None:
            super().start_epoch(epoch)
            self.scales = [1.0, 1.0 if epoch else 0.0]
            for each in next(iter(self.module.children())).parameters():
                each.requires_grad_(epoch > 0)

    learner, late = Late(noisy=False), Late(noisy=False)
    before = weights(learner)
    fitted(tmp_path / "one", learner, epochs=1)
    assert weights(learner) == before
    fitted(tmp_path / "two", late, epochs=2)
    assert all(weights(late)[name] != before[name] for name in before)


def test_a_gpu_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Unavailable, match=r"fit\.device is cuda, but torch finds 0 GPUs .* set fit\.device=cpu"):
        fitted(tmp_path, device="cuda")


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_process_without_a_gpu_beside_others_that_have_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("MASTER_ADDR", raising=False)  # nobody to wait for
    for name, value in {"WORLD_SIZE": "4", "RANK": "2", "LOCAL_RANK": "2"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable, match=rf"fit\.device is {device}, but torch finds 2 GPUs for process 2 .*start 2 "):
        fitted(tmp_path, device=device)


@pytest.mark.parametrize(("has_bf16", "chosen"), [(False, torch.float16), (True, torch.bfloat16)])
def test_a_gpu_that_only_emulates_bf16_computes_in_fp16(
    monkeypatch: pytest.MonkeyPatch, has_bf16: bool, chosen: torch.dtype
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return has_bf16 or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert devices._precision(FitSettings(), torch.device("cuda")) is chosen


def test_a_run_begun_without_a_scaler_goes_on_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted(tmp_path, TinyLearner(noisy=False), epochs=1)
    monkeypatch.setattr(devices, "_precision", lambda *_: torch.float16)  # as on a GPU
    result = fitted(tmp_path, TinyLearner(noisy=False), epochs=2)
    assert (result.resumed, result.epochs_run) == (True, 2)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]["scaler"]["scale"] > 0


def test_a_setting_out_of_range_is_named() -> None:
    with pytest.raises(BadRecipe, match=r"fit\.epochs must be 1 to 100000, got 0"):
        FitSettings(epochs=0)


def test_the_tracker_hears_of_every_epoch_once(tmp_path: Path) -> None:
    fitted(tmp_path, tracker=Tracker(tmp_path))
    fitted(tmp_path, tracker=Tracker(tmp_path))  # a kill after the last checkpoint would tell the last one again
    rows = [yaml.safe_load(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 1, 2]
    assert set(rows[0]["values"]) == {"train/loss", "train/square", "val/score", "rate"}


@pytest.mark.slow
def test_two_processes_learn_what_one_with_both_their_batches_learns(tmp_path: Path) -> None:
    (first, _), (second, said) = two_children(tmp_path, "noisy=false", "epochs=2")
    assert first == second
    assert (tmp_path / "0" / "checkpoint.pt").exists()
    assert not (tmp_path / "1").exists()
    assert said == ""  # the first alone speaks

    class Double(TinyLearner):
        def batches(self, epoch: int, *, rank: int, world: int) -> Any:
            parts = [list(super(Double, self).batches(epoch, rank=each, world=2)) for each in range(2)]
            return [torch.cat(pair) for pair in zip(*parts, strict=True)]

    alone = Double(noisy=False, steps=STEPS)
    alone.steps_per_epoch = STEPS
    fitted(tmp_path / "alone", _Half(alone), epochs=2)
    for name, value in weights(alone).items():
        assert value == pytest.approx(first[name], abs=1e-6)


class _Half:
    """A learner that says it has half the steps, as each of two processes does."""

    def __init__(self, learner: TinyLearner) -> None:
        self._learner = learner
        self.steps_per_epoch = STEPS // 2

    def __getattr__(self, name: str) -> Any:
        return getattr(self._learner, name)
