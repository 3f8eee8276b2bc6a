"""What a factory phone does to a photo, done to golden and upload apart; and what leaves a defect a defect.

The one module that uses albumentations. Photometry differs between all photos of a sample, geometry (turns, mirrors,
a small crop) is shared, and the upload is moved a little against its goldens, as alignment leaves it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

# albumentations asks the network for a newer version when it is imported, unless it is told not to.
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations as A  # noqa: N812 - the name its documentation uses
import numpy as np
from numpy.random import Generator

from visiqc.errors import BadRecipe
from visiqc.training.datasets.labels import LabelImage
from visiqc.training.light import lit, noisy
from visiqc.training.misalign import misaligned
from visiqc.vision.types import Photo, require_same_size

Box = tuple[float, float, float, float]
"""`(x0, y0, x1, y1)` in upload pixels, x1 and y1 excluded."""

_SMOOTHLY: dict[Literal["downscale", "upscale"], Literal[0, 1, 2, 3, 4, 5, 6]] = {"downscale": 3, "upscale": 1}
"""How a photo is made smaller and larger again, in OpenCV's numbers: by area, and linearly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One thing to learn from: photos of one size, the upload lying over its goldens.

    Attributes:
        goldens: (H, W, 3) uint8 RGB each, one or more.
        upload: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 label image of the upload.
        boxes: Of its defects; those that leave the photo are dropped.
    """

    goldens: tuple[Photo, ...]
    upload: Photo
    labels: LabelImage
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AugmentSettings:
    """How much is done; a nested key `augment` of the recipes."""

    photometric: float = 1.0
    """Strength of exposure, colour, blur, noise and the like: 0 none, 1 as phones do, 2 twice that."""
    misalign: float = 0.02
    """How far the upload may lie off its goldens, as a share of its side; 0 = not at all."""
    turns: bool = True
    """Mirrors and quarter turns, shared by all photos of a sample."""
    crop: float = 0.12
    """How much of the side a shared crop may take away."""

    def __post_init__(self) -> None:
        if not 0 <= self.photometric <= 2:
            raise BadRecipe(f"photometric must be 0 to 2, got {self.photometric:g}")
        if not 0 <= self.misalign <= 0.1:
            raise BadRecipe(f"misalign must be 0 to 0.1 of the side, got {self.misalign:g}")
        if not 0 <= self.crop <= 0.5:
            raise BadRecipe(f"crop must be 0 to 0.5 of the side, got {self.crop:g}")


@dataclass(frozen=True)
class Augmenter:
    """Changes samples at random; the same generator state gives the same pixels.

    albumentations keeps its own state while it works: every thread or worker has an `Augmenter` of its own.
    """

    settings: AugmentSettings = AugmentSettings()

    def __call__(self, sample: Sample, rng: Generator) -> Sample:
        """A sample as another phone, hand and lamp would have given it.

        Args:
            sample: Photos and labels of one size.
            rng: Draws everything.

        Raises:
            ShapeMismatch: A photo or the label image has another size than the upload.
        """
        for golden in sample.goldens:
            require_same_size(golden=golden, upload=sample.upload, labels=sample.labels)
        moved = self._placed(sample, rng)
        upload, labels, boxes = misaligned(
            moved.upload, moved.labels, moved.boxes, strength=self.settings.misalign, rng=rng
        )
        return Sample(
            goldens=tuple(self.relit(golden, rng) for golden in moved.goldens),
            upload=self.relit(upload, rng),
            labels=labels,
            boxes=boxes,
        )

    def relit(self, photo: Photo, rng: Generator) -> Photo:
        """The same scene under another lamp, by another phone: (H, W, 3) uint8, no pixel moved."""
        strength = self.settings.photometric
        if strength == 0:
            return photo
        for camera in (self._before, self._after):
            camera.set_random_seed(int(rng.integers(2**31)))
        seen = lit(photo, strength=strength, rng=rng)
        seen = self._before(image=seen)["image"]
        seen = noisy(seen, strength=strength, rng=rng)
        return np.asarray(self._after(image=seen)["image"], np.uint8)

    def _placed(self, sample: Sample, rng: Generator) -> Sample:
        """All photos turned, mirrored and cropped alike."""
        if not self.settings.turns and not self.settings.crop:
            return sample
        size = (sample.upload.shape[0], sample.upload.shape[1])
        place = _geometry(size, self.settings, square=size[0] == size[1])
        place.set_random_seed(int(rng.integers(2**31)))
        done = place(
            image=sample.upload,
            images=np.stack(sample.goldens),
            mask=sample.labels,
            bboxes=np.array(sample.boxes, np.float32).reshape(-1, 4),
        )
        return Sample(
            goldens=tuple(done["images"]),
            upload=done["image"],
            labels=done["mask"],
            boxes=tuple(_box(box) for box in done["bboxes"]),
        )

    @cached_property
    def _before(self) -> A.Compose:
        """What happens in front of the sensor and in the lens, and white balance."""
        k = self.settings.photometric
        smallest = 1 - 0.25 * k
        return A.Compose(
            [
                A.PlanckianJitter(temperature_limit=(round(6000 - 1000 * k), round(6000 + 1800 * k)), p=0.4),
                A.RandomToneCurve(scale=0.09 * k, p=0.6),
                A.RandomGamma(gamma_limit=(100 / (1 + 0.3 * k), 100 * (1 + 0.3 * k)), p=0.5),
                A.HueSaturationValue(hue_shift_limit=2 * k, sat_shift_limit=14 * k, val_shift_limit=0, p=0.5),
                A.OneOf(
                    [
                        A.GaussianBlur(blur_limit=0, sigma_limit=(0.3, 0.3 + 1.0 * k)),
                        A.MotionBlur(blur_limit=(3, 3 + 2 * round(k)), allow_shifted=False),
                        A.Downscale(scale_range=(smallest, max(smallest, 0.95)), interpolation_pair=_SMOOTHLY),
                    ],
                    p=0.4,
                ),
            ]
        )

    @cached_property
    def _after(self) -> A.Compose:
        """What the phone does to the picture before it sends it."""
        k = self.settings.photometric
        return A.Compose(
            [
                A.Sharpen(alpha=(0.0, 0.35 * k / (1 + 0.3 * k)), lightness=(1.0, 1.0), p=0.35),
                A.ImageCompression(quality_range=(round(85 - 35 * min(k, 2)), 96), p=0.6),
            ]
        )


def _geometry(size: tuple[int, int], settings: AugmentSettings, *, square: bool) -> A.Compose:
    steps: list[A.BasicTransform] = []
    if settings.turns:
        steps.append(A.D4(p=1) if square else A.OneOf([A.HorizontalFlip(p=1), A.VerticalFlip(p=1), A.NoOp(p=1)], p=1))
    if settings.crop:
        heights = (round(size[0] * (1 - settings.crop)), size[0])
        ratio = size[1] / size[0]
        steps.append(A.RandomSizedCrop(min_max_height=heights, size=size, w2h_ratio=ratio, p=0.7))
    return A.Compose(steps, bbox_params=A.BboxParams(format="pascal_voc", min_visibility=0.2, clip=True))


def _box(values: Sequence[float]) -> Box:
    x0, y0, x1, y1 = (float(value) for value in values[:4])
    return (x0, y0, x1, y1)
