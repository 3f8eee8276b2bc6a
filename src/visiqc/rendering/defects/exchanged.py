"""Parts of another order: a clasp, a chain or an engraving that is not the design's.

The design is built again with another value; only the parts that differ are taken from it, so that all the others stay
those of the very specimen that is photographed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.chains import KINDS as CHAINS
from visiqc.rendering.clasps import CLASPS
from visiqc.rendering.decals import Decal, chart
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.targets import rays_by_part
from visiqc.rendering.design import Design
from visiqc.rendering.mesh import joined
from visiqc.rendering.piece import Part, Piece, base_name, laid
from visiqc.vision.types import Mask

_STROKE = 0.12
"""Weight, and share of the greatest depth, from which a texel belongs to an engraved stroke."""
_OTHER_SHARE = 0.04
"""Of a letter's texels that must differ for it to be another letter."""
_EDGE_TEXELS = 3
_ALIKE = {
    **dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "HRGOFEQNJIXTNMCROPZLVUVYXS", strict=True)),
    **dict(zip("abcdefghijklmnopqrstuvwxyz", "odebctqnjihinmcqgnzfvuvyxs", strict=True)),
    **dict(zip("0123456789", "8738965134", strict=True)),
}
"""What an engraver takes each letter or figure for."""


def wrong_clasp(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A clasp of another kind."""
    kind = value_of(subject.design, "clasp")
    others = [{"clasp": other} for other in rng.permutation(sorted(CLASPS)) if str(other) != kind] if kind else []
    return _exchanged("wrong_clasp", "clasp", subject, severity, others)


def wrong_chain(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """Below severity 0.5 links of another size, above a chain of another kind."""
    kind, link = value_of(subject.design, "chain"), value_of(subject.design, "link_mm")
    changes: list[dict[str, Any]] = []
    if link and (severity < 0.5 or not kind):
        change = 0.14 + 0.4 * severity
        changes = [
            _resized(subject.design, float(factor)) for factor in rng.permutation([1 + change, 1 / (1 + change)])
        ]
    if kind:
        changes += [_of_kind(subject.design, str(other)) for other in rng.permutation(sorted(CHAINS)) if other != kind]
    return _exchanged("wrong_chain", "chain", subject, severity, changes)


def wrong_engraving(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """Another text: one letter off when mild, most of them when gross."""
    text = value_of(subject.design, "text")
    if not text:
        return None
    built = _built(subject.design, {"text": misspelt(str(text), severity, rng)})
    wrong = {} if built is None else _decals(built)
    piece, marked = subject.piece, []
    for name, decal in _decals(piece).items():
        if name in wrong and not _same_strokes(decal, wrong[name]):
            footprint = differing(decal, wrong[name])
            piece = _engraved(piece, decal, replace(wrong[name], footprint=footprint))
            marked.append(wrong[name].size_mm * _width(footprint))
    if not marked:
        return None
    touched = {part.name for part in piece.parts.values() if part.decal is not None and part.decal.footprint.any()}
    if not {base_name(name) for name in touched} & {name for name, rays in _seen(subject).items() if rays}:
        return None
    return Damage(
        kind="wrong_engraving",
        severity=severity,
        size_mm=max(marked),
        piece=piece,
        touched=frozenset(touched),
        rule=Rule.FOOTPRINT,
    )


def value_of(design: Design, field: str) -> Any:
    """A number or name of the design's shape by its field; None where the family has no such field."""
    return getattr(design.shape, field, None)


def misspelt(text: str, severity: float, rng: Generator) -> str:
    """A text of the same length with one letter wrong when mild, up to all of them when gross."""
    letters = [place for place, letter in enumerate(text) if letter in _ALIKE]
    if not letters:
        return text
    count = max(1, round(severity * len(letters)))
    wrong = list(text)
    for place in rng.permutation(letters)[:count]:
        wrong[place] = _ALIKE[wrong[place]]
    return "".join(wrong)


def differing(good: Decal, wrong: Decal) -> Mask:
    """The letters of either engraving that are not in both, (CHART, CHART) bool in the wrong one's chart."""
    before, after = _moved_strokes(good, wrong), _strokes(wrong)
    count, letter = cv2.connectedComponents((before | after).astype(np.uint8), connectivity=8)
    texels = np.bincount(letter.ravel(), minlength=count)
    unlike = np.bincount(letter.ravel(), weights=(before ^ after).ravel(), minlength=count)
    other = unlike > _OTHER_SHARE * texels
    other[0] = False
    kernel = np.ones((2 * _EDGE_TEXELS + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(other[letter].astype(np.uint8), kernel) > 0)


def _exchanged(
    kind: str, group: str, subject: Subject, severity: float, changes: Iterable[Mapping[str, Any]]
) -> Damage | None:
    """The subject with the first of the changes that can be made; what else moved with it stays undefective."""
    built = next((piece for piece in (_built(subject.design, change) for change in changes) if piece is not None), None)
    if built is None:
        return None
    good = subject.design.build()
    changed = {name for name in {*good.parts, *built.parts} if not _same(good.parts.get(name), built.parts.get(name))}
    touched = {name for name in changed if _any(good, built, name).group == group}
    if not sum(_seen(subject).get(base_name(name), 0) for name in touched):
        return None
    bases = {base_name(name) for name in changed}
    kept = {name: part for name, part in subject.piece.parts.items() if base_name(name) not in bases}
    taken = {name: part for name, part in built.parts.items() if base_name(name) in bases}
    return Damage(
        kind=kind,
        severity=severity,
        size_mm=max(float(np.ptp(_any(built, good, name).mesh.vertices, axis=0).max()) for name in touched),
        piece=replace(subject.piece, parts=kept | taken),
        touched=frozenset(touched),
        rule=Rule.PRESENT,
    )


def _built(design: Design, change: Mapping[str, Any]) -> Piece | None:
    """The design with some values changed; None where they cannot be made together."""
    remake: Callable[..., Any] = replace
    try:
        return replace(design, shape=remake(design.shape, **change)).build()
    except InputError:
        return None


def _resized(design: Design, factor: float) -> dict[str, Any]:
    """Links and wire of another size."""
    return {name: value * factor for name in ("link_mm", "wire_mm") if (value := value_of(design, name)) is not None}


def _of_kind(design: Design, kind: str) -> dict[str, Any]:
    """A chain of another kind, with the wire that is usual for it."""
    change: dict[str, Any] = {"chain": kind}
    if value_of(design, "wire_mm") is not None and value_of(design, "link_mm") is not None:
        change["wire_mm"] = value_of(design, "link_mm") * CHAINS[kind].wire
    return change


def _same(one: Part | None, other: Part | None) -> bool:
    if one is None or other is None or one.mesh.vertices.shape != other.mesh.vertices.shape:
        return False
    return bool(np.array_equal(one.mesh.vertices, other.mesh.vertices))


def _any(first: Piece, second: Piece, name: str) -> Part:
    return first.parts[name] if name in first.parts else second.parts[name]


def _seen(subject: Subject) -> dict[str, int]:
    return rays_by_part(subject.sight)


def _decals(piece: Piece) -> dict[str, Decal]:
    return {part.decal.name: part.decal for part in piece.parts.values() if part.decal is not None}


def _engraved(piece: Piece, good: Decal, wrong: Decal) -> Piece:
    """The piece with one decal in the place of another."""
    carriers = [part for part in piece.parts.values() if part.decal is not None and part.decal.name == good.name]
    if _same_place(good, wrong):
        return replace(piece, parts=dict(piece.parts) | {part.name: replace(part, decal=wrong) for part in carriers})
    for part in carriers:
        base = base_name(part.name)
        halves = [part.mesh, *([piece.parts[base].mesh] if base in piece.parts else [])]
        piece = piece.without(part.name).with_part(replace(part, name=base, mesh=joined(halves), decal=None))
    return laid(piece, wrong, only=tuple(base_name(part.name) for part in carriers))


def _same_place(one: Decal, other: Decal) -> bool:
    return all(
        np.allclose(getattr(one, field), getattr(other, field), atol=1e-9)
        for field in ("centre", "normal", "across", "size_mm")
    )


def _same_strokes(one: Decal, other: Decal) -> bool:
    return _same_place(one, other) and np.array_equal(_strokes(one), _strokes(other))


def _strokes(decal: Decal) -> Mask:
    strokes = decal.weight > _STROKE
    if decal.height is not None and decal.height.any():
        strokes = strokes | (np.abs(decal.height) > _STROKE * np.abs(decal.height).max())
    return np.asarray(strokes)


def _moved_strokes(decal: Decal, onto: Decal) -> Mask:
    """A decal's strokes in another one's chart."""
    x, y = chart(onto.size_mm)
    point = onto.centre + x[..., None] * onto.across + y[..., None] * np.cross(onto.normal, onto.across)
    offset, beside = point - decal.centre, np.cross(decal.normal, decal.across)
    texels = decal.weight.shape[0]
    at = np.stack([offset @ beside, offset @ decal.across]) / decal.size_mm + 0.5
    row, column = np.floor(at * texels).astype(int)
    inside = (row >= 0) & (row < texels) & (column >= 0) & (column < texels)
    return np.asarray(inside & _strokes(decal)[np.where(inside, row, 0), np.where(inside, column, 0)])


def _width(footprint: Mask) -> float:
    """Share of the chart's side that a footprint spans at most."""
    spans = [int(np.ptp(np.flatnonzero(footprint.any(axis=axis)))) for axis in (0, 1) if footprint.any()]
    return float(max(spans, default=0) / footprint.shape[0])
