"""From a recipe to every photo of the set, before the first is taken."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng

from visiqc.errors import BadRecipe
from visiqc.rendering import catalogue
from visiqc.rendering.defects import catalogue as defects
from visiqc.rendering.design import Design
from visiqc.rendering.lights import OTHER_LIGHTS, STUDIO_LIGHTS
from visiqc.rendering.recipe import RenderRecipe
from visiqc.rendering.shots import PoseLevel, Shot, ShotRole
from visiqc.rendering.spoiling import FAULTS

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and how many there are."""


def plan(recipe: RenderRecipe, *, progress: Progress | None = None) -> tuple[Shot, ...]:
    """Every photo of the set, product by product, goldens first.

    Each design, and each photo, has random numbers of its own, from the recipe's seed, its SKU and its name: changing
    one product's photos leaves the others as they are. What is dealt out evenly (families, roles, defects, and so on)
    depends on the products before, never on those after, so a smaller set of one recipe is the beginning of a larger.

    Args:
        recipe: Of the set.
        progress: Told of each product; building it to see which defects it can have takes a moment.

    Raises:
        BadRecipe: A family or a defect that does not exist.
    """
    _refuse_unknown("family", recipe.families, catalogue.FAMILIES)
    _refuse_unknown("family", recipe.products.values(), catalogue.FAMILIES)
    _refuse_unknown("defect", recipe.kind_weights, defects.KINDS)
    dealers = _Dealers(recipe)
    shots: list[Shot] = []
    tell = progress or (lambda *_: None)
    total = len(recipe.products) or recipe.designs
    for number, (sku, family) in enumerate(_products(recipe)):
        tell(sku, number, total)
        design = catalogue.draw_design(family, default_rng(_sequence(recipe.seed, sku, "design")))
        product = _Product(recipe, sku, design, turntable=number < recipe.turntable_designs)
        shots += [*_goldens(product), *_uploads(product, dealers)]
    tell("done", total, total)
    return tuple(shots)


def dealt(weights: Mapping[T, float]) -> Iterator[T]:
    """Keys without end, each as often as its weight asks as exactly as can be at any moment (Sainte-Laguë's method)."""
    count = dict.fromkeys((key for key, weight in weights.items() if weight > 0), 0)
    while count:
        key = max(count, key=lambda each: weights[each] / (2 * count[each] + 1))
        count[key] += 1
        yield key


@dataclass(frozen=True, slots=True)
class _Product:
    recipe: RenderRecipe
    sku: str
    design: Design
    turntable: bool

    def shot(self, name: str, role: ShotRole, pose: PoseLevel) -> Shot:
        """A photo of this product as the recipe wants it, in all that its role does not change."""
        card = self.numbers(f"{name} card").random() < self.recipe.card_share
        return Shot(
            sku=self.sku,
            name=name,
            role=role,
            design=self.design,
            pose=pose,
            seed=int(_sequence(self.recipe.seed, self.sku, name).generate_state(1, np.uint64)[0] >> 11),
            side_px=self.recipe.side_px,
            samples=self.recipe.samples,
            card=card,
            card_framed=card and self.recipe.card_framed and role is not ShotRole.UNUSABLE,
        )

    def numbers(self, name: str) -> Generator:
        """The random numbers of one thing of this product."""
        return default_rng(_sequence(self.recipe.seed, self.sku, name))

    @property
    def stops(self) -> int:
        return self.recipe.turntable_photos if self.turntable else 1


