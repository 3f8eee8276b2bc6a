"""Where the model raises its highest false alarms on good photos it learns from: what it is shown again.

A photo is judged by its highest place, and crops around defects hardly ever show the places that deceive the model.

Source:
    Sung & Poggio, Example-based learning for view-based human face detection, 1998: bootstrapping with false alarms.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.random import Generator

from visiqc.storage.disk import disk_errors
from visiqc.training.defect_model import DefectNet, Maps
from visiqc.training.defect_validation import GOLDENS, judged_cells
from visiqc.training.laid_product import LaidProduct
from visiqc.training.run_folder import write_whole
from visiqc.vision.change_map import change_cells
from visiqc.vision.rotation import Embed
from visiqc.vision.types import FloatArray

CELL_PX = 8
_APART = 9  # cells around a place in which no second one is taken: its crop shows them already


class HardPlace(NamedTuple):
    """A place of a good photo that the model takes for a change.

    Attributes:
        product: Number of the product among those learned from.
        photo: Number of its photo.
        x, y: Pixel of the golden frame.
    """

    product: int
    photo: int
    x: int
    y: int


class HardPlaces:
    """Finds the places anew for every epoch, and keeps them in the run's folder so that a resumed epoch has the same.

    Args:
        products: What is learned from.
        embed: The trunk.
        folder: Of the run.
        photos: Good photos that are looked at in an epoch.
        each: Places that are kept of one.
        first: Epoch from which places are wanted.
        seed: Of the choice of photos.
    """

    def __init__(
        self,
        products: Sequence[LaidProduct],
        embed: Embed,
        folder: Path,
        *,
        photos: int,
        each: int = 3,
        first: int = 1,
        seed: int = 0,
    ) -> None:
        self._products, self._embed, self._folder = products, embed, folder
        self._photos, self._each, self._seed = photos, each, seed
        self.first = first

    def of(self, epoch: int, net: DefectNet) -> list[HardPlace]:
        """The places for an epoch, under the weights it begins with; `net` is left in the mode it was in."""
        file = self._folder / f"hard-places-{epoch}.json"
        if file.is_file():
            return [HardPlace(*place) for place in json.loads(file.read_text(encoding="utf-8"))]
        training = net.training
        places = self._found(np.random.default_rng([self._seed, epoch]), net.eval())
        net.train(training)
        with disk_errors("the places to be shown again cannot be written"):
            write_whole(file, json.dumps(places).encode())
        return places

    def _found(self, rng: Generator, net: DefectNet) -> list[HardPlace]:
        choices = [
            (number, photo, good)
            for number, product in enumerate(self._products)
            if len(good := product.numbers(lambda one: one.good)) > 1
            for photo in good
        ]
        found: list[HardPlace] = []
        for index in rng.permutation(len(choices))[: self._photos]:
            number, photo, good = choices[index]
            product = self._products[number]
            view = product.photos[photo].view
            others = [n for n in good if n != photo and not (view and product.photos[n].view == view)]
            if others:
                goldens = rng.permutation(others)[:GOLDENS]
                cells = change_of(net, product, photo, [int(n) for n in goldens], self._embed)
                found += [HardPlace(number, photo, x, y) for x, y in peaks(cells, self._each)]
        return found


@torch.inference_mode()
def change_of(net: DefectNet, product: LaidProduct, photo: int, goldens: Sequence[int], embed: Embed) -> FloatArray:
    """(h, w) float32 log-odds of change of one laid photo against others, NaN off the product."""
    device = next(net.parameters()).device

    def embedded(number: int) -> Maps:
        maps = embed([product.frames[number]])
        return net.embed(Maps(*(torch.from_numpy(level).to(device) for level in maps)))

    stacked = Maps(*(torch.stack(levels, 1) for levels in zip(*map(embedded, goldens), strict=True)))
    change, _ = net.compare(embedded(photo), stacked)
    return change_cells(change[0, 0].float().cpu().numpy(), judged_cells(product.product))


def peaks(cells: FloatArray, count: int) -> list[tuple[int, int]]:
    """The highest places of a map, each away from those before it.

    Args:
        cells: (h, w) float32, NaN where nothing is judged.
        count: How many at most.

    Returns:
        (x, y) pixels of the golden frame, the middle of each cell.
    """
    left = np.nan_to_num(cells, nan=-np.inf).astype(np.float32)
    found: list[tuple[int, int]] = []
    while len(found) < count and np.isfinite(left).any():
        y, x = np.unravel_index(int(left.argmax()), left.shape)
        found.append((int(x) * CELL_PX + CELL_PX // 2, int(y) * CELL_PX + CELL_PX // 2))
        cv2.circle(left, (int(x), int(y)), _APART, -np.inf, thickness=-1)
    return found
