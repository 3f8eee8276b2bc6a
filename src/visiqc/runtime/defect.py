"""The defect model on ONNX Runtime: what changed between goldens and upload, and what kind of change it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visiqc.errors import IntegrityError, InvalidRecord
from visiqc.runtime.cards import ModelCard
from visiqc.runtime.sessions import Session
from visiqc.vision.types import FeatureMaps, FloatArray

UNKNOWN = "unknown"
"""The last type class of every defect model: a change that looks like no defect of the catalogue."""
_UPLOAD = ("upload4", "upload8", "upload16")
_GOLDEN = ("golden4", "golden8", "golden16")
_EMBED = ("embed4", "embed8", "embed16")
_ANSWERS = ("change", "types")


class OnnxDefect:
    """The change and type heads on the trunk's maps. Safe to call from several threads."""

    def __init__(self, card: ModelCard, session: Session) -> None:
        """Check that graph and card keep the contract.

        Raises:
            IntegrityError: They do not.
        """
        if set(session.inputs) != {*_UPLOAD, *_GOLDEN} or not {*_EMBED, *_ANSWERS} <= set(session.outputs):
            raise IntegrityError(
                f"model {card.title} maps {', '.join(session.inputs)} to {', '.join(session.outputs)}; wanted "
                f"{', '.join((*_UPLOAD, *_GOLDEN))} to {', '.join((*_EMBED, *_ANSWERS))}; export it again"
            )
        channels = {output.name: output.channels for output in card.outputs}
        if card.codes[-1:] != (UNKNOWN,) or channels.get("types") != len(card.codes) or not {*_EMBED} <= set(channels):
            raise IntegrityError(
                f"the card of model {card.title} must name one code for each channel of `types`, the last "
                f"{UNKNOWN!r}, and the channels of {', '.join(_EMBED)}; export it again"
            )
        self.card = card
        self._session = session
        self._channels = tuple(channels[name] for name in _EMBED)

    @property
    def digest(self) -> str:
        """SHA-256 of the model file."""
        return self.card.sha256

    @property
    def codes(self) -> tuple[str, ...]:
        """The type classes, in the order of `compare`'s type logits; the last is `unknown`."""
        return self.card.codes

    def encode(self, maps: FeatureMaps) -> FeatureMaps:
        """What to keep of golden photos, each laid over the golden frame.

        Args:
            maps: The trunk's maps of them, (N, C, h, w) float32, N ≥ 1.

        Returns:
            Embeddings at the same strides, (N, c, h, w) float32, fewer channels than the trunk's maps.

        Raises:
            InvalidRecord: The maps are of another trunk.
        """
        # A graph wants every input and runs every node: ONNX Runtime 1.31 does not heed `only_execute_path_to_fetches`
        # (measured). Against one golden of zeros the heads cost least, and this happens only at enrolment.
        nothing = {
            name: np.zeros((len(upload), 1, channels, *upload.shape[2:]), np.float32)
            for name, channels, upload in zip(_GOLDEN, self._channels, maps, strict=True)
        }
        return FeatureMaps(*self._session.run(_named(_UPLOAD, maps) | nothing, _EMBED))

    def compare(self, maps: FeatureMaps, goldens: Sequence[FeatureMaps]) -> tuple[FloatArray, FloatArray]:
        """Where one upload differs from its goldens, and how.

        Args:
            maps: The trunk's maps of the upload laid over the golden frame, (1, C, h, w) float32.
            goldens: Embeddings of one or more golden photos in the same frame.

        Returns:
            Change logits (h4, w4) and type logits (T, h8, w8), float32.

        Raises:
            InvalidRecord: There is no golden, or maps and embeddings do not fit each other or the model.
        """
        if not goldens or len(maps.stride4) != 1:
            raise InvalidRecord(
                f"wanted one upload and at least one golden, got {len(maps.stride4)} and {len(goldens)}"
            )
        stacked = [np.concatenate(each)[None] for each in zip(*goldens, strict=True)]
        change, types = self._session.run(_named(_UPLOAD, maps) | _named(_GOLDEN, stacked), _ANSWERS)
        return change[0, 0], types[0]


def _named(names: Sequence[str], arrays: Sequence[FloatArray]) -> dict[str, FloatArray]:
    return {name: np.ascontiguousarray(each, np.float32) for name, each in zip(names, arrays, strict=True)}
