"""How every plot of a run looks: one size, one set of colours, drawn without a screen and closed at once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito's colours: told apart by people who see red and green alike.
GOOD, BAD, LIMIT, MAIN, SECOND, QUIET = "#0072B2", "#D55E00", "#000000", "#0072B2", "#009E73", "#999999"
DPI = 110


class Drawing:
    """A figure that becomes PNG bytes when its block ends.

    Attributes:
        axes: To draw on; several are an array.
        png: The bytes, after the block.
    """

    def __init__(self, figure: Figure, axes: Any) -> None:
        self.figure, self.axes, self.png = figure, axes, b""


@contextmanager
def drawing(title: str, *, width: float = 6.4, height: float = 4.8, **grid: Any) -> Iterator[Drawing]:
    """A figure of its own: no global state of matplotlib is touched, and nothing stays open.

    Args:
        title: Over it.
        width: In inches.
        height: In inches.
        **grid: As `Figure.subplots` takes, such as `nrows`.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(**grid)
    drawn = Drawing(figure, axes)
    if title:
        figure.suptitle(title, fontsize=12)
    yield drawn
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    drawn.png = buffer.getvalue()


def titled(what: str, name: str) -> str:
    """What is shown, and of what."""
    return f"{what}: {name}" if name else what


def saying(what: str, name: str, text: str) -> bytes:
    """A picture of a sentence, where there is nothing to draw."""
    with drawing(titled(what, name), height=2.4) as drawn:
        drawn.axes.set_axis_off()
        drawn.axes.text(0.5, 0.5, text, ha="center", va="center", wrap=True, transform=drawn.axes.transAxes)
    return drawn.png
