"""How a fit went: losses and metrics over its epochs, and the loss over the rates that were tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from visiqc.training.figures import LIMIT, MAIN, QUIET, drawing, saying, titled
from visiqc.training.rate_finding import RateFinding


def learning_curves(history: Sequence[Mapping[str, Any]], *, best: int | None = None, name: str = "") -> bytes:
    """Losses, validation metrics and rate over the epochs.

    Args:
        history: Rows of a `FitResult`.
        best: The epoch whose weights are kept.
        name: Over the picture.
    """
    if not history:
        return saying("Learning curves", name, "no epoch was finished")
    epochs = [row["epoch"] + 1 for row in history]
    keys = list(dict.fromkeys(key for row in history for key in row))
    panels = [("losses", "train/"), ("validation", "val/"), ("rate", "rate")]
    with drawing(titled("Learning curves", name), width=6.4, height=7.2, nrows=3, sharex=True) as drawn:
        for axes, (title, prefix) in zip(drawn.axes, panels, strict=True):
            for key in (each for each in keys if each.startswith(prefix)):
                values = [row.get(key, np.nan) for row in history]
                axes.plot(
                    epochs, values, marker="o", markersize=3, linewidth=1.2, label=key.removeprefix(prefix) or key
                )
            if best is not None:
                label = f"best: epoch {best + 1}" if prefix == "val/" else None
                axes.axvline(best + 1, color=LIMIT, linestyle="--", linewidth=1, label=label)
            axes.set_ylabel(title)
            if prefix != "rate":
                axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
        drawn.axes[-1].set_xlabel("epoch")
        drawn.axes[-1].xaxis.get_major_locator().set_params(integer=True)
    return drawn.png


def rate_curve(finding: RateFinding, *, name: str = "") -> bytes:
    """The loss while the rate rises, and the rate that is proposed."""
    with drawing(titled("Rate finder", name)) as drawn:
        axes = drawn.axes
        axes.plot(finding.rates, finding.losses, color=QUIET, linewidth=0.8, label="loss")
        axes.plot(finding.rates, finding.smooth, color=MAIN, label="smoothed")
        axes.axvline(finding.rate, color=LIMIT, linestyle="--", linewidth=1.2, label=f"proposed {finding.rate:.2g}")
        axes.set_xscale("log")
        # The loss explodes at the end; what matters lies below its beginning.
        low, high = float(np.min(finding.smooth)), float(np.max(finding.smooth[: max(2, len(finding.smooth) // 2)]))
        axes.set_ylim(low - 0.1 * (high - low), high + 0.6 * (high - low))
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.legend(loc="upper left")
    return drawn.png
