"""The defect model: what changed between an upload and its goldens, and what kind of defect that is.

It reads the shared trunk's maps, never pixels. Goldens are brought to small embeddings once and kept; every upload is
matched softly with the places around the same place in all of them, and a decoder tells what the goldens do not
explain. Trained once for all products.

Source:
    The idea of soft alignment before a decoder trained on synthetic change pairs: MetaUAS, Gao, NeurIPS 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

TRUNK_CHANNELS = (24, 40, 112)
"""Of Lite0's maps at strides 4, 8 and 16."""

_SHORTEST = 1e-8
"""Of a golden vector, squared: below it a cosine has no meaning."""


class Maps(NamedTuple):
    """Maps at strides 4, 8 and 16: (N, C, h, w), or (N, K, C, h, w) of K goldens."""

    stride4: Tensor
    stride8: Tensor
    stride16: Tensor


@dataclass(frozen=True, kw_only=True)
class DefectArchitecture:
    """Widths of the defect model; a nested key `model` of its recipe."""

    embeddings: tuple[int, int, int] = (16, 32, 64)
    """Channels of the embeddings at strides 4, 8 and 16: what is kept of a golden."""
    hidden: tuple[int, int, int] = (32, 64, 160)
    """Channels inside the embeddings."""
    widths: tuple[int, int, int] = (24, 48, 88)
    """Channels of the decoder at strides 4, 8 and 16."""
    reach: tuple[int, int, int] = (0, 1, 1)
    """Cells to each side in which a golden's match is looked for, at strides 4, 8 and 16."""


class Embedding(nn.Module):
    """Trunk channels to a few, standardised first: the trunk's channels differ in size by orders.

    A projection, and beside it an inverted residual that starts at nothing: what the frozen trunk lacks is learned
    here, where it costs a golden nothing but once.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.standard = nn.BatchNorm2d(inputs, affine=False)
        self.project = nn.Conv2d(inputs, outputs, 1)
        self.refine = nn.Sequential(
            nn.Conv2d(inputs, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
        )
        self.add = nn.Conv2d(hidden, outputs, 1, bias=False)
        nn.init.zeros_(self.add.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, inputs, h, w) to (N, outputs, h, w)."""
        standard = self.standard(maps)
        embedded: Tensor = self.project(standard) + self.add(self.refine(standard))
        return embedded


