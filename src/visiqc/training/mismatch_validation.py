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
from visiqc.inspection.fleet import closeness, limit_among
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
class View:
    """Golden photos that are enrolled together, as serving asks them together.

    Attributes:
        goldens: At least one, all of one product.
        turned: (n, turns, D) float32 vectors, of each golden in turns.
    """

    goldens: tuple[Shown, ...]
    turned: FloatArray

    @property
    def sku(self) -> str:
        """The product."""
        return self.goldens[0].sku


@dataclass(frozen=True, slots=True)
class Table:
    """Views against uploads.

    Attributes:
        views: The rows; a product has one, or several where it is known from several sides or in several versions.
        uploads: The columns.
        similarity: (V, U) float64, `closeness`: to each golden of the view at its best turn, the mean over the goldens.
    """

    views: tuple[View, ...]
    uploads: tuple[Shown, ...]
    similarity: NDArray[np.float64]

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Row and column of every upload against every product, once: at the view that it is most like."""
        rows: dict[str, list[int]] = {}
        for row, view in enumerate(self.views):
            rows.setdefault(view.sku, []).append(row)
        for own in rows.values():
            nearest = self.similarity[own].argmax(axis=0)
            yield from ((own[at], column) for column, at in enumerate(nearest.tolist()))

    def held(self) -> list[Held]:
        """Every upload against every product; other products sent in a product's place are left out: whose are they?"""
        return [
            Held(
                similarity=float(self.similarity[row, column]),
                golden=golden.sku,
                upload=upload.sku,
                negative=_negative(golden, upload),
                attribute=upload.attribute or "",
            )
            for row, column in self.pairs()
            for golden, upload in [(self.views[row].goldens[0], self.uploads[column])]
            if upload.genuine or (upload.role == "variant" and upload.sku == golden.sku)
        ]

    def nearest(self) -> list[tuple[str, str]]:
        """Each genuine upload's product, and that of the view it is most like."""
        best = self.similarity.argmax(axis=0)
        return [(upload.sku, self.views[best[n]].sku) for n, upload in enumerate(self.uploads) if upload.genuine]

    def accepted(self, cohort: FloatArray) -> tuple[float, float]:
        """Shares of genuine uploads and of other products' that reach a view's own limit among strangers.

        Args:
            cohort: (n, D) float32 vectors of products that are not in the table.
        """
        limits = np.array([limit_among(view.turned, cohort) for view in self.views])
        reached = self.similarity >= limits[:, None]
        own, others = list[bool](), list[bool]()
        for row, column in self.pairs():
            if (upload := self.uploads[column]).genuine:
                (own if upload.sku == self.views[row].sku else others).append(bool(reached[row, column]))
        return float(np.mean(own)), float(np.mean(others))


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
    """Goldens among the photos, by product and view, against the others.

    Raises:
        InputError: There is no golden or no upload.
    """
    goldens = [seen for seen in photos if seen.shown.role == "golden"]
    uploads = [seen for seen in photos if seen.shown.role != "golden"]
    if not goldens or not uploads:
        raise InputError(f"nothing to validate on: {len(goldens)} golden photos and {len(uploads)} uploads held out")
    net.eval()
    together: dict[tuple[str, str], list[int]] = {}
    for n, seen in enumerate(goldens):
        for view in seen.shown.views or ("",):
            together.setdefault((seen.shown.sku, view), []).append(n)
    turned = [vectors_of(net, seen.patches) for seen in goldens]
    views = tuple(
        View(tuple(goldens[n].shown for n in some), np.stack([turned[n] for n in some])) for some in together.values()
    )
    sent = np.concatenate(list(_first_vectors(net, uploads)))
    similarity = np.stack([closeness(view.turned, sent) for view in views]).astype(np.float64)
    return Table(views, tuple(seen.shown for seen in uploads), similarity)


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
