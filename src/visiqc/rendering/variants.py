"""Near misses of a design: the same product but for one attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.assortment import family_of
from visiqc.rendering.chains import KINDS
from visiqc.rendering.design import Design

_METALS = (
    ("gold18", "gold14", "gold9", "vermeil"),
    ("rose18", "rose14"),
    ("white_gold", "silver", "rhodium", "platinum"),
)
"""Metals that look alike."""
_COLOURS = (
    ("diamond",),
    ("ruby", "garnet"),
    ("sapphire",),
    ("emerald",),
    ("pink_sapphire",),
    ("yellow_sapphire", "citrine"),
    ("amethyst",),
    ("peridot",),
    ("aquamarine", "topaz"),
    ("opal",),
    ("pearl",),
)
"""Gems that look alike."""
_PRONGS: Mapping[str, Mapping[int, int]] = MappingProxyType(
    {"round": {4: 6, 6: 4, 3: 4}, "oval": {4: 6, 6: 4}, "pear": {3: 5, 5: 3}, "marquise": {4: 6, 6: 4}}
)
"""What the number of claws becomes, by cut."""
_TWINS = (*"OQ", *"MN", *"EF", *"UV", *"17", *"38", *"69", *"BP")
"""Letters that are taken for one another, two by two."""


def variants(design: Design, rng: Generator) -> dict[str, Design]:
    """Near misses of a design, by the one attribute that differs.

    Args:
        design: A design that can be made.
        rng: Of what the attribute becomes.

    Returns:
        For each of `stone_colour`, `metal`, `prong_count`, `stone_size` (±10 %), `band_width` (±10 %), `text` and
        `chain` that the design has and that can be changed, a design that can be made.
    """
    found = {name: next(_valid(changed(design, rng)), None) for name, changed in _CHANGES.items()}
    return {name: variant for name, variant in found.items() if variant is not None}


Changes = Iterator[tuple[Design, Mapping[str, Any]]]


def _valid(changes: Changes) -> Iterator[Design]:
    """Those of some changes to a shape's numbers that can be made."""
    for design, change in changes:
        try:
            yield replace(design, shape=replace(design.shape, **change))
        except InputError:
            continue


def _other_gem(design: Design, rng: Generator) -> Changes:
    """Another main stone, or other small ones in a family that has no main stone."""
    family = family_of(design.family)
    slot, gems = ("gem", family.gems_for(design.shape)) if family.gems else ("side_gem", family.side_gems)
    if others := sorted(set(gems) - set(_alike(getattr(design.look, slot), _COLOURS))):
        yield replace(design, look=replace(design.look, **{slot: str(rng.choice(others))})), {}


def _other_metal(design: Design, rng: Generator) -> Changes:
    if others := sorted(set(family_of(design.family).metals) - set(_alike(design.look.metal, _METALS))):
        yield replace(design, look=replace(design.look, metal=str(rng.choice(others)))), {}


def _alike(name: str, groups: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return next((group for group in groups if name in group), (name,))


def _other_prongs(design: Design, rng: Generator) -> Changes:
    del rng
    change = _PRONGS.get(getattr(design.shape, "cut", "round"), {})
    if count := change.get(getattr(design.shape, "prongs", 0), 0):
        yield design, {"prongs": count}


def _scaled(name: str) -> Callable[[Design, Generator], Changes]:
    def changed(design: Design, rng: Generator) -> Changes:
        size = getattr(design.shape, name, 0.0)
        factors = [1.1, 0.9] if rng.random() < 0.5 else [0.9, 1.1]
        return iter([(design, {name: size * factor}) for factor in factors] if size else [])

    return changed


def _other_text(design: Design, rng: Generator) -> Changes:
    text = str(getattr(design.shape, "text", ""))
    places = [at for at, letter in enumerate(text) if letter.isalnum()]
    if places:
        at = int(rng.choice(places))
        yield design, {"text": text[:at] + _mistaken(text[at], rng) + text[at + 1 :]}


def _mistaken(letter: str, rng: Generator) -> str:
    """Another letter or digit, one easily taken for it where there is one."""
    if letter.upper() in _TWINS:
        at = _TWINS.index(letter.upper())
        twin = str(_TWINS[at ^ 1])
        return twin if letter.isupper() or letter.isdigit() else twin.lower()
    alphabet = "0123456789" if letter.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    other = str(rng.choice([each for each in alphabet if each != letter.upper()]))
    return other if letter.isupper() or letter.isdigit() else other.lower()


def _other_chain(design: Design, rng: Generator) -> Changes:
    kind = getattr(design.shape, "chain", "")
    others = [name for name in KINDS if name != kind] if kind else []
    return iter([(design, {"chain": str(name)}) for name in rng.permutation(others)] if others else [])


_CHANGES: Mapping[str, Callable[[Design, Generator], Changes]] = MappingProxyType(
    {
        "stone_colour": _other_gem,
        "metal": _other_metal,
        "prong_count": _other_prongs,
        "stone_size": _scaled("stone_mm"),
        "band_width": _scaled("width"),
        "text": _other_text,
        "chain": _other_chain,
    }
)
