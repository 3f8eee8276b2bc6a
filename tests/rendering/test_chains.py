from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from visiqc.errors import InputError
from visiqc.rendering.chains import KINDS, ChainStyle, chain_parts, draped, jump_ring, reach, strand
from visiqc.rendering.clasps import BAILS, CLASPS, fastening
from visiqc.rendering.piece import LinkOrigin

LENGTH = 3.0


def style(kind: str) -> ChainStyle:
    return ChainStyle(kind=kind, link_mm=LENGTH, wire_mm=KINDS[kind].wire * LENGTH)


def lying(kind: str, seed: int = 1) -> list[LinkOrigin]:
    rng = np.random.default_rng(seed)
    return strand(draped([(0, 0), (12, 0), (25, 9), (45, 6)], rng), style(kind), rng)


def wire_of(link: LinkOrigin) -> np.ndarray:
    return link.path(240) @ link.place[:3, :3].T + link.place[:3, 3]


def linking_number(one: np.ndarray, other: np.ndarray) -> float:
    """Gauss's integral: how often two loops are linked."""
    steps = np.diff(one, axis=0)[:, None], np.diff(other, axis=0)[None]
    apart = ((one[1:] + one[:-1]) / 2)[:, None] - ((other[1:] + other[:-1]) / 2)[None]
    turn = (apart * np.cross(*steps)).sum(axis=2) / np.linalg.norm(apart, axis=2) ** 3
    return float(turn.sum() / (4 * np.pi))


@pytest.mark.parametrize("kind", KINDS)
def test_every_link_hangs_in_the_next(kind: str) -> None:
    wires = [wire_of(link) for link in lying(kind)]
    assert len(wires) > 4
    assert all(abs(linking_number(one, other)) == pytest.approx(1, abs=0.05) for one, other in pairwise(wires))


@pytest.mark.parametrize("kind", KINDS)
def test_links_do_not_run_through_one_another(kind: str) -> None:
    flat = KINDS[kind].flat  # measured before the chain is flattened, which thins wires and gaps alike
    wires = [wire_of(link) / (1, 1, flat) for link in lying(kind)]
    nearest = [np.linalg.norm(one[:, None] - other[None], axis=2).min() for one, other in pairwise(wires)]
    assert min(nearest) > 0.88 * style(kind).wire_mm


@pytest.mark.parametrize("kind", KINDS)
def test_every_link_lies_on_the_ground(kind: str) -> None:
    lowest = [link.mesh().bounds[0][2] for link in lying(kind)]
    assert np.abs(lowest).max() < 0.12 * LENGTH
    assert min(lowest) > -0.02


def test_no_two_links_lie_alike() -> None:
    turns = [link.place[:3, :3].round(3).tobytes() for link in lying("rolo")]
    assert len(set(turns)) == len(turns)


def test_the_same_seed_lays_the_chain_the_same_way() -> None:
    one, other = lying("curb", seed=4), lying("curb", seed=4)
    assert all(np.array_equal(a.place, b.place) for a, b in zip(one, other, strict=True))


def test_a_jump_ring_comes_first_and_the_chain_hangs_in_it() -> None:
    rng = np.random.default_rng(2)
    ring = jump_ring(1.4, 0.4)
    links = strand(draped([(0, 0), (20, 0)], rng), style("cable"), rng, first=(ring,), start_z=0.5)
    assert reach(links[0]) == pytest.approx(0.7)
    assert abs(linking_number(wire_of(links[0]), wire_of(links[1]))) == pytest.approx(1, abs=0.05)


def test_links_in_the_middle_are_parts_that_can_be_opened_and_the_rest_is_one_part() -> None:
    links = lying("cable")
    parts = {part.name: part for part in chain_parts(links, near=links[3].place[:3, 3], apart=4)}
    assert sorted(parts) == ["chain", "link1", "link2", "link3", "link4"]
    assert isinstance(parts["link1"].origin, LinkOrigin)
    assert parts["chain"].origin is None


def test_an_opened_link_has_a_gap() -> None:
    link = lying("cable")[0]
    closed = link.path()
    opened = LinkOrigin(radius=link.radius, wire=link.wire, stretch=link.stretch, place=link.place, gap_deg=30).path()
    assert np.linalg.norm(closed[0] - closed[-1]) == pytest.approx(0)
    assert np.linalg.norm(opened[0] - opened[-1]) > link.radius / 3


def test_wire_too_thick_for_its_links_is_refused_with_both_numbers() -> None:
    with pytest.raises(InputError, match=r"leave 0\.50 mm inside.*0\.80 mm thick"):
        ChainStyle(kind="cable", link_mm=3.0, wire_mm=0.8)


def test_an_unknown_chain_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"rope.*cable, paperclip, rolo, curb, figaro"):
        ChainStyle(kind="rope", link_mm=3.0, wire_mm=0.4)


@pytest.mark.parametrize("kind", CLASPS)
def test_a_clasp_lies_on_the_ground_between_its_two_chains(kind: str) -> None:
    clasp = fastening(kind, 10.0)
    low, high = clasp.body.bounds
    assert low[2] == pytest.approx(0, abs=0.12)
    assert low[0] < clasp.left[0] < clasp.right[0] < high[0]


def test_an_unknown_clasp_is_refused() -> None:
    with pytest.raises(InputError, match=r"magnet.*spring_ring, lobster, toggle"):
        fastening("magnet", 8.0)


@pytest.mark.parametrize("kind", BAILS)
def test_a_bail_lies_on_the_ground_and_its_passage_is_clear(kind: str) -> None:
    bail = BAILS[kind](6.0)
    assert bail.part.mesh.bounds[0][2] == pytest.approx(0, abs=0.05)
    away = np.linalg.norm(bail.part.mesh.vertices[:, 1:] - bail.passage[1:], axis=1)
    assert away.min() < bail.clear_mm < 2 * away.max()
