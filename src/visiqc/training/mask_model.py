"""The mask model: which pixels of a photo show the product, from the shared trunk's maps and the photo itself.

Source:
    The decoder that joins maps of several strides from the coarsest on: Feature Pyramid Networks, Lin, CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from visiqc.training.defect_model import TRUNK_CHANNELS, Residual


@dataclass(frozen=True, kw_only=True)
class MaskArchitecture:
    """Widths of the mask model; a nested key `model` of its recipe."""

    widths: tuple[int, int, int, int] = (8, 16, 32, 64)
    """Channels of the decoder at strides 2, 4, 8 and 16."""


class _Level(nn.Module):
    """One level: the trunk's map here beside what the coarser level found."""

    def __init__(self, inputs: int, coarser: int, width: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.standard = nn.BatchNorm2d(inputs, affine=False)
        self.enter = nn.Sequential(
            nn.Conv2d(inputs + coarser, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.blocks = nn.Sequential(*(Residual(width, dilation=dilation) for dilation in dilations))

    def forward(self, maps: Tensor, coarser: Tensor) -> Tensor:
        """Map (N, inputs, h, w) and (N, coarser, h, w) to (N, width, h, w)."""
        found: Tensor = self.blocks(self.enter(torch.cat([self.standard(maps), coarser], 1)))
        return found


class MaskNet(nn.Module):
    """A decoder over the trunk's maps, with the mean of the coarsest as its context, and a fine level on pixels."""

    def __init__(self, architecture: MaskArchitecture) -> None:
        super().__init__()
        pixels, fine, middle, coarse = architecture.widths
        small, mid, large = TRUNK_CHANNELS
        self.context = nn.Sequential(nn.Linear(large, coarse), nn.ReLU(inplace=True))
        self.level16 = _Level(large, coarse, coarse, (1, 2, 4))
        self.level8 = _Level(mid, coarse, middle, (1, 2))
        self.level4 = _Level(small, middle, fine, (1,))
        self.stem = nn.Sequential(
            nn.Conv2d(3, pixels, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(pixels), nn.ReLU(inplace=True)
        )
        self.level2 = nn.Sequential(
            nn.Conv2d(pixels + fine, 2 * pixels, 1, bias=False),
            nn.BatchNorm2d(2 * pixels),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * pixels, pixels, 3, padding=1, bias=False),
            nn.BatchNorm2d(pixels),
            nn.ReLU(inplace=True),
        )
        self.answer = nn.Conv2d(pixels, 1, 1)

    def forward(self, photos: Tensor, stride4: Tensor, stride8: Tensor, stride16: Tensor) -> Tensor:
        """Tell product from ground.

        Args:
            photos: (N, 3, H, W) as the trunk is fed them; H and W multiples of 16.
            stride4: (N, C, H/4, W/4), the trunk's.
            stride8: (N, C, H/8, W/8).
            stride16: (N, C, H/16, W/16).

        Returns:
            (N, 1, H/2, W/2) logits of product.
        """
        mean = self.context(self.level16.standard(stride16).mean((2, 3)))
        coarse = self.level16(stride16, mean[..., None, None].expand(-1, -1, *stride16.shape[2:]))
        middle = self.level8(stride8, _doubled(coarse))
        fine = self.level4(stride4, _doubled(middle))
        found: Tensor = self.answer(self.level2(torch.cat([self.stem(photos), _doubled(fine)], 1)))
        return found


def mask_loss(logits: Tensor, product: Tensor, weight: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross entropy and Dice loss, a photo counting as much as any other.

    Args:
        logits: (N, 1, h, w).
        product: (N, 1, h, w), the share of the product in each cell.
        weight: (N, 1, h, w), 0 where nobody knows.
    """
    each = functional.binary_cross_entropy_with_logits(logits, product, reduction="none")
    entropy = ((each * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp(min=1)).mean()
    found = logits.sigmoid() * weight
    both = (found * product).sum((1, 2, 3))
    dice = (1 - (2 * both + 1) / (found.sum((1, 2, 3)) + (product * weight).sum((1, 2, 3)) + 1)).mean()
    return entropy + dice, {"entropy": entropy, "dice": dice}


def _doubled(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)
