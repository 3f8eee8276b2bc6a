"""Folders hold what they are for, and nothing in the tree belongs to one machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "tests", "models", "data", "training", "serving", "configs", "docs", "benchmarks", ".ci")
MIB = 1024 * 1024
# Written in pieces, so that this file is not a find of its own.
FOREIGN = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|Us" + r"ers)/\w"),
    "a package registry": re.compile(r"https?://[a-z.]*(?:py" + r"pi|np" + r"mjs|deb" + r"ian|pythonho" + r"sted)"),
    "a package index": re.compile(r"(?:--|extra-)in" + r"dex-url"),
}


def files() -> Iterator[Path]:
    """Every file of the project; caches and built things are not among them."""
    yield from (entry for entry in ROOT.iterdir() if entry.is_file() and entry.name != ".coverage")
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            built = {"__pycache__", ".pytest_cache"} & set(path.parts) or ".egg-info" in str(path)
            if path.is_file() and not built:
                yield path


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize(
    "script", sorted([*ROOT.glob("training/*.py"), *ROOT.glob("serving/*.py")]), ids=lambda script: script.name
)
def test_a_script_is_a_door_and_not_a_room(script: Path) -> None:
    text = script.read_text()
    assert len(text.splitlines()) <= 20
    assert not re.search(r"^\s*(for|while|class) ", text, re.MULTILINE)


def test_code_never_lives_with_data_models_or_recipes() -> None:
    assert [path for folder in ("data", "models", "configs") for path in (ROOT / folder).rglob("*.py")] == []


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_in_the_tree_names(what: str) -> None:
    finds = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in files()
        if (match := FOREIGN[what].search(text_of(path)))
    ]
    assert finds == []


def test_no_file_is_too_large() -> None:
    sizes = {str(path.relative_to(ROOT)): path.stat().st_size for path in files()}
    assert {name: size for name, size in sizes.items() if size > 12 * MIB} == {}
    assert sum(sizes.values()) <= 80 * MIB


def test_the_models_stay_small() -> None:
    assert sum(path.stat().st_size for path in (ROOT / "models").rglob("*") if path.is_file()) <= 25 * MIB


def test_nothing_in_the_source_is_left_unfinished() -> None:
    unfinished = re.compile(r"raise NotImpl|\bTO" + r"DO\b|\bFIX" + r"ME\b|\bXXX\b")
    assert [str(path) for path in (ROOT / "src").rglob("*.py") if unfinished.search(path.read_text())] == []
