from __future__ import annotations

import pytest

from visiqc.training.progress import Meter, duration, meter


def test_lines_say_losses_pace_and_time_left() -> None:
    now, said = [0.0], list[str]()
    shown = Meter(2, 10, say=said.append, clock=lambda: now[0])
    shown.start_epoch()
    for step in range(1, 11):
        now[0] += 4
        shown.step(0, step, {"loss": 1 / step})
    now[0] += 20  # validation
    shown.epoch(0, {"train/loss": 0.5, "val/score": 0.9, "rate": 1e-3}, best=True)
    assert said == [
        "epoch 1/2: 8/10, loss 0.125  0.25 steps/s, 8 s left of 48 s",
        "epoch 1/2: train/loss 0.5 val/score 0.9, 60 s left, the best so far",
    ]


@pytest.mark.parametrize(("seconds", "said"), [(40, "40 s"), (47 * 60, "47 min"), (11520, "3 h 12 min")])
def test_a_time_is_said_as_one_says_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_without_a_terminal_there_are_lines_and_a_follower_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    for wanted in (True, False):
        with meter(1, 1, wanted=wanted) as shown:
            shown.note(f"wanted {wanted}")
    assert capsys.readouterr().err == "fit: wanted True\n"


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    with meter(1, 2) as shown:
        shown.start_epoch()
        shown.step(0, 1, {"loss": 0.25})
        shown.epoch(0, {"val/score": 0.5}, best=False)
    said = capsys.readouterr().err
    assert "epoch 1/1: val/score 0.5" in said
    assert "loss 0.25" in said
