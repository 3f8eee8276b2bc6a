"""A digest of the code that scores, so that kept answers of other code are not taken for those of this one."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

import visiqc

PACKAGES = ("domain", "inspection", "runtime", "vision")
"""Those whose code decides what a photo is answered."""


@cache
def scoring_code_digest() -> str:
    """SHA-256 of what `PACKAGES` do; comments, docstrings and layout are not in it."""
    root = Path(visiqc.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(meaning_of(path.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


def meaning_of(source: str) -> str:
    """A module's syntax tree as text, without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)]  # type: ignore[attr-defined]  # it has one: just read
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    """Whether it is a string that stands alone, as docstrings do."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
