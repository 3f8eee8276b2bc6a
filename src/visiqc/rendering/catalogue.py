"""Designs drawn from the families, their near misses and their records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_origin, get_type_hints

from numpy.random import Generator

from visiqc.errors import BadRecipe
from visiqc.rendering.assortment import FAMILIES, Family, chosen, family_of
from visiqc.rendering.design import Design, Look
from visiqc.rendering.variants import variants

__all__ = ["FAMILIES", "Family", "design_digest", "draw_design", "from_dict", "to_dict", "variants"]


def draw_design(family: str, rng: Generator) -> Design:
    """A new design of a family, in a metal and gems that go with it.

    Raises:
        BadRecipe: There is no such family.
    """
    kept = family_of(family)
    shape = kept.shape.draw(rng)
    gem = chosen(kept.gems_for(shape), rng)
    look = Look(
        metal=chosen(kept.metals_for(gem), rng),
        finish=chosen(kept.finishes, rng) if not gem else "polished",
        gem=gem,
        side_gem=_side_gem(kept, gem, rng),
    )
    return Design(family=family, look=look, shape=shape)


def _side_gem(family: Family, gem: str, rng: Generator) -> str:
    """Small stones beside a main one: diamonds beside colour, any beside a diamond or pearl."""
    if family.gems and not gem:
        return ""
    drawn = chosen(family.side_gems, rng)
    return drawn if gem in ("", "diamond", "pearl") else "diamond"


def to_dict(design: Design) -> dict[str, Any]:
    """A design as plain JSON values."""
    return {"family": design.family, "look": asdict(design.look), "shape": _plain(asdict(design.shape))}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value.item() if hasattr(value, "item") else value


def from_dict(record: Mapping[str, Any]) -> Design:
    """The design that `to_dict` wrote down.

    Raises:
        BadRecipe: A family or a number that does not exist.
        InputError: Numbers that cannot be made.
    """
    shape = family_of(str(record["family"])).shape
    known = get_type_hints(shape)
    names = {each.name for each in fields(shape)}
    if unknown := sorted(set(record["shape"]) - names):
        raise BadRecipe(f"a {record['family']} has no {', '.join(unknown)}; known: {', '.join(sorted(names))}")
    given = {name: _typed(value, known[name]) for name, value in record["shape"].items()}
    return Design(family=record["family"], look=Look(**record["look"]), shape=shape(**given))


def _typed(value: Any, hint: Any) -> Any:
    return tuple(value) if get_origin(hint) is tuple else value


def design_digest(design: Design) -> str:
    """SHA-256 of a design's canonical JSON."""
    text = json.dumps(to_dict(design), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
