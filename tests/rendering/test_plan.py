from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import islice
from typing import Any

import pytest

from visiqc.errors import BadRecipe
from visiqc.recipes import make_recipe
from visiqc.rendering import catalogue
from visiqc.rendering.defects.catalogue import KINDS
from visiqc.rendering.folder import shot_digest
from visiqc.rendering.lights import LIGHTS
from visiqc.rendering.plan import _possible as possible_of
from visiqc.rendering.plan import dealt, plan
from visiqc.rendering.recipe import RenderRecipe
from visiqc.rendering.shots import PoseLevel, Shot, ShotRole
from visiqc.rendering.spoiling import FAULTS

ROLES = {"good": 12, "defective": 9, "variant": 1, "wrong_sample": 1, "unusable": 1}


QUICK = {"stud_earrings": 1, "chain": 1}
"""Families that are built in no time."""


def a_recipe(**changes: Any) -> RenderRecipe:
    values = {
        "families": QUICK,
        "name": "a",
        "split": "test",
        "seed": 7,
        "designs": 17,
        "goldens": 6,
        "uploads": 8,
        "roles": ROLES,
    }
    return make_recipe(RenderRecipe, values | changes)


@pytest.fixture(scope="module")
def shots() -> tuple[Shot, ...]:
    return plan(a_recipe(turntable_designs=1))


def of(shots: tuple[Shot, ...], role: ShotRole) -> list[Shot]:
    return [shot for shot in shots if shot.role is role]


def test_the_same_recipe_gives_the_same_plan(shots: tuple[Shot, ...]) -> None:
    assert plan(a_recipe(turntable_designs=1)) == shots
    assert plan(a_recipe(turntable_designs=1, seed=8)) != shots