class _Shares:
    """Draws of names in which no name is left behind: the oftener one came, the less likely it is next."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._count: Counter[str] = Counter()

    def weight(self, name: str) -> float:
        """Of a name; 1 where none was given."""
        return self._weights.get(name, 1.0)

    def draw(self, among: Iterable[str], rng: Generator) -> str:
        """One of `among`, some of which have a weight above 0."""
        names = list(among)
        chance = np.array([self.weight(each) / (1 + self._count[each]) ** 2 for each in names])
        name = names[int(rng.choice(len(names), p=chance / chance.sum()))]
        self._count[name] += 1
        return name


class _Dealers:
    """What is shared out evenly over the whole set."""

    def __init__(self, recipe: RenderRecipe) -> None:
        good = recipe.roles.get(ShotRole.GOOD, 0)
        others = {role: weight for role, weight in recipe.roles.items() if role != ShotRole.GOOD}
        self.is_good = dealt({True: good, False: sum(others.values())})
        self.other_role = dealt(others)
        self.is_far = dealt({False: 1.0, True: 1.0})
        self.kinds = _Shares({name: kind.weight for name, kind in defects.KINDS.items()} | dict(recipe.kind_weights))
        self.attributes = _Shares({})
        self.faults = _Shares({})
        self._severity = recipe.severity

    def severity(self, rng: Generator) -> float:
        """How bad a defect is, to four places."""
        return round(float(rng.beta(*self._severity)), 4)


def _products(recipe: RenderRecipe) -> Iterator[tuple[str, str]]:
    """SKU and family of each product."""
    if recipe.products:
        yield from recipe.products.items()
        return
    last = recipe.first_design + recipe.designs
    families = dealt(recipe.families or {name: family.weight for name, family in catalogue.FAMILIES.items()})
    for number, family in zip(range(last), families, strict=False):
        if number >= recipe.first_design:
            yield f"{recipe.split}-{number:03d}-{family.replace('_', '-')}", family


def _goldens(product: _Product) -> Iterator[Shot]:
    rng = product.numbers("golden lights")
    lights = [str(each) for kinds in (STUDIO_LIGHTS, OTHER_LIGHTS) for each in rng.permutation(kinds)]
    count = product.stops if product.turntable else product.recipe.goldens
    for number in range(count):
        guided = number % 2 and not product.turntable
        shot = product.shot(f"golden/{number + 1}", ShotRole.GOLDEN, PoseLevel.GUIDED if guided else PoseLevel.JIG)
        turn = 360.0 * number / product.stops if product.turntable else 0.0
        yield replace(shot, light=lights[number % len(lights)], turn_deg=turn)


def _uploads(product: _Product, dealers: _Dealers) -> Iterator[Shot]:
    poses = [pose for pose in product.recipe.pose_levels for _ in range(product.recipe.uploads)]
    good = list(islice(dealers.is_good, len(poses)))
    others = list(islice(dealers.other_role, good.count(False)))
    kinds = _kinds(product, dealers)
    # Shuffled, or a role that comes once a product would always meet the same pose.
    order = iter(product.numbers("roles").permutation(len(others)))
    for number, (pose, is_good) in enumerate(zip(poses, good, strict=True), start=1):
        role = ShotRole.GOOD if is_good else others[next(order)]
        name = f"uploads/{pose}-{role.replace('_', '-')}-{number}"
        rng = product.numbers(f"{name} plan")
        turn = 360.0 * int(rng.integers(product.stops)) / product.stops
        shot = _filled(replace(product.shot(name, role, pose), turn_deg=turn), dealers, kinds, rng)
        if is_good and product.recipe.defects_a_view:
            yield replace(shot, view_seed=shot.seed)
            yield from _damaged_views(product, shot, dealers, kinds)
        else:
            yield shot


def _damaged_views(product: _Product, good: Shot, dealers: _Dealers, kinds: Iterator[str]) -> Iterator[Shot]:
    """A good photo's view again, each time with a defect."""
    for number in range(1, product.recipe.defects_a_view + 1):
        name = f"{good.name}-defective-{number}"
        seed = product.shot(name, ShotRole.DEFECTIVE, good.pose).seed
        shot = replace(good, name=name, role=ShotRole.DEFECTIVE, seed=seed, view_seed=good.seed)
        yield _filled(shot, dealers, kinds, product.numbers(f"{name} plan"))


def _filled(shot: Shot, dealers: _Dealers, kinds: Iterator[str], rng: Generator) -> Shot:
    """The shot with what its role is about: a defect, a variant, a stranger, what spoils it."""
    match shot.role:
        case ShotRole.DEFECTIVE:
            return replace(shot, defect=next(kinds), severity=dealers.severity(rng))
        case ShotRole.VARIANT:
            variants = dict(catalogue.variants(shot.design, rng))
            attribute = dealers.attributes.draw(variants, rng)
            return replace(shot, attribute=attribute, design=variants[attribute], product=shot.design)
        case ShotRole.WRONG_SAMPLE:
            return replace(shot, design=_stranger(shot.design, dealers, rng))
        case ShotRole.UNUSABLE:
            return replace(shot, attribute=dealers.faults.draw(FAULTS, rng))
        case _:
            return shot


def _kinds(product: _Product, dealers: _Dealers) -> Iterator[str]:
    """Defects that can happen to the product, without end, none again before all were there."""
    rng = product.numbers("defects")
    possible = [kind for kind in _possible(product.design) if dealers.kinds.weight(kind) > 0]
    if not possible:
        raise BadRecipe(f"no defect that kind_weights leaves can happen to {product.sku}; allow more")
    left: list[str] = []
    while True:
        left = left or list(possible)
        kind = dealers.kinds.draw(left, rng)
        left.remove(kind)
        yield kind


@functools.lru_cache(maxsize=4096)
def _possible(design: Design) -> tuple[str, ...]:
    """Defects that can happen to a design, in order; it has to be built to know, which takes a moment."""
    return tuple(sorted(defects.possible(design)))


def _stranger(design: Design, dealers: _Dealers, rng: Generator) -> Design:
    """Another design: of the same family one time, of another the next."""
    is_far = next(dealers.is_far)
    others = sorted(set(catalogue.FAMILIES) - {design.family})
    family = str(rng.choice(others)) if is_far else design.family
    return catalogue.draw_design(family, rng)


def _sequence(seed: int, sku: str, name: str) -> SeedSequence:
    """What all random numbers of one thing come from; `hash()` would differ from run to run."""
    return SeedSequence([seed, int.from_bytes(hashlib.sha256(f"{sku}\n{name}".encode()).digest())])


def _refuse_unknown(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in (choice := list(known)):
            raise BadRecipe(f"there is no {what} {name!r}; known: {', '.join(choice)}")