class SoftMatch(nn.Module):
    """For every cell of an upload, the golden vectors around the same place, weighed by how alike they are."""

    def __init__(self, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.sharpness = nn.Parameter(torch.tensor(2.3))  # log; e^2.3 = 10 times the cosine

    def forward(self, upload: Tensor, goldens: Tensor) -> tuple[Tensor, Tensor]:
        """Match one level.

        Args:
            upload: (N, C, h, w).
            goldens: (N, K, C, h, w).

        Returns:
            The matched golden vectors (N, C, h, w), and four figures a cell (N, 4, h, w): the cosine of the best match
            in any golden, its mean over the goldens, its spread, and how much the goldens differ among themselves.
        """
        # Differences of squares need more than the 16 bits that mixed precision would multiply with.
        with torch.autocast(upload.device.type, enabled=False):
            return self._match(upload.float(), goldens.float())

    def _match(self, upload: Tensor, goldens: Tensor) -> tuple[Tensor, Tensor]:
        # Passes over the goldens are what this costs: lengths are taken once, and no map of unit vectors is made.
        batch, count, channels = goldens.shape[:3]
        flat = goldens.flatten(0, 1)  # (N · K, C, h, w)
        squares = _summed(flat.square())
        own = _summed(upload.square()).clamp(min=_SHORTEST).rsqrt()
        places = [
            (there.reshape(batch, count, *there.shape[1:]), scale.reshape(batch, count, *scale.shape[2:]))
            for there, scale in self._places(flat, squares.clamp(min=_SHORTEST).rsqrt())
        ]
        products = [_summed((upload.unsqueeze(1) * there).flatten(0, 1)) for there, _ in places]
        alike = [each.reshape_as(scale) * scale for each, (_, scale) in zip(products, places, strict=True)]
        cosines = torch.stack(alike, 2) * own.unsqueeze(1)  # (N, K, places, h, w)
        best = cosines.amax(2)
        highest = best.amax(1, keepdim=True)
        # The softmax over all places of all goldens, divided by its sum at the end.
        weights = ((cosines - highest.unsqueeze(2)) * self.sharpness.exp()).exp()
        weighed = torch.zeros_like(goldens)
        for i, (there, _) in enumerate(places):
            weighed = weighed + weights[:, :, i].unsqueeze(2) * there
        matched = _summed(weighed).squeeze(1) / weights.sum((1, 2)).unsqueeze(1)
        centre = best.mean(1, keepdim=True)
        spread = (best - centre).square().mean(1, keepdim=True)
        # Mean square less squared mean: how far the goldens lie apart, without a map of their differences.
        mean = _summed(goldens).squeeze(1) / count
        apart = (squares.reshape_as(best).mean(1, keepdim=True) - _summed(mean.square())) / channels
        figures = torch.cat([highest, centre, (spread + 1e-6).sqrt(), (apart.clamp(min=0) + 1e-6).sqrt()], 1)
        return matched, figures

    def _places(self, *maps: Tensor) -> Sequence[tuple[Tensor, ...]]:
        """The maps (B, C, h, w) shifted to every place within reach."""
        if self.reach == 0:
            return [maps]
        height, width = maps[0].shape[-2:]
        padded = [functional.pad(each, (self.reach,) * 4, mode="replicate") for each in maps]
        steps = range(2 * self.reach + 1)
        return [tuple(each[..., dy : dy + height, dx : dx + width] for each in padded) for dy in steps for dx in steps]


def _summed(maps: Tensor) -> Tensor:
    """The sum of (B, n, ...) over n, (B, 1, ...).

    As a product with ones: ONNX Runtime's own sum over an axis in the middle takes several times as long.
    """
    flat = maps.flatten(2)
    return torch.matmul(torch.ones_like(flat[:1, :, 0]), flat).reshape(maps.shape[0], 1, *maps.shape[2:])


class Residual(nn.Module):
    """Two 3 × 3 convolutions around a shortcut."""

    def __init__(self, width: int, *, dilation: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Map (N, width, h, w) to the same."""
        return functional.relu(maps + self.body(maps))


class Level(nn.Module):
    """One level of the decoder: what was matched here and what the coarser level found, to features."""

    def __init__(self, embedding: int, coarser: int, width: int, blocks: Sequence[int]) -> None:
        super().__init__()
        self.enter = nn.Sequential(
            nn.Conv2d(3 * embedding + 4 + coarser, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.blocks = nn.Sequential(*(Residual(width, dilation=dilation) for dilation in blocks))

    def forward(self, upload: Tensor, matched: Tensor, figures: Tensor, coarser: Tensor | None) -> Tensor:
        """Map maps of (N, ·, h, w) to (N, width, h, w)."""
        found = [upload, matched, (upload - matched).abs(), figures]
        if coarser is not None:
            # Twice the size, then cut: at an odd number of cells a fitted resize would drift by half a cell.
            doubled = functional.interpolate(coarser, scale_factor=2.0, mode="bilinear", align_corners=False)
            found.append(doubled[..., : upload.shape[-2], : upload.shape[-1]])
        features: Tensor = self.blocks(self.enter(torch.cat(found, 1)))
        return features


class DefectNet(nn.Module):
    """Embeddings, soft matching at three strides, decoder, and two heads.

    Args:
        architecture: Its widths.
        types: Number of type classes; the last one is `unknown`.
    """

    def __init__(self, architecture: DefectArchitecture, types: int) -> None:
        super().__init__()
        self.architecture = architecture
        small, middle, large = architecture.embeddings
        fine, mid, coarse = architecture.widths
        self.embeddings = nn.ModuleList(
            Embedding(*channels)
            for channels in zip(TRUNK_CHANNELS, architecture.hidden, architecture.embeddings, strict=True)
        )
        self.matches = nn.ModuleList(SoftMatch(reach) for reach in architecture.reach)
        self.level16 = Level(large, 0, coarse, (1, 2))
        self.level8 = Level(middle, coarse, mid, (1, 2))
        self.level4 = Level(small, mid, fine, (1,))
        self.change = nn.Conv2d(fine, 1, 1)
        self.types = nn.Conv2d(mid, types, 1)
        with torch.no_grad():  # a cell in fifty is changed: start from that
            self.change.get_parameter("bias").fill_(-4.0)

    def embed(self, maps: Maps) -> Maps:
        """Trunk maps (N, C, h, w) to embeddings."""
        return Maps(*(embedding(each) for embedding, each in zip(self.embeddings, maps, strict=True)))

    def compare(self, upload: Maps, goldens: Maps) -> tuple[Tensor, Tensor]:
        """Compare embeddings: (N, c, h, w) of uploads, (N, K, c, h, w) of goldens.

        Returns:
            Change logits (N, 1, h4, w4) and type logits (N, types, h8, w8).
        """
        matched = [match(own, them) for match, own, them in zip(self.matches, upload, goldens, strict=True)]
        coarse = self.level16(upload.stride16, *matched[2], None)
        middle = self.level8(upload.stride8, *matched[1], coarse)
        fine = self.level4(upload.stride4, *matched[0], middle)
        return self.change(fine), self.types(middle)

    def forward(self, upload: Maps, goldens: Maps) -> tuple[Tensor, Tensor]:
        """As `compare`, from the trunk's own maps of both."""
        batch, number = goldens.stride4.shape[0], goldens.stride4.shape[1]
        embedded = self.embed(Maps(*(torch.cat([u, g.flatten(0, 1)]) for u, g in zip(upload, goldens, strict=True))))
        count = upload.stride4.shape[0]
        return self.compare(
            Maps(*(each[:count] for each in embedded)),
            Maps(*(each[count:].reshape(batch, number, *each.shape[1:]) for each in embedded)),
        )
