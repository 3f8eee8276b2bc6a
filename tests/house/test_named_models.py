"""Models that recipes and documentation name are in `models/`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TASK_OF = {"trunk": "trunk", "identity": "identity", "defect": "defect", "mask": "mask", "fleet": "fleet"} | {
    "start_from": "defect"
}
"""Task by the key that names a version of it."""
VERSION = re.compile(r"\blite\d-\d(?:-\w+)?")


def leaves(values: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a recipe with the key it stands under."""
    if isinstance(values, dict):
        for name, each in values.items():
            yield from leaves(each, name)
    elif isinstance(values, list):
        for each in values:
            yield from leaves(each, key)
    elif isinstance(values, str):
        yield key, values


def missing(values: Any) -> list[str]:
    """What a recipe names that is not there."""
    found = []
    for key, text in leaves(values):
        if text.startswith("models/") and not (ROOT / text / "card.yaml").is_file():
            found.append(text)
        if key in TASK_OF and text not in {"", "none"} and not (ROOT / "models" / TASK_OF[key] / text).is_dir():
            found.append(f"{key}: {text}")
    return found


@pytest.mark.parametrize("recipe", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_model_a_recipe_names_is_there(recipe: Path) -> None:
    assert missing(yaml.safe_load(recipe.read_text())) == []


def test_a_model_that_is_not_there_is_found_by_path_and_by_version() -> None:
    named = {"model": "models/defect/lite0-1", "start_from": "lite0-1", "models": {"mask": "none", "trunk": "lite0-1"}}
    assert missing(named) == ["models/defect/lite0-1", "start_from: lite0-1"]


@pytest.mark.parametrize(
    "text",
    sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("configs/*.yaml")]),
    ids=lambda path: path.name,
)
def test_every_version_that_documentation_and_recipes_mention_is_there(text: Path) -> None:
    there = {folder.name for folder in ROOT.glob("models/*/*")}
    assert set(VERSION.findall(text.read_text())) <= there
