from __future__ import annotations

from pathlib import Path

import pytest

from visiqc.errors import InputError
from visiqc.training.datasets.digests import files_digest, joint_digest


def files(root: Path) -> list[Path]:
    root.mkdir()
    for name in "ab":
        (root / name).write_text(name)
    return [root / "a", root / "b"]


def test_the_digest_is_that_of_the_content_wherever_it_lies_and_however_it_is_ordered(tmp_path: Path) -> None:
    here, there = files(tmp_path / "here"), files(tmp_path / "there")
    assert files_digest(tmp_path / "here", here) == files_digest(tmp_path / "there", [*reversed(there), there[0]])


def test_another_byte_or_another_name_is_another_digest(tmp_path: Path) -> None:
    root = tmp_path / "here"
    before = files_digest(root, files(root))
    (root / "b").rename(root / "c")
    renamed = files_digest(root, [root / "a", root / "c"])
    (root / "c").write_text("B")
    assert len({before, renamed, files_digest(root, [root / "a", root / "c"])}) == 3


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone cannot be read"):
        files_digest(tmp_path, [tmp_path / "gone"])


def test_several_sets_have_one_digest_in_any_order() -> None:
    assert joint_digest(["a", "b"]) == joint_digest(["b", "a"]) != joint_digest(["a", "c"])
    assert joint_digest(["a", "a"]) == "a"