def test_another_process_makes_the_same_plan(shots: tuple[Shot, ...]) -> None:
    code = """
from test_plan import a_recipe
from visiqc.rendering.folder import shot_digest
from visiqc.rendering.plan import plan
print(*map(shot_digest, plan(a_recipe(designs=4, turntable_designs=1))))
"""
    env = {"PYTHONHASHSEED": "5", "PYTHONPATH": f"{__file__.rpartition('/')[0]}"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert ran.stdout.split() == [shot_digest(shot) for shot in shots[: len(ran.stdout.split())]]


def test_names_and_seeds_are_of_one_shot_each(shots: tuple[Shot, ...]) -> None:
    assert len({(shot.sku, shot.name) for shot in shots}) == len(shots)
    assert len({shot.seed for shot in shots}) == len(shots)
    assert shots[0].sku.startswith("test-000-")
    assert shots[0].name == "golden/1"


def test_half_of_the_uploads_are_good_in_every_product_and_pose(shots: tuple[Shot, ...]) -> None:
    uploads = Counter((shot.sku, shot.pose, shot.role is ShotRole.GOOD) for shot in shots if shot.role != "golden")
    assert set(uploads.values()) == {4}
    assert len(uploads) == 17 * 3 * 2


def test_roles_come_out_as_weighed_in_every_product_and_meet_every_pose(shots: tuple[Shot, ...]) -> None:
    roles = Counter((shot.sku, shot.role) for shot in shots if shot.role != "golden")
    assert all(count == ROLES[role] for (_, role), count in roles.items())
    assert {shot.pose for shot in of(shots, ShotRole.VARIANT)} == set(PoseLevel)


def test_goldens_are_jig_first_then_guided_and_jig_each_in_another_light() -> None:
    goldens = of(plan(a_recipe(designs=1, goldens=4)), ShotRole.GOLDEN)
    assert [shot.pose for shot in goldens] == ["jig", "guided", "jig", "guided"]
    assert len({shot.light for shot in goldens}) == 4 <= len(LIGHTS)
    assert {shot.turn_deg for shot in goldens} == {0.0}


def test_a_turntable_set_goes_around_in_the_jig_and_its_uploads_stop_where_it_did(shots: tuple[Shot, ...]) -> None:
    around = [shot for shot in shots if shot.sku == shots[0].sku]
    goldens = [shot for shot in around if shot.role is ShotRole.GOLDEN]
    assert [shot.turn_deg for shot in goldens] == [30.0 * stop for stop in range(12)]
    assert {shot.pose for shot in goldens} == {PoseLevel.JIG}
    turns = {shot.turn_deg for shot in around if shot.role is not ShotRole.GOLDEN}
    assert turns <= {shot.turn_deg for shot in goldens}
    assert len(turns) > 4


def test_families_come_round_in_turn_and_by_weight() -> None:
    alike = dict.fromkeys(catalogue.FAMILIES, 1)
    equal = Counter(shot.design.family for shot in plan(a_recipe(uploads=0, goldens=1, families=alike)))
    assert set(equal) == set(alike)
    assert max(equal.values()) - min(equal.values()) <= 1
    first, second = islice(catalogue.FAMILIES, 2)
    weighed = plan(a_recipe(uploads=0, designs=12, goldens=1, families={first: 3, second: 1}))
    assert Counter(shot.design.family for shot in weighed) == {first: 9, second: 3}


def test_splits_share_no_design_not_even_in_variants_and_strangers() -> None:
    roles = {"good": 1, "variant": 1, "wrong_sample": 1}
    train, test = (plan(a_recipe(split=split, designs=40, roles=roles, families={})) for split in ("train", "test"))
    assert {shot.sku for shot in train}.isdisjoint(shot.sku for shot in test)
    assert {repr(shot.design) for shot in train}.isdisjoint(repr(shot.design) for shot in test)
    assert {shot.seed for shot in train}.isdisjoint(shot.seed for shot in test)


def test_a_smaller_set_is_the_beginning_of_a_larger_one() -> None:
    small, large = plan(a_recipe(designs=3)), plan(a_recipe(designs=5))
    assert large[: len(small)] == small


def test_a_set_can_go_on_where_another_ended() -> None:
    rest = plan(a_recipe(designs=2, first_design=3, uploads=0))
    assert {shot.sku for shot in rest} == {shot.sku for shot in plan(a_recipe(designs=5, uploads=0))[-12:]}
    assert rest == plan(a_recipe(designs=5, uploads=0))[-12:]


def test_defects_are_possible_ones_and_not_twice_on_a_product_before_all_were_there(shots: tuple[Shot, ...]) -> None:
    for sku in {shot.sku for shot in shots}:
        kinds = Counter(shot.defect for shot in of(shots, ShotRole.DEFECTIVE) if shot.sku == sku)
        design = next(shot.design for shot in shots if shot.sku == sku)
        assert set(kinds) <= set(possible_of(design))
        assert max(kinds.values()) <= -(-9 // len(possible_of(design)))


def test_every_defect_that_can_happen_gets_its_share() -> None:
    shots = plan(a_recipe(designs=30))
    count = Counter(shot.defect for shot in of(shots, ShotRole.DEFECTIVE))
    able = {kind for shot in of(shots, ShotRole.GOLDEN) for kind in possible_of(shot.design)}
    assert set(count) == able
    assert min(count.values()) >= 0.25 * count.total() / len(able)


def test_a_defect_of_weight_0_is_left_out_and_none_left_is_refused(shots: tuple[Shot, ...]) -> None:
    kinds = set(KINDS)
    left = plan(a_recipe(designs=3, kind_weights={"scratch": 0}))
    assert "scratch" not in {shot.defect for shot in left}
    with pytest.raises(BadRecipe, match=r"no defect that kind_weights leaves can happen to test-000"):
        plan(a_recipe(designs=3, kind_weights=dict.fromkeys(kinds, 0)))


def test_severity_runs_from_barely_visible_to_gross(shots: tuple[Shot, ...]) -> None:
    drawn = [shot.severity for shot in of(shots, ShotRole.DEFECTIVE)]
    assert min(drawn) < 0.05
    assert max(drawn) > 0.85
    assert {shot.severity for shot in shots if shot.role is not ShotRole.DEFECTIVE} == {0.0}


def test_variants_differ_in_the_attribute_they_name_and_strangers_come_from_near_and_far(
    shots: tuple[Shot, ...],
) -> None:
    product = {shot.sku: shot.design for shot in of(shots, ShotRole.GOLDEN)}
    for shot in of(shots, ShotRole.VARIANT):
        assert shot.attribute
        assert shot.design != product[shot.sku]
        assert shot.design.family == product[shot.sku].family
    strangers = of(shots, ShotRole.WRONG_SAMPLE)
    near = [shot.design.family == product[shot.sku].family for shot in strangers]
    assert near.count(True) == 9
    assert all(shot.design != product[shot.sku] for shot in strangers)


def test_unusable_photos_show_the_product_and_all_faults_come(shots: tuple[Shot, ...]) -> None:
    product = {shot.sku: shot.design for shot in of(shots, ShotRole.GOLDEN)}
    unusable = of(shots, ShotRole.UNUSABLE)
    assert {shot.attribute for shot in unusable} == set(FAULTS)
    assert all(shot.design == product[shot.sku] for shot in unusable)


def test_the_card_lies_in_as_many_photos_as_asked(shots: tuple[Shot, ...]) -> None:
    share = sum(shot.card for shot in plan(a_recipe(designs=30, card_share=0.25))) / (30 * 30)
    assert share == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"families": {"tiara": 1}}, "there is no family 'tiara'; known: .*chain"),
        ({"designs": 0, "products": {"my-tiara": "tiara"}}, "there is no family 'tiara'"),
        ({"kind_weights": {"scracth": 2}}, "there is no defect 'scracth'; known: .*scratch"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        plan(a_recipe(**change))


def test_named_products_keep_their_names_and_families() -> None:
    named = plan(a_recipe(designs=0, products={"luna": "chain", "nova": "chain"}, uploads=0))
    assert {(shot.sku, shot.design.family) for shot in named} == {("luna", "chain"), ("nova", "chain")}


def test_dealing_keeps_to_the_weights_at_every_moment() -> None:
    given = list(islice(dealt({"a": 4, "b": 5, "c": 1, "never": 0}), 100))
    for count in range(1, 101):
        assert abs(given[:count].count("a") - 0.4 * count) <= 1
    assert Counter(given) == {"a": 40, "b": 50, "c": 10}


def test_each_good_view_is_taken_again_with_defects_of_its_own() -> None:
    shots = plan(a_recipe(designs=2, roles={"good": 1}, uploads=1, defects_a_view=3))
    uploads = [shot for shot in shots if shot.role is not ShotRole.GOLDEN]
    views = of(tuple(uploads), ShotRole.GOOD)
    assert len(views) == 2 * 3
    assert all(view.view_seed == view.seed for view in views)
    for view in views:
        damaged = [shot for shot in uploads if shot.view_seed == view.seed and shot is not view]
        assert [(shot.role, shot.pose, shot.card) for shot in damaged] == [
            (ShotRole.DEFECTIVE, view.pose, view.card)
        ] * 3
        assert len({shot.seed for shot in damaged} | {view.seed}) == 4
        assert all(shot.defect in KINDS and shot.name.startswith(view.name) for shot in damaged)


def test_other_recipes_plan_what_they_always_planned() -> None:
    assert all(shot.view_seed is None for shot in plan(a_recipe(designs=2)))
