"""The mask model on ONNX Runtime: which pixels of a photo show the product."""

from __future__ import annotations

import numpy as np

from visiqc.errors import IntegrityError
from visiqc.runtime.cards import ModelCard
from visiqc.runtime.sessions import Session
from visiqc.vision.photo import PREPROCESS_MEAN, PREPROCESS_SCALE, preprocess
from visiqc.vision.types import FeatureMaps, FloatArray, Photo

_INPUTS = ("photos", "stride4", "stride8", "stride16")
_ANSWER = ("product",)


class OnnxMask:
    """A decoder on the trunk's maps of the whole photo. Safe to call from several threads."""

    def __init__(self, card: ModelCard, session: Session) -> None:
        """Check that graph and card keep the contract.

        Raises:
            IntegrityError: They do not.
        """
        if set(session.inputs) != {*_INPUTS} or not {*_ANSWER} <= set(session.outputs):
            raise IntegrityError(
                f"model {card.title} maps {', '.join(session.inputs)} to {', '.join(session.outputs)}; wanted "
                f"{', '.join(_INPUTS)} to {', '.join(_ANSWER)}; export it again"
            )
        if (card.input.colour, card.input.mean, card.input.scale) != ("RGB", PREPROCESS_MEAN, PREPROCESS_SCALE):
            raise IntegrityError(f"model {card.title} wants other preprocessing than this VisiQC does; export it again")
        self.card = card
        self._session = session

    @property
    def digest(self) -> str:
        """SHA-256 of the model file."""
        return self.card.sha256

    def logits(self, photo: Photo, maps: FeatureMaps) -> FloatArray:
        """Where the product is.

        Args:
            photo: (H, W, 3) uint8 RGB, H and W multiples of 16.
            maps: The trunk's maps of it, (1, C, h, w) float32.

        Returns:
            (H/2, W/2) float32 logits of product.
        """
        arrays = (preprocess([photo]), *maps)
        fed = {name: np.ascontiguousarray(each, np.float32) for name, each in zip(_INPUTS, arrays, strict=True)}
        return np.asarray(self._session.run(fed, _ANSWER)[0][0, 0], np.float32)
