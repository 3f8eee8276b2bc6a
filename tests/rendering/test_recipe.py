from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from visiqc.errors import BadRecipe
from visiqc.recipes import as_yaml, digest_of, make_recipe, read_recipe
from visiqc.rendering.folder import shot_digest
from visiqc.rendering.plan import plan
from visiqc.rendering.recipe import RenderRecipe
from visiqc.rendering.shots import ShotRole

CONFIGS = Path(__file__).parents[2] / "configs"
RECIPES = sorted(CONFIGS.glob("render_*.yaml"))
SMALL: dict[str, Any] = {"name": "a", "split": "b", "seed": 1, "designs": 2}
SECONDS_512 = 5.0
"""Wall time of a photo of 512 px and 32 samples on two cores, measured; proportional to pixels."""


def recipe(name: str) -> RenderRecipe:
    return read_recipe(RenderRecipe, CONFIGS / f"render_{name}.yaml")


def photos(made: RenderRecipe) -> int:
    """Photos of a set, by arithmetic."""
    designs = made.designs or len(made.products)
    goldens = made.goldens * (designs - made.turntable_designs) + made.turntable_photos * made.turntable_designs
    views = designs * made.uploads * len(made.pose_levels)
    return goldens + views * (1 + made.defects_a_view)


def test_the_test_set_is_frozen() -> None:
    # Numbers measured on other test photos cannot be compared. Make a new recipe under a new name instead.
    assert recipe("test").digest == "d1e4ea14d047085a06597edfe2fe4bc03068f8ed71293822d9fc036df63e70cb"


@pytest.mark.slow
def test_the_test_set_is_frozen_to_the_last_design_and_defect() -> None:
    # A change of a family's draws, or of what is drawn when, makes other photos of the same recipe.
    shots = plan(recipe("test"))
    planned = digest_of([shot_digest(shot) for shot in shots])
    assert planned == "62ea37c7f0c67c3353f2f7eb71240fc082b87f323b1156df2614eccd7d3f0d7d"


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_prints_as_one_that_reads_back(path: Path, tmp_path: Path) -> None:
    made = read_recipe(RenderRecipe, path)
    (tmp_path / "printed.yaml").write_text(as_yaml(made))
    assert read_recipe(RenderRecipe, tmp_path / "printed.yaml") == made
    assert made.folder_name == f"{path.stem.removeprefix('render_').replace('_', '-')}-{made.digest[:8]}"


def test_the_sets_are_as_large_as_promised() -> None:
    assert recipe("train").designs >= 150
    assert photos(recipe("train")) >= 2000
    test = recipe("test")
    assert (test.designs, test.goldens, test.turntable_designs, test.turntable_photos) == (28, 6, 1, 12)
    assert (test.uploads, len(set(test.pose_levels)), test.side_px, test.samples) == (8, 3, 1024, 16)
    assert test.roles[ShotRole.GOOD] * 2 == sum(test.roles.values()) == test.uploads * 3
    samples = recipe("samples")
    assert len(samples.products) >= 8
    assert (samples.side_px, samples.samples, samples.goldens, samples.turntable_designs) == (640, 32, 3, 1)
    assert samples.roles == {"good": 4, "defective": 5, "variant": 1, "wrong_sample": 1, "unusable": 1}


@pytest.mark.parametrize("name", ["train_small", "test_small"])
def test_a_small_set_takes_an_hour_at_most(name: str) -> None:
    made = recipe(name)
    assert photos(made) * SECONDS_512 * (made.side_px / 512) ** 2 * made.samples / 32 <= 3600


def test_train_and_test_are_different_splits_and_small_sets_belong_to_theirs() -> None:
    assert {(made.split, made.seed) for made in map(recipe, ("train", "train_small"))} == {("train", 20250)}
    assert {(made.split, made.seed) for made in map(recipe, ("test", "test_small"))} == {("test", 20251)}


def test_any_change_changes_the_digest_and_the_folder() -> None:
    made = [
        make_recipe(RenderRecipe, SMALL),
        make_recipe(RenderRecipe, SMALL | {"samples": 40}),
        make_recipe(RenderRecipe, SMALL | {"seed": 2}),
    ]
    assert len({each.folder_name for each in made}) == 3
    assert make_recipe(RenderRecipe, SMALL).digest == made[0].digest


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "../up"}, r"name must be small letters.* got '\.\./up'"),
        ({"split": ""}, "split must be"),
        ({"designs": 0}, "designs must be more than 0, or products"),
        ({"products": {"ring": "halo"}}, "designs must be more than 0, or products, and not both"),
        ({"designs": 0, "products": {"a/b": "halo"}}, "products must be SKUs"),
        ({"side_px": 8}, r"side_px must be 16 to 4096, got 8"),
        ({"seed": -1}, "seed must be 0"),
        ({"samples": 33}, "samples must be a multiple of 8 or fewer than 8, got 33"),
        ({"roles": {"golden": 1}}, "roles must be roles of uploads"),
        ({"roles": {"good": 0}}, "roles must be a weight above 0"),
        ({"families": {"halo": -1}}, "families must be weights of at least 0"),
        ({"severity": (0, 1)}, "severity must be two numbers"),
        ({"pose_levels": ()}, "pose_levels must be at least one"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_with_what_is_wanted(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        make_recipe(RenderRecipe, SMALL | change)


def test_an_endless_weight_is_refused() -> None:
    with pytest.raises(BadRecipe, match="kind_weights must be weights of at least 0 and finite"):
        make_recipe(RenderRecipe, SMALL | {"kind_weights": {"scratch": float("inf")}})
