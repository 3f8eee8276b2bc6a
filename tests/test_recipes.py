from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visiqc.errors import BadRecipe
from visiqc.recipes import as_yaml, digest_of, make_recipe, read_recipe


@dataclass(frozen=True, kw_only=True)
class BakeRecipe:
    """Bake something."""

    flour: Path
    minutes: int = 30
    sizes: tuple[tuple[int, int], ...] = ((1, 2),)
    seed: int = 5


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "bake.yaml"
    path.write_text("flour: rye\nminutes: 40\n", encoding="utf-8")
    return path


def test_a_file_and_changes_make_a_recipe(recipe_file: Path) -> None:
    recipe = read_recipe(BakeRecipe, recipe_file, ["minutes=50", "sizes=[[3, 4], [5, 6]]"])
    assert recipe == BakeRecipe(flour=Path("rye"), minutes=50, sizes=((3, 4), (5, 6)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("minuts=3", r"no key 'minuts'; its keys are flour, minutes, sizes, seed"),
        ("minutes=long", r"minutes: .*integer.*got 'long'"),
        ("minutes", r"--set wants key=value, got 'minutes'"),
        ("minutes=[", r"--set minutes: the value is not YAML, got '\["),
    ],
)
def test_a_wrong_change_is_refused_by_name(recipe_file: Path, change: str, said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        read_recipe(BakeRecipe, recipe_file, [change])


@pytest.mark.parametrize(("text", "said"), [("a: [", "is not YAML"), ("- a", "must be a mapping"), ("", "flour")])
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadRecipe, match=said):
        read_recipe(BakeRecipe, tmp_path / "bad.yaml")


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match=r"^recipe gone\.yaml cannot be read"):
        read_recipe(BakeRecipe, tmp_path / "gone.yaml")


@given(minutes=st.integers(-(10**9), 10**9), name=st.text("abc/. äé:#'\"", min_size=1, max_size=12))
def test_what_is_printed_reads_back_to_the_same_recipe(minutes: int, name: str) -> None:
    import yaml

    recipe = BakeRecipe(flour=Path(name), minutes=minutes)
    assert make_recipe(BakeRecipe, yaml.safe_load(as_yaml(recipe))) == recipe


def test_a_digest_is_of_what_is_said_and_not_of_its_order() -> None:
    assert digest_of({"a": 1, "b": [2.5, None]}) == digest_of({"b": [2.5, None], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
    assert digest_of([0.1 + 0.2]) == digest_of([0.3]) != digest_of([0.3000001])
    assert digest_of({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of the bytes {}
