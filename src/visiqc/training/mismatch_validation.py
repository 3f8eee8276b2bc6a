"""The mismatch network on products it never saw, held against their goldens as serving does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visiqc.errors import InputError
from visiqc.evaluation.verification_report import Held, Negative, VerificationReport, verify
from visiqc.inspection.fleet import FAR
from visiqc.training.mismatch_data import Shown
from visiqc.training.mismatch_features import Patches
from visiqc.training.mismatch_model import MismatchNet
from visiqc.vision.types import FloatArray

_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A photo with the patches serving takes of it: turned ones of a golden, one of an upload."""

    shown: Shown
    patches: Patches


@dataclass(frozen=True, slots=True)
class Table:
    """Goldens against uploads.

    Attributes:
        goldens: The rows.
        uploads: The columns.
        similarity: (G, U) float64, of the golden's most similar turn.
        turned: (G, turns, D) float32 vectors of the goldens.
    """

    goldens: tuple[Shown, ...]
    uploads: tuple[Shown, ...]
    similarity: NDArray[np.float64]
    turned: FloatArray

    def held(self) -> list[Held]:
        """Every upload against every golden; other products sent in a product's place are left out: whose are they?"""
        return [
            Held(
                similarity=float(self.similarity[row, column]),
                golden=golden.sku,
                upload=upload.sku,
                negative=_negative(golden, upload),
                attribute=upload.attribute or "",
            )
            for row, golden in enumerate(self.goldens)
            for column, upload in enumerate(self.uploads)
            if upload.genuine or (upload.role == "variant" and upload.sku == golden.sku)
        ]

    def nearest(self) -> list[tuple[str, str]]:
        """Each genuine upload's product, and that of the golden it is most like."""
        best = self.similarity.argmax(axis=0)
        return [(upload.sku, self.goldens[best[n]].sku) for n, upload in enumerate(self.uploads) if upload.genuine]

    def accepted(self, cohort: FloatArray) -> tuple[float, float]:
        """Shares of genuine uploads and of other products' that reach a golden's own limit among strangers.

        Args:
            cohort: (n, D) float32 vectors of products that are not in the table.
        """
        limits = np.quantile(np.einsum("gtd,cd->gtc", self.turned, cohort).max(axis=1), 1.0 - FAR, axis=1)
        reached = self.similarity >= limits[:, None]
        genuine = np.array([[u.genuine and u.sku == g.sku for u in self.uploads] for g in self.goldens])
        others = np.array([[u.genuine and u.sku != g.sku for u in self.uploads] for g in self.goldens])
        return float(reached[genuine].mean()), float(reached[others].mean())


def vectors_of(net: MismatchNet, patches: Patches) -> FloatArray:
    """(A, D) float32, each of length 1."""
    device = next(net.parameters()).device
    pieces = range(0, len(patches.deep), _AT_ONCE)

    def run(at: int) -> FloatArray:
        part = slice(at, at + _AT_ONCE)
        maps = (torch.from_numpy(np.asarray(level[part], np.float32)).to(device) for level in patches)
        return np.asarray(net.vectors(*maps).cpu().numpy(), np.float32)

    with torch.inference_mode():
        return np.concatenate([run(at) for at in pieces])


def pooled_of(net: MismatchNet, photos: Sequence[Seen]) -> Tensor:
    """What the heads of the attributes look at, (N, 1376) on the network's device: the first patch of every photo."""
    device = next(net.parameters()).device
    net.eval()

    def run(at: int) -> Tensor:
        some = photos[at : at + _AT_ONCE]
        maps = (np.stack([seen.patches[level][0] for seen in some]).astype(np.float32) for level in (0, 1))
        return net.pooled(*(torch.from_numpy(level).to(device) for level in maps))

    with torch.inference_mode():
        return torch.cat([run(at) for at in range(0, len(photos), _AT_ONCE)])


def table_of(net: MismatchNet, photos: Sequence[Seen]) -> Table:
    """Goldens among the photos against the others.

    Raises:
        InputError: There is no golden or no upload.
    """
    goldens = [seen for seen in photos if seen.shown.role == "golden"]
    uploads = [seen for seen in photos if seen.shown.role != "golden"]
    if not goldens or not uploads:
        raise InputError(f"nothing to validate on: {len(goldens)} golden photos and {len(uploads)} uploads held out")
    net.eval()
    turned = np.stack([vectors_of(net, seen.patches) for seen in goldens])
    sent = np.concatenate(list(_first_vectors(net, uploads)))
    similarity = np.einsum("gtd,ud->gtu", turned, sent).max(axis=1).astype(np.float64)
    return Table(tuple(s.shown for s in goldens), tuple(s.shown for s in uploads), similarity, turned)


def report_of(table: Table, *, draws: int = 100) -> VerificationReport:
    """Error rates by kind of negative; few draws where only the figures are wanted."""
    return verify(table.held(), nearest=table.nearest(), draws=draws)


def figures(report: VerificationReport) -> dict[str, float]:
    """The report's figures by name, and a `score` that picks the epoch: designs told apart, and then variants."""
    crossed = report.cross_design
    found = {"tar": crossed.tar.value, "eer": crossed.eer.value, "recall_at_1": report.recall_at_1.value}
    for kind, verified in report.by_negative.items():
        name = {Negative.FAMILY: "family", Negative.DESIGN: "design", Negative.VARIANT: "variant"}[kind]
        found |= {f"tar_{name}": verified.tar.value, f"eer_{name}": verified.eer.value}
    found |= {f"variant/{name}": estimate.value for name, estimate in report.variants.items()}
    colours = [report.variants[name].value for name in ("metal", "stone_colour") if name in report.variants]
    found["score"] = found["tar"] - found["eer"] + (0.5 * float(np.mean(colours)) if colours else 0.0)
    return found


def _first_vectors(net: MismatchNet, uploads: Sequence[Seen]) -> Iterator[FloatArray]:
    for at in range(0, len(uploads), _AT_ONCE):
        some = [seen.patches for seen in uploads[at : at + _AT_ONCE]]
        yield vectors_of(net, Patches(*(np.stack([patches[level][0] for patches in some]) for level in (0, 1))))


def _negative(golden: Shown, upload: Shown) -> Negative | None:
    if golden.sku == upload.sku:
        return None if upload.genuine else Negative.VARIANT
    return Negative.DESIGN if golden.family == upload.family else Negative.FAMILY
